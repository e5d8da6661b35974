"""Fields drawn in nm, printed with a known bias and rastered by exact area: their EPE and CD are known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from shapely.geometry import Polygon

from semiview.core.case import Case, CaseInfo
from semiview.core.design import Design, DesignLayer, Tone
from semiview.core.outline import Points, as_outline, rectangle
from semiview.core.prediction import Prediction
from semiview.core.raster import coverage
from semiview.core.registration import Registration, Trust, nominal_registration
from semiview.core.sem_image import PixelSize, SemImage

SHAPE = (360, 420)
NM_PER_PX = 4.0
CENTRE_NM = (-5_833_290.0, -5_616_265.0)


@dataclass(frozen=True)
class Drawn:
    """A design, where it lies, and a way to print it."""

    design: Design
    registration: Registration

    def printed(self, bias_nm: float = 0.0, without: Sequence[int] = (), also: Sequence[Points] = ()) -> np.ndarray:
        """(H, W) share of standing material, every drawn polygon larger by `bias_nm` on all sides."""
        outlines = [
            as_outline(np.array(Polygon(outline).buffer(bias_nm, join_style="mitre").exterior.coords)[::-1])
            for index, outline in enumerate(self.design.target)
            if index not in without
        ]
        outlines = [outline if ccw(outline) else as_outline(outline[::-1]) for outline in [*outlines, *also]]
        drawn = coverage([self.registration.outline_to_px(outline) for outline in outlines], SHAPE)
        return 1 - drawn if self.design.tone == "opening" else drawn

    def case(self, probability: np.ndarray | None, pixels: np.ndarray | None = None) -> Case:
        """A case whose prediction is the given map."""
        grey = np.zeros(SHAPE, np.uint8) if pixels is None else pixels
        sem = SemImage.from_pixels(grey, NM_PER_PX)
        prediction = None if probability is None else Prediction(probability.astype(np.float32), "test")
        return Case(CaseInfo("one"), sem, self.registration, self.design, prediction)


def ccw(outline: Points) -> bool:
    return bool(Polygon(outline).exterior.is_ccw)


DrawField = Callable[..., Drawn]


@pytest.fixture
def draw_field() -> DrawField:
    """Outlines given in nm about the picture's centre become a design 5.8 mm from the origin."""

    def draw(
        outlines: Sequence[Points],
        tone: Tone | None = "raised",
        rotation_deg: float = 0.0,
        mirrored: bool = False,
        **trust: object,
    ) -> Drawn:
        target = tuple(as_outline(np.asarray(outline) + CENTRE_NM) for outline in outlines)
        half = np.array([SHAPE[1], SHAPE[0]]) * NM_PER_PX * 0.7
        field = (CENTRE_NM[0] - half[0], CENTRE_NM[1] - half[1], CENTRE_NM[0] + half[0], CENTRE_NM[1] + half[1])
        design = Design(target, (DesignLayer("1/0", "target", target),), tone, field)
        placed = nominal_registration(SHAPE, PixelSize(NM_PER_PX, NM_PER_PX, "test"), CENTRE_NM, rotation_deg, mirrored)
        return Drawn(design, replace(placed, trust=Trust(**{"verdict": "unique", **trust})))  # type: ignore[arg-type]

    return draw


@pytest.fixture
def squares() -> list[Points]:
    """Nine squares of 120 nm at a pitch of 300 nm about the centre."""
    return [rectangle(x - 60, y - 60, x + 60, y + 60) for y in (-300, 0, 300) for x in (-300, 0, 300)]


@pytest.fixture
def lines() -> list[Points]:
    """Five vertical lines of 100 nm at a pitch of 240 nm, far longer than the picture."""
    return [rectangle(x - 50, -980, x + 50, 980) for x in (-480, -240, 0, 240, 480)]
