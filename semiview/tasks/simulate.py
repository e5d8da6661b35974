"""A project of simulated fields of a design, or of a grating, with what they really show beside it."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import cv2
import gdstk
import numpy as np
import tifffile

from semiview.core.design import Tone
from semiview.core.outline import Points, rectangle
from semiview.core.registration import PARAMETERS, Registration, nominal_registration
from semiview.core.sem_image import PixelSize
from semiview.files.design_file import DesignLibrary
from semiview.files.durable_file import make_folder, write_durably, writing_problem
from semiview.files.layer_roles import LayerRole
from semiview.files.problem import FileProblem
from semiview.simulation.example_truth import in_picture, on_design, true_gauges, true_holes
from semiview.simulation.recipe import Recipe
from semiview.simulation.scan import Scan
from semiview.simulation.sem import SimulatedField, margin_px, simulate, touching
from semiview.tasks.progress import CaseDone, Progress, Task

GRATING = "grating"
GRATING_LINE_NM, GRATING_PITCH_NM, GRATING_SIDE_NM = 40.0, 80.0, 8000.0
LAYER = (1, 0)
NM = 1e-3  # the layout's unit is 1 um, its grid 1 nm
NUMBERS = {each.name for kind in (Recipe, Scan) for each in fields(kind)}


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """What is simulated and how far the stage may miss.

    Attributes
    ----------
    cell, layers, tone
        Of the design; blank: as in a case list.
    fields, size_px, seed
        How many pictures, their width and height, and the seed of everything that is drawn by lot.
    shift_nm, rotation_deg, scale
        Each true value lies evenly between minus and plus this.
    """

    cell: str = ""
    layers: tuple[LayerRole, ...] = ()
    tone: Tone = "raised"
    fields: int = 1
    size_px: int = 1024
    seed: int = 0
    shift_nm: float = 40.0
    rotation_deg: float = 0.5
    scale: float = 0.004
    recipe: Recipe = field(default_factory=Recipe)
    scan: Scan = field(default_factory=Scan)


def with_numbers(options: SimulateOptions, numbers: Sequence[str]) -> SimulateOptions:
    """The options with "key=number" entries set in the recipe or the scan.

    Raises
    ------
    ValueError
        If an entry is none, its key is not known, or the value is out of range.
    """
    values: dict[str, Any] = {}
    for entry in numbers:
        key, equals, text = entry.partition("=")
        if not equals or key.strip() not in NUMBERS:
            raise ValueError(f'"{entry}" is not key=number; keys are {", ".join(sorted(NUMBERS))}.')
        try:
            values[key.strip()] = int(text) if key.strip() == "bits" else float(text)
        except ValueError as error:
            raise ValueError(f'"{entry}": "{text}" is no number.') from error
    own = {each.name for each in fields(Recipe)}
    recipe = replace(options.recipe, **{key: value for key, value in values.items() if key in own})
    scan = replace(options.scan, **{key: value for key, value in values.items() if key not in own})
    return replace(options, recipe=recipe, scan=scan)


def simulate_project(design: str, folder: Path, options: SimulateOptions) -> Task[dict[str, Any]]:
    """Write images, design, case list, settings and truth into a folder; returns the truth.

    Parameters
    ----------
    design
        Path of a GDS or OASIS file, or `grating`.

    Raises
    ------
    FileProblem
        If the design cannot be used, the folder holds a project already, or something cannot be written.
    """
    if (folder / "cases.csv").exists():
        raise FileProblem(folder / "cases.csv", "There is a project already.", "Name another folder with --out.")
    for name in ("images", "truth"):
        make_folder(folder / name)
    name, cell = "grating.gds", ""
    roles: tuple[LayerRole, ...] = (LayerRole(*LAYER),)
    if design == GRATING:
        _write_grating(folder / name)
    else:
        source = Path(design)
        name, roles, cell = source.name, options.layers, options.cell
        DesignLibrary.open(source)
        write_durably(folder / name, source.read_bytes())
    library = DesignLibrary.open(folder / name)
    cell, roles = library.resolved(roles, cell)
    rng = np.random.default_rng(options.seed)
    rows, truth = [], {}
    for number, middle in enumerate(_middles(library.bounds_nm(roles, cell), options, rng)):
        case_id = f"field-{number + 1:03d}"
        yield Progress(number, options.fields, case_id)
        registration = _drawn_registration(middle, options, rng)
        half = (options.size_px / 2 + margin_px(options.recipe)) * options.recipe.nm_per_px * 1.1 + options.shift_nm
        box = (middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half)
        target = library.design(box, roles, options.tone, cell).target
        if not target:
            raise FileProblem(folder / name, f"Nothing is drawn about {middle[0]:.0f}, {middle[1]:.0f} nm.", "")
        seed = int(rng.integers(2**31))
        shape = (options.size_px, options.size_px)
        taken = simulate(target, options.tone, registration, shape, options.recipe, seed, options.scan)
        _write_field(folder, case_id, taken, options.recipe)
        truth[case_id] = _truth(taken, target, options, middle)
        rows.append((case_id, name, cell, ";".join(f"{each.role}:{each.name}" for each in roles), *middle))
        yield CaseDone(case_id, f"{len(truth[case_id]['gauges'])} true gauges")
    write_durably(folder / "cases.csv", _case_list(rows, options))
    write_durably(folder / "project.toml", _settings(options))
    document = {
        "seed": options.seed, "recipe": asdict(options.recipe), "scan": asdict(options.scan), "cases": truth,
    }  # fmt: skip
    write_durably(folder / "truth" / "truth.json", (json.dumps(document, indent=1) + "\n").encode())
    yield Progress(options.fields, options.fields, "")
    return document


def _middles(
    box: tuple[float, float, float, float], options: SimulateOptions, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Where the stage is sent, whole nm: the middle of what is drawn for one field, else by lot within it."""
    low, high = np.array(box[:2]), np.array(box[2:])
    inset = np.minimum(options.size_px * options.recipe.nm_per_px, high - low) / 2
    shares = np.full((1, 2), 0.5) if options.fields == 1 else rng.random((options.fields, 2))
    places = np.round(low + inset + shares * (high - low - 2 * inset))
    return [(float(x), float(y)) for x, y in places]


def _drawn_registration(
    middle: tuple[float, float], options: SimulateOptions, rng: np.random.Generator
) -> Registration:
    size = options.recipe.nm_per_px
    shape = (options.size_px, options.size_px)
    shift_x, shift_y, turn, scale_x, scale_y = rng.uniform(-1, 1, 5).tolist()
    return replace(
        nominal_registration(shape, PixelSize(size, size, "case list"), middle),
        shift_x_nm=shift_x * options.shift_nm,
        shift_y_nm=shift_y * options.shift_nm,
        rotation_deg=turn * options.rotation_deg,
        scale_x=1 + scale_x * options.scale,
        scale_y=1 + scale_y * options.scale,
        transform="affine",
        method="truth",
    )


def _write_field(folder: Path, case_id: str, taken: SimulatedField, recipe: Recipe) -> None:
    """Picture with its pixel size in the file, true share of standing material, and true edge points."""
    height, width = taken.pixels.shape
    metre = recipe.nm_per_px * 1e-9
    tag = (
        f"[User]\r\nUser=semiview simulate\r\n[Beam]\r\nScan=EScan\r\n[EScan]\r\nPixelWidth={metre:.12g}\r\n"
        f"PixelHeight={metre:.12g}\r\n[Image]\r\nResolutionX={width}\r\nResolutionY={height}\r\n"
    )
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer, taken.pixels, photometric="minisblack", metadata=None, software="semiview.simulation",
        extratags=[(34682, 2, len(tag) + 1, tag, True)],
    )  # fmt: skip
    write_durably(folder / "images" / f"{case_id}.tif", buffer.getvalue())
    standing = np.rint(taken.coverage * 255).astype(np.uint8)
    write_durably(folder / "truth" / f"{case_id}.png", cv2.imencode(".png", standing)[1].tobytes())
    printed = taken.printed
    kept = in_picture(printed, taken.registration, taken.pixels.shape)
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(("x_nm", "y_nm", "normal_x", "normal_y", "epe_nm", "printed_x_nm", "printed_y_nm", "on_side"))
    for point, normal, epe, place, side in zip(
        printed.design_nm[kept].tolist(), printed.normals[kept].tolist(), printed.epe_nm[kept].tolist(),
        printed.points_nm[kept].tolist(), printed.on_side[kept].tolist(), strict=True,
    ):  # fmt: skip
        numbers = (*point, *normal, epe, *place)
        out.writerow((*(f"{value:.4f}" for value in numbers), int(side)))
    write_durably(folder / "truth" / f"{case_id}_edges.csv", text.getvalue().encode())


def _truth(
    taken: SimulatedField, target: Sequence[Points], options: SimulateOptions, middle: tuple[float, float]
) -> dict[str, Any]:
    printed, registration = taken.printed, taken.registration
    inside = in_picture(printed, registration, taken.pixels.shape)
    usable = inside & on_design(printed, target)
    near = touching(target, registration, taken.pixels.shape, margin_px(options.recipe))
    holes = true_holes(printed, near, inside) if options.tone == "opening" else ()
    epe = printed.epe_nm[usable]
    known = {name: float(value) for name, value in zip(PARAMETERS, registration.parameters, strict=True)}
    return {
        "registration": {**known, "x_nm": middle[0], "y_nm": middle[1], "nm_per_px": options.recipe.nm_per_px},
        "mean_epe_nm": float(epe.mean()) if len(epe) else None,
        "sigma_epe_nm": float(epe.std()) if len(epe) else None,
        "coverage": float(taken.coverage.mean(dtype=np.float64)),
        "gauges": [asdict(gauge) for gauge in holes or true_gauges(printed, usable)],
    }


def _case_list(rows: Sequence[tuple[Any, ...]], options: SimulateOptions) -> bytes:
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(("case_id", "image", "design", "cell", "layers", "tone", "x_nm", "y_nm", "tool"))
    for case_id, name, cell, layers, x_nm, y_nm in rows:
        image = f"images/{case_id}.tif"
        out.writerow((case_id, image, name, cell, layers, options.tone, f"{x_nm:.0f}", f"{y_nm:.0f}", "simulated"))
    return text.getvalue().encode()


def _settings(options: SimulateOptions) -> bytes:
    return (
        f"# Simulated fields; truth/ holds what they really show.\nnm_per_px = {options.recipe.nm_per_px!r}\n"
    ).encode()


def _write_grating(path: Path) -> None:
    """A grating of upright lines as a GDS file."""
    count = round(GRATING_SIDE_NM / GRATING_PITCH_NM)
    library = gdstk.Library("GRATING", unit=1e-6, precision=1e-9)
    cell = library.new_cell("GRATING")
    line = rectangle(-GRATING_LINE_NM / 2, -GRATING_SIDE_NM / 2, GRATING_LINE_NM / 2, GRATING_SIDE_NM / 2)
    for number in range(count):
        x = (number - (count - 1) / 2) * GRATING_PITCH_NM
        cell.add(gdstk.Polygon([(NM * (u + x), NM * v) for u, v in line], *LAYER))
    try:
        library.write_gds(path)
    except OSError as error:
        raise writing_problem(path, error) from error
