import pytest
from hypothesis import given
from hypothesis import strategies as st

from semiview.core.gauge import Gauge
from semiview.core.sem_image import PixelSize
from semiview.metrology.gauge_at import ruler
from semiview.ui.gauging import pulled, ruler_in_words

GAUGE = Gauge("hand-1", "line", 100.0, 50.0, 30.0, 60.0, 40.0)


@given(st.floats(-500, 500), st.floats(-500, 500))
def test_that_the_middle_grip_moves_a_gauge_and_a_side_changes_one_extent_only(right: float, up: float) -> None:
    end = (right, up)
    moved = pulled(GAUGE, "middle", (0.0, 0.0), end, 2.0)
    assert (moved.x_nm, moved.y_nm) == (100.0 + right, 50.0 + up)
    assert (moved.length_nm, moved.width_nm) == (60.0, 40.0)
    longer, wider = pulled(GAUGE, "length", (0.0, 0.0), end, 2.0), pulled(GAUGE, "width", (0.0, 0.0), end, 2.0)
    assert (longer.x_nm, longer.y_nm, longer.width_nm) == (100.0, 50.0, 40.0)
    assert (wider.x_nm, wider.y_nm, wider.length_nm) == (100.0, 50.0, 60.0)
    assert min(longer.length_nm, wider.width_nm) >= 2.0


@pytest.mark.parametrize(
    ("size", "words"),
    [(PixelSize(2.0, 2.0, "given"), "100.0 nm, 50.0 px, 53.1°"), (PixelSize(), "50.0 px, 53.1°")],
)
def test_that_a_ruler_shows_no_nanometre_while_the_pixel_size_is_unknown(size: PixelSize, words: str) -> None:
    assert ruler_in_words(ruler((60.0, 80.0), (90.0, 40.0), size)) == words
