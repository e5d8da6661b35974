"""Pictures and gauges that cannot be measured: NaN with a reason, counted, and never an error."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from semiview.core.document import Document, EdgeAlgorithm, MeasureSettings
from semiview.core.gauge import Gauge
from semiview.core.outline import rectangle
from semiview.core.sem_image import SemImage
from semiview.metrology.edge_profile import ALGORITHMS
from semiview.metrology.measurement import measure

DrawField = Callable[..., Any]
SHAPE = (360, 420)


def grey(standing: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 5, SHAPE)
    return np.clip(60 + 90 * gaussian_filter(standing, 1.2) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("what", ["blank", "full", "a patch of NaN", "all NaN"])
def test_that_a_picture_without_edges_is_counted_and_explained(
    draw_field: DrawField, squares: list[np.ndarray], what: str, algorithm: EdgeAlgorithm
) -> None:
    drawn = draw_field(squares)
    pixels = {"blank": np.zeros(SHAPE, np.uint8), "full": np.full(SHAPE, 255, np.uint8)}.get(what)
    if pixels is None:
        pixels = grey(drawn.printed()).astype(np.float32)
        pixels[:, : 420 if what == "all NaN" else 150] = np.nan
    case = replace(drawn.case(None), sem=SemImage.from_pixels(pixels, 4.0))
    found = measure(case, Document(drawn.registration, settings=MeasureSettings(edge_algorithm=algorithm)))
    assert (np.isnan(found.epe.epe_nm) == (found.epe.reason != "")).all()
    lost = [row for row in found.cd if np.isnan(row.cd_nm)]
    assert all(row.reason for row in lost)
    assert lost if what == "a patch of NaN" else len(lost) == len(found.cd) > 0
    assert sum(row.n_failed for row in lost) > 0


def test_that_a_feature_of_one_pixel_breaks_nothing(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field([*squares[:8], rectangle(298, 298, 302, 302)])
    for probability in (drawn.printed(), None):
        found = measure(drawn.case(probability, grey(drawn.printed())), Document(drawn.registration))
        assert (found.epe.feature_id == 8).any()
        assert (np.isnan(found.epe.epe_nm) == (found.epe.reason != "")).all()
        assert all(np.isfinite(row.cd_nm) or row.reason for row in found.cd)


def test_that_gauges_off_the_picture_and_of_nothing_say_so(draw_field: DrawField, squares: list[np.ndarray]) -> None:
    drawn = draw_field(squares)
    x, y = drawn.registration.frame.centre_nm
    gauges = (
        Gauge("off", "line", x + 9000, y, 0.0, 200.0, 60.0),
        Gauge("nothing", "line", x + 150, y + 150, 45.0, 60.0, 20.0),
        Gauge("no hole", "hole", x, y, 0.0, 90.0, 90.0),
        Gauge("no width", "space", x + 150, y, 0.0, 300.0, 0.0),
    )
    found = measure(drawn.case(None, grey(drawn.printed())), Document(drawn.registration, gauges=gauges))
    rows = {row.gauge_id: row for row in found.cd}
    assert rows["off"].reason == "outside the picture"
    assert rows["nothing"].reason == "edges in fewer than half of the rows"
    assert rows["no hole"].reason == "no hole found"
    assert rows["no width"].n == 1
    assert rows["no width"].cd_nm == pytest.approx(180.0, abs=4.0)
