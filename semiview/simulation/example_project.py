"""The example project: a small chip, twelve simulated fields of it, and what they really show.

python -m semiview.simulation.example_project FOLDER
"""

import csv
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import shapely
import tifffile

from semiview.core.design import Tone
from semiview.core.outline import Points, signed_area
from semiview.core.registration import PARAMETERS, Registration, nominal_registration
from semiview.core.sem_image import PixelSize
from semiview.simulation.example_chip import CONTACT, METAL, PLACES_NM, chip_outlines_nm, example_chip
from semiview.simulation.example_truth import TrueGauge, in_picture, on_design, true_gauges, true_holes
from semiview.simulation.patterns import outlines_of
from semiview.simulation.recipe import Recipe
from semiview.simulation.sem import SimulatedField, margin_px, simulate, touching

Defects = list[dict[str, object]]

SHAPE = (512, 512)
SEED = 20260302
STAMP = datetime(2026, 3, 2)
LAYERS = {METAL: "target:10/0", CONTACT: "target:20/0"}
TONES: dict[tuple[int, int], Tone] = {METAL: "raised", CONTACT: "opening"}

PROJECT_TOML = """\
# The example project of SemiView: simulated fields of chip.gds, made by
#     python -m semiview.simulation.example_project FOLDER
# truth/ holds what they really show: truth.json, and as pictures how much of each pixel is standing material (0 to 255,
# its half contour is the printed edge).

[measure]
edge_algorithm = "threshold"
threshold_percent = 50.0
tolerance_nm = 10.0
"""

METAL_RECIPE = Recipe(nm_per_px=2.0, bias_nm=2.0, corner_radius_nm=16.0, dose=20.0)
CONTACT_RECIPE = Recipe(
    nm_per_px=2.0,
    bias_nm=-2.5,
    corner_radius_nm=29.0,
    roughness_sigma_nm=1.0,
    ground_yield=0.3,
    rim_height=0.6,
    shadow_depth=0.4,
    shadow_decay_nm=20.0,
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the example: where the stage was sent, where it went, how it was printed and taken."""

    case_id: str
    block: str
    pattern_type: str
    lot: str
    wafer: str
    shift_px: tuple[float, float]
    rotation_deg: float
    scale: tuple[float, float]
    recipe: Recipe
    shear: float = 0.0
    defect: Literal["", "missing", "bridge"] = ""

    @property
    def layer(self) -> tuple[int, int]:
        """(layer, datatype) of the block."""
        return CONTACT if self.block.startswith("CONTACT") else METAL

    @property
    def tone(self) -> Tone:
        """What is drawn on the block's layer."""
        return TONES[self.layer]

    def registration(self) -> Registration:
        """Where the design really lies in the picture."""
        size = self.recipe.nm_per_px
        nominal = nominal_registration(SHAPE, PixelSize(size, size, "case list"), PLACES_NM[self.block])
        return replace(
            nominal,
            shift_x_nm=self.shift_px[0] * size,
            shift_y_nm=self.shift_px[1] * size,
            rotation_deg=self.rotation_deg,
            scale_x=self.scale[0],
            scale_y=self.scale[1],
            shear=self.shear,
            transform="affine",
            method="truth",
        )


FIELDS = (
    Field("logic-01", "LOGIC_A", "logic", "A1", "W03", (23.4, -31.7), 0.35, (1.004, 0.999), METAL_RECIPE),
    Field(
        *("logic-02", "LOGIC_A", "logic", "A1", "W05", (-17.8, 12.3), -0.42, (1.006, 1.002)),
        replace(METAL_RECIPE, bias_nm=4.0, dose=30.0),
    ),
    Field(
        *("logic-03", "LOGIC_B", "logic", "A1", "W07", (38.1, 20.6), 0.6, (0.997, 1.003)),
        replace(METAL_RECIPE, bias_nm=1.0, roughness_sigma_nm=1.6),
        defect="bridge",
    ),
    Field(
        *("logic-04", "LOGIC_C", "logic", "C3", "W06", (-29.2, -24.9), -0.25, (1.008, 1.003)),
        replace(METAL_RECIPE, bias_nm=-2.0, dose=10.0, ground_yield=0.55, rim_height=0.7),
        shear=0.001,
    ),
    Field(
        *("contact-01", "CONTACT_RANDOM_A", "contact", "B2", "W02", (-21.3, 34.2), 0.48, (1.003, 0.998)),
        CONTACT_RECIPE,
        defect="missing",
    ),
    Field(
        *("contact-02", "CONTACT_RANDOM_B", "contact", "B2", "W04", (27.7, 15.1), -0.55, (1.005, 1.001)),
        replace(CONTACT_RECIPE, bias_nm=1.5, dose=12.0),
    ),
    Field(
        *("contact-03", "CONTACT_ARRAY", "contact", "B2", "W04", (11.6, -18.4), 0.3, (1.004, 1.0)),
        replace(CONTACT_RECIPE, dose=25.0),
    ),
    Field(
        *("line-space-01", "GRATING_FINE", "line_space", "A1", "W09", (14.2, -22.8), 0.7, (1.002, 0.997)),
        replace(METAL_RECIPE, nm_per_px=1.6, bias_nm=2.5, roughness_sigma_nm=1.5),
    ),
    Field(
        *("line-space-02", "GRATING_COARSE", "line_space", "C3", "W01", (-33.5, 9.7), -0.38, (1.003, 1.006)),
        replace(METAL_RECIPE, bias_nm=-1.5, dose=10.0),
    ),
    Field(
        *("sram-01", "SRAM_ARRAY", "sram", "C3", "W01", (19.9, 26.5), 0.28, (1.006, 1.001)),
        replace(METAL_RECIPE, bias_nm=3.0, dose=40.0),
    ),
    Field(
        *("isolated-01", "ISOLATED", "isolated", "C3", "W06", (-41.6, 17.3), -0.65, (0.998, 1.004)),
        replace(
            METAL_RECIPE, bias_nm=5.0, dose=15.0, shading=0.08, rim_height=1.5, shadow_depth=0.4, shadow_decay_nm=80.0
        ),
    ),
    Field(
        *("line-end-01", "LINE_ENDS", "line_end", "A1", "W11", (31.4, -13.6), 0.52, (1.005, 1.0)),
        replace(METAL_RECIPE, bias_nm=-1.0, dose=25.0),
    ),
)


def write_example_project(folder: Path, seed: int = SEED) -> None:
    """Write layout, images, case list, settings and truth into a folder, which is made if need be.

    The same seed gives the same files, byte for byte on one machine.
    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "truth").mkdir(exist_ok=True)
    chip = example_chip([(*PLACES_NM[field.block], SHAPE[0] * field.recipe.nm_per_px) for field in FIELDS])
    chip.write_gds(folder / "chip.gds", timestamp=STAMP)
    drawn = {layer: chip_outlines_nm(chip, layer) for layer in LAYERS}
    truth = {}
    for number, field in enumerate(FIELDS):
        simulated, truth[field.case_id] = take(field, drawn[field.layer], seed + number)
        tifffile.imwrite(
            folder / "images" / f"{field.case_id}.tif",
            simulated.pixels,
            photometric="minisblack",
            metadata=None,
            software="semiview.simulation",
        )
        standing = np.rint(simulated.coverage * 255).astype(np.uint8)
        (folder / "truth" / f"{field.case_id}.png").write_bytes(cv2.imencode(".png", standing)[1].tobytes())
    (folder / "cases.csv").write_text(_case_list(), encoding="utf-8", newline="")
    (folder / "project.toml").write_text(PROJECT_TOML, encoding="utf-8", newline="")
    text = json.dumps({"seed": seed, "cases": truth}, indent=1)
    (folder / "truth" / "truth.json").write_text(text + "\n", encoding="utf-8", newline="")


def take(field: Field, drawn: Sequence[Points], seed: int) -> tuple[SimulatedField, dict[str, object]]:
    """Simulate a field of the drawn polygons and say what is true of it."""
    registration = field.registration()
    near = touching(drawn, registration, SHAPE, margin_px(field.recipe))
    printing, defects = _with_defect(field, near, seed)
    simulated = simulate(printing, field.tone, registration, SHAPE, field.recipe, seed)
    printed = simulated.printed
    inside = in_picture(printed, registration, SHAPE)
    usable = inside & on_design(printed, near)
    holes = true_holes(printed, printing, inside) if field.tone == "opening" else ()
    gauges = holes or true_gauges(printed, usable)
    epe = printed.epe_nm[usable]
    return simulated, {
        "registration": {
            **{name: round(float(value), 9) for name, value in zip(PARAMETERS, registration.parameters, strict=True)},
            "x_nm": PLACES_NM[field.block][0],
            "y_nm": PLACES_NM[field.block][1],
            "nm_per_px": field.recipe.nm_per_px,
        },
        "mean_epe_nm": round(float(epe.mean()), 4),
        "sigma_epe_nm": round(float(epe.std()), 4),
        "coverage": round(float(simulated.coverage.mean(dtype=np.float64)), 6),
        "defects": defects,
        "gauges": [_rounded(gauge) for gauge in gauges],
        "recipe": asdict(field.recipe),
    }


def _with_defect(field: Field, drawn: Sequence[Points], seed: int) -> tuple[tuple[Points, ...], Defects]:
    """The polygons with the field's defect in them, and where it is."""
    if not field.defect:
        return tuple(drawn), []
    registration = field.registration()
    smooth = replace(field.recipe, roughness_sigma_nm=0.0)
    printed = simulate(drawn, field.tone, registration, SHAPE, smooth, seed).printed
    inside = in_picture(printed, registration, SHAPE)
    if field.defect == "missing":
        return _without_holes(drawn, true_holes(printed, drawn, inside), registration)
    return _bridged(drawn, true_gauges(printed, inside & printed.on_side), PLACES_NM[field.block])


def _without_holes(
    drawn: Sequence[Points], holes: Sequence[TrueGauge], registration: Registration
) -> tuple[tuple[Points, ...], Defects]:
    """Three holes, in three parts of the picture, never open."""
    middles = np.array([(hole.x_nm, hole.y_nm) for hole in holes])
    spots = registration.to_nm(np.array([(130.0, 160.0), (370.0, 210.0), (240.0, 400.0)]))
    gone = [middles[np.hypot(*(middles - spot).T).argmin()] for spot in spots]
    kept = [o for o in drawn if not any((np.abs((o.min(0) + o.max(0)) / 2 - middle) < 1).all() for middle in gone)]
    return tuple(kept), [{"kind": "missing", "x_nm": float(x), "y_nm": float(y)} for x, y in gone]


def _bridged(
    drawn: Sequence[Points], gauges: Sequence[TrueGauge], middle_nm: tuple[float, float]
) -> tuple[tuple[Points, ...], Defects]:
    """Material across the narrowest space next to the middle of the picture."""
    spaces = [gauge for gauge in gauges if gauge.mode == "space"]
    at = min(spaces, key=lambda each: (each.cd_design_nm, np.hypot(each.x_nm - middle_nm[0], each.y_nm - middle_nm[1])))
    across, half = at.cd_design_nm / 2, 17.0
    x, y = (across, half) if at.angle_deg == 0 else (half, across)
    bridge = shapely.box(at.x_nm - x, at.y_nm - y, at.x_nm + x, at.y_nm + y)
    outer = shapely.union_all([shapely.Polygon(o) for o in drawn if signed_area(o) > 0])
    gaps = shapely.union_all([shapely.Polygon(o) for o in drawn if signed_area(o) < 0])
    united = outlines_of(shapely.union(shapely.difference(outer, gaps), bridge))
    return united, [{"kind": "bridge", "x_nm": at.x_nm, "y_nm": at.y_nm}]


def _rounded(gauge: TrueGauge) -> dict[str, object]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(gauge).items()}


def _case_list() -> str:
    """cases.csv: what the stage and the microscope claim, which is not quite where the design lies."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(
        [
            *("case_id", "image", "design", "cell", "layers", "tone", "x_nm", "y_nm", "nm_per_px", "pattern_type"),
            *("group", "tool", "recipe", "layer_name", "lot", "wafer", "field", "acquired_at", "dose"),
        ]
    )
    for number, field in enumerate(FIELDS):
        x_nm, y_nm = PLACES_NM[field.block]
        name = "metal" if field.layer == METAL else "contact"
        rows.writerow(
            [
                *(field.case_id, f"images/{field.case_id}.tif", "chip.gds", "CHIP", LAYERS[field.layer], field.tone),
                *(x_nm, y_nm, field.recipe.nm_per_px, field.pattern_type, f"{field.lot}-{field.wafer}", "simulated"),
                *(f"{name}-review", name, field.lot, field.wafer, number + 1),
                *((STAMP + timedelta(hours=9, minutes=7 * number)).isoformat(), f"{field.recipe.dose:g}"),
            ]
        )
    return text.getvalue()


def main(arguments: Sequence[str]) -> int:
    """Write the example project into the one folder named."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m semiview.simulation.example_project FOLDER\n")
        return 2
    try:
        write_example_project(Path(arguments[0]))
    except OSError as error:
        sys.stderr.write(f"The example project could not be written to {arguments[0]}: {error}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
