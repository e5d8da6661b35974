"""Simulated fields whose registration is known, to learn what alignment errs by."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from semiview.core.case import Case, CaseInfo
from semiview.core.design import Design, DesignLayer, Tone
from semiview.core.outline import Points
from semiview.core.registration import Registration, nominal_registration, with_linear_nm
from semiview.core.sem_image import PixelSize, SemImage
from semiview.simulation.patterns import PATTERNS
from semiview.simulation.recipe import Recipe
from semiview.simulation.sem import simulate


@dataclass(frozen=True, slots=True)
class TrialSettings:
    """What kind of field is simulated and how far its registration may lie from nominal.

    Attributes
    ----------
    pattern, cd_nm
        A name of `PATTERNS` and its smallest drawn width.
    side_px
        Width and height of the picture.
    rotation_deg, scale, shear, shift_nm
        Each true value is drawn evenly between minus and plus this; the scales for each axis.
    """

    pattern: str = "logic"
    cd_nm: float = 40.0
    side_px: int = 512
    recipe: Recipe = field(default_factory=Recipe)
    tone: Tone = "raised"
    rotation_deg: float = 2.5
    scale: float = 0.02
    shear: float = 0.004
    shift_nm: float = 90.0
    mirrored: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A simulated case, where its design really lies, and the design's edge points that the picture shows."""

    case: Case
    truth: Registration
    points_nm: Points

    def error_px(self, found: Registration) -> npt.NDArray[np.float64]:
        """(N,) distance between found and true place of every edge point in the picture."""
        apart = found.to_px(self.points_nm) - self.truth.to_px(self.points_nm)
        error: npt.NDArray[np.float64] = np.hypot(*apart.T)
        return error


def make_trial(settings: TrialSettings, seed: int) -> Trial:
    """Draw a registration, print the pattern, take its picture and state only the nominal registration."""
    rng = np.random.default_rng((seed, 3))
    size, side = settings.recipe.nm_per_px, settings.side_px
    drawn_nm = 1.5 * side * size
    outlines = PATTERNS[settings.pattern]((drawn_nm, drawn_nm), settings.cd_nm, seed)
    nominal = nominal_registration(
        (side, side), PixelSize(size, size, "simulated"), (0.0, 0.0), mirrored=settings.mirrored
    )
    turned = np.deg2rad(rng.uniform(-1, 1) * settings.rotation_deg)
    scale = 1 + settings.scale * rng.uniform(-1, 1, 2)
    shear = settings.shear * rng.uniform(-1, 1)
    shift = settings.shift_nm * rng.uniform(-1, 1, 2)
    turn = np.array([[np.cos(turned), -np.sin(turned)], [np.sin(turned), np.cos(turned)]])
    linear = turn @ np.array([[scale[0], shear * scale[1]], [0.0, scale[1]]]) @ nominal.linear_nm()
    truth = with_linear_nm(nominal, linear, (float(shift[0]), float(shift[1])), "affine")
    taken = simulate(outlines, settings.tone, truth, (side, side), settings.recipe, seed)
    half = drawn_nm / 2
    layer = DesignLayer("1/0", "target", outlines)
    design = Design(outlines, (layer,), settings.tone, (-half, -half, half, half))
    case = Case(CaseInfo(f"{settings.pattern} {seed}"), SemImage.from_pixels(taken.pixels, size), nominal, design)
    return Trial(case, replace(truth, method="simulated"), _edge_points(outlines, truth, side))


def _edge_points(outlines: tuple[Points, ...], truth: Registration, side_px: int) -> Points:
    """Points every 4 px along all edges, those within the picture."""
    step = 4 * truth.frame.nm_per_px
    start = np.concatenate(outlines)
    along = np.concatenate([np.roll(outline, -1, axis=0) for outline in outlines]) - start
    count = np.ceil(np.hypot(*along.T) / step).astype(np.int64)
    owner = np.repeat(np.arange(len(start)), count)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    points = start[owner] + along[owner] * ((number + 0.5) / count[owner])[:, None]
    places = truth.to_px(points)
    inside: Points = points[((places >= 0) & (places <= side_px - 1)).all(axis=1)]
    return inside
