import numpy as np
import pytest
from skimage.measure import find_contours

from semiview.core.document import MeasureSettings
from semiview.core.outline import rectangle, signed_area
from semiview.core.raster import coverage
from semiview.core.sem_image import SemImage
from semiview.metrology.contour import (
    Contours,
    half_contours,
    on_border,
    outline_seeds,
    sem_contours,
    threshold_outlines,
)

SETTINGS = MeasureSettings()


def traced(image: np.ndarray, outlines: list[np.ndarray], reach_px: float = 20.0) -> Contours:
    return sem_contours(SemImage.from_pixels(image), outline_seeds(outlines, reach_px), SETTINGS, reach_px)


def disc(shape: tuple[int, int], u: float, v: float, radius: float, width: float = 1.5) -> np.ndarray:
    rows, columns = np.indices(shape)
    return 1 / (1 + np.exp((np.hypot(columns - u, rows - v) - radius) / width))


def circle(u: float, v: float, radius: float) -> np.ndarray:
    """Inside on the left as seen on the screen."""
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    return np.column_stack([u + radius * np.cos(angle), v - radius * np.sin(angle)])


def test_that_a_disc_s_contour_lies_on_its_circle_with_the_inside_on_the_left() -> None:
    (outline,) = half_contours(disc((80, 90), 40.3, 38.6, 21.0))
    assert np.abs(np.hypot(*(outline - (40.3, 38.6)).T) - 21.0).max() < 0.01
    assert signed_area(outline) == pytest.approx(-np.pi * 21**2, rel=1e-3)
    assert not np.array_equal(outline[0], outline[-1])


def test_that_a_hole_runs_the_other_way_round() -> None:
    areas = sorted(
        signed_area(outline) for outline in half_contours(disc((80, 90), 40, 40, 30) - disc((80, 90), 40, 40, 12))
    )
    assert areas[0] < 0 < areas[1]


def test_that_contours_close_half_a_pixel_outside_the_border() -> None:
    (outline,) = half_contours(np.ones((6, 9)))
    assert outline.min(axis=0).tolist() == [-0.5, -0.5]
    assert outline.max(axis=0).tolist() == [8.5, 5.5]
    assert on_border(outline, (6, 9)).all()
    assert half_contours(np.zeros((6, 9))) == ()


def test_that_points_equal_those_of_scikit_image() -> None:
    generator = np.random.default_rng(3)
    field = np.clip(0.5 + 0.2 * np.cumsum(generator.normal(size=(60, 70)), axis=1), 0.01, 0.99)
    ours = np.concatenate([o[~on_border(o, field.shape)] for o in half_contours(field)])
    theirs = np.unique(np.round(np.concatenate(find_contours(field, 0.5))[:, ::-1], 6), axis=0)
    assert np.array_equal(np.unique(np.round(ours, 6), axis=0), theirs)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_that_a_value_that_is_not_finite_is_refused(bad: float) -> None:
    field = np.zeros((4, 4))
    field[1, 1] = bad
    with pytest.raises(ValueError, match="finite"):
        half_contours(field)


def sem_of(
    outlines: list[np.ndarray], shape: tuple[int, int], noise: float = 6.0, rim: float = 60.0, dark: bool = False
) -> np.ndarray:
    """Bright material on dark ground with a bright rim inside the edge, blurred, with noise."""
    standing = coverage(outlines, shape).astype(float)
    inner = standing.copy()
    for _ in range(3):
        inner = np.minimum(inner, smoothed(inner))
    grey = 40 + 70 * smoothed(standing) + rim * (smoothed(standing) - smoothed(inner)).clip(0)
    if dark:
        grey = 200 - grey
    return np.clip(grey + np.random.default_rng(0).normal(0, noise, shape), 0, 255).astype(np.uint8)


def smoothed(values: np.ndarray) -> np.ndarray:
    kernel = np.array([1, 4, 6, 4, 1]) / 16
    for axis in (0, 1):
        values = np.apply_along_axis(lambda line: np.convolve(np.pad(line, 2, "edge"), kernel, "valid"), axis, values)
    return values


@pytest.mark.parametrize("dark", [False, True])
def test_that_seeds_move_to_the_edge_of_the_picture(dark: bool) -> None:
    image = sem_of([circle(60, 55, 30.0)], (110, 120), rim=0.0, dark=dark)
    contours = traced(image, [circle(62, 54, 26.0)], 12)
    (outline,) = contours.outlines
    distance = np.hypot(*(outline - (60, 55)).T)
    assert distance.mean() == pytest.approx(30.0, abs=0.15)
    assert distance.std() < 0.3
    assert contours.found is not None
    assert contours.found.all()
    assert signed_area(outline) < 0
    assert contours.sigma_px is not None
    assert 0.3 < np.median(contours.sigma_px) / distance.std() < 3


def test_that_a_hole_that_never_opened_has_no_contour() -> None:
    plate = rectangle(10, -190, 190, -10) * (1, -1)
    holes = [circle(60, 100, 20)[::-1], circle(140, 100, 20)[::-1]]
    image = sem_of([plate, holes[0]], (200, 200))
    contours = traced(image, [plate, *holes], 12)
    assert [round(abs(signed_area(outline)), -2) for outline in contours.outlines] == pytest.approx(
        [180 * 180, np.pi * 400], rel=0.06
    )


def test_that_a_slot_that_fused_is_closed_across_its_mouth() -> None:
    comb = np.array([(10, 150), (190, 150), (190, 50), (110, 50), (110, 120), (90, 120), (90, 50), (10, 50)], float)
    image = sem_of([rectangle(10, -150, 190, -50) * (1, -1)], (200, 200))
    contours = traced(image, [comb], 15)
    (outline,) = contours.outlines
    assert abs(signed_area(outline)) == pytest.approx(180 * 100, rel=0.03)
    assert contours.found is not None
    assert 0 < np.count_nonzero(~contours.found) < 12


def test_that_noise_alone_has_no_edges() -> None:
    image = np.random.default_rng(1).normal(90, 12, (160, 160)).clip(0, 255).astype(np.uint8)
    assert traced(image, [circle(80, 80, 40)], 12).outlines == ()
    assert traced(np.full((160, 160), 7, np.uint8), [circle(80, 80, 40)]).outlines == ()


def test_that_seeds_outside_the_picture_give_nothing() -> None:
    assert traced(np.zeros((50, 50), np.uint8), [circle(500, 80, 40)]).outlines == ()
    assert traced(np.zeros((50, 50), np.uint8), []).outlines == ()


def test_that_a_threshold_outlines_bright_material_where_nothing_better_serves() -> None:
    (outline,) = threshold_outlines(sem_of([circle(60, 55, 30.0)], (110, 120)))
    assert abs(signed_area(outline)) == pytest.approx(np.pi * 900, rel=0.05)
    assert threshold_outlines(np.full((30, 30), 9, np.uint8)) == ()
