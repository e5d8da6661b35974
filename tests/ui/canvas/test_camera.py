import pytest
from hypothesis import given
from hypothesis import strategies as st

from semiview.ui.canvas.camera import MAX_ZOOM, Camera

PLACES = st.floats(0, 4000)
ZOOMS = st.floats(0.02, 40)


@given(u=PLACES, v=PLACES, zoom=ZOOMS, x=st.floats(0, 800), y=st.floats(0, 600), factor=st.floats(0.5, 2))
def test_that_the_point_under_the_cursor_stays_when_zooming(
    u: float, v: float, zoom: float, x: float, y: float, factor: float
) -> None:
    camera = Camera(u, v, zoom)
    under = camera.to_image(x, y, 800, 600)
    zoomed = camera.zoomed(factor, *under)
    offset_x, offset_y = zoomed.offset(800, 600)
    # Both cameras lie on the screen's grid, each by less than half a screen px.
    assert offset_x + zoomed.zoom * under[0] == pytest.approx(x, abs=1.01 + 0.5 * factor)
    assert offset_y + zoomed.zoom * under[1] == pytest.approx(y, abs=1.01 + 0.5 * factor)


@given(u=PLACES, v=PLACES, zoom=ZOOMS)
def test_that_the_pictures_edge_lies_on_the_screens_grid(u: float, v: float, zoom: float) -> None:
    x, y = Camera(u, v, zoom).offset(801, 600)
    for offset, middle, size in ((x, u, 801), (y, v, 600)):
        edge = offset - zoom / 2
        assert edge == pytest.approx(round(edge), abs=1e-6)
        assert offset + zoom * middle == pytest.approx(size / 2, abs=0.5 + 1e-6)


@given(right=st.integers(-500, 500), down=st.integers(-500, 500))
def test_that_a_drag_moves_the_picture_by_as_many_screen_px(right: int, down: int) -> None:
    camera = Camera(100.0, 50.0, 2.5)
    before, after = camera.offset(640, 480), camera.moved(right, down).offset(640, 480)
    assert (after[0] - before[0], after[1] - before[1]) == (right, down)


def test_that_a_fitting_picture_lies_in_the_middle_and_within_the_view() -> None:
    camera = Camera.fitting((1000, 2000), 800, 600)
    left, top = camera.to_image(0, 0, 800, 600)
    right, bottom = camera.to_image(800, 600, 800, 600)
    assert left < -0.5
    assert right > 1999.5
    assert (left + right) / 2 == pytest.approx(999.5, abs=2)
    assert (top + bottom) / 2 == pytest.approx(499.5, abs=2)


def test_that_zoom_has_an_end() -> None:
    assert Camera(0, 0, 1).zoomed(1e6, 0, 0).zoom == MAX_ZOOM
