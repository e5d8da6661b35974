import numpy as np
import pytest
from scipy import ndimage

from semiview.learning.far_from_edges import CELL_PX, FAR_CELLS, NEAR_CELLS, settled

NEAR_PX, FAR_PX = NEAR_CELLS * CELL_PX, FAR_CELLS * CELL_PX


def disc(shape, at, radius):
    """Probability of a disc, its edge two pixels wide."""
    rows, columns = np.indices(shape)
    inside = radius - np.hypot(rows - at[0], columns - at[1])
    return np.clip(0.5 + inside / 2, 0, 1).astype(np.float32)


@pytest.fixture
def truth():
    """A plate with a hole in it, and an island."""
    plate = disc((400, 600), (200, 200), 150) - disc((400, 600), (260, 180), 12)
    return np.maximum(plate, disc((400, 600), (100, 450), 60))


def picture_of(truth, noise=0.3):
    """Material with a bright rim on ground of the same grey, and some noise."""
    inside = ndimage.distance_transform_edt(truth >= 0.5)
    grey = np.where(inside > 0, np.exp(-inside / 3), 0)
    return (grey + np.random.default_rng(1).normal(0, noise, truth.shape)).astype(np.float32)


def guessed(truth):
    """As a network of short reach sees it: farther than 25 px from an edge it says the opposite."""
    distance = np.maximum(*(ndimage.distance_transform_edt(side) for side in (truth >= 0.5, truth < 0.5)))
    share = np.clip((distance - 15) / 20, 0, 1)
    return (truth + (1 - 2 * truth) * share).astype(np.float32)


def test_that_a_flat_grey_takes_the_side_of_its_edges(truth):
    wrong = guessed(truth)
    assert ((wrong >= 0.5) != (truth >= 0.5)).mean() > 0.3
    right = settled(wrong, picture_of(truth))
    np.testing.assert_array_equal(right >= 0.5, truth >= 0.5)
    assert (right.dtype, right.shape) == (np.float32, truth.shape)


def test_that_nothing_changes_near_an_edge(truth):
    wrong = guessed(truth)
    near = ndimage.distance_transform_edt((truth <= 0) | (truth >= 1)) < NEAR_PX - 3
    np.testing.assert_array_equal(settled(wrong, picture_of(truth))[near], wrong[near])
    sure = truth * 0.98 + 0.01
    np.testing.assert_allclose(settled(sure, picture_of(truth)), sure, atol=0.02)


@pytest.mark.parametrize("value", [0.0, 0.4, 0.9])
def test_that_without_edges_the_network_has_its_say(value):
    flat = np.full((90, 70), value, np.float32)
    np.testing.assert_array_equal(settled(flat, flat), flat)
    slope = np.tile(np.linspace(0, 1, 200, dtype=np.float32), (50, 1))
    np.testing.assert_array_equal(settled(slope, slope), slope)


def test_that_fine_patterns_stay_as_they_are():
    lines = np.tile((np.arange(300) // 8 % 2).astype(np.float32), (200, 1))
    np.testing.assert_array_equal(settled(lines, lines), lines)


def test_that_a_gap_in_an_edge_does_not_let_the_ground_in(truth):
    wrong = guessed(truth)
    wrong[190:210, 40:62] = 0.5  # charging has swallowed a piece of the plate's edge
    right = settled(wrong, picture_of(truth))
    there = np.ones(truth.shape, bool)
    there[170:230, 20:100] = False
    assert ((right >= 0.5) != (truth >= 0.5))[there].mean() < 1e-3


def test_that_a_picture_smaller_than_a_cell_is_no_trouble():
    for shape in ((1, 1), (3, 200), (2, 2)):
        one = np.random.default_rng(0).random(shape).astype(np.float32)
        assert settled(one, one).shape == shape


def waveguide(shape=(300, 400)):
    """A line of 4 px down the middle, the rest bare ground."""
    truth = np.zeros(shape, np.float32)
    truth[:, 200:204] = 1
    return truth


def test_that_edges_that_the_picture_does_not_show_do_not_count():
    truth = waveguide()
    wrong = np.maximum(truth, np.maximum(disc(truth.shape, (150, 90), 60), disc(truth.shape, (120, 290), 60)))
    right = settled(wrong, picture_of(truth))
    np.testing.assert_array_equal(right >= 0.5, truth >= 0.5)


def test_that_the_most_edges_of_a_region_are_right_about_it():
    truth = waveguide()
    wrong = truth.copy()
    wrong[:100, 204:240] = 1  # a plate begins at the line, and ends where the picture shows nothing
    right = settled(wrong, picture_of(truth))
    assert ((wrong >= 0.5) != (truth >= 0.5)).mean() == pytest.approx(0.03)
    assert ((right >= 0.5) != (truth >= 0.5))[:, 204 + FAR_PX :].mean() < 1e-3  # where the two contours part


def test_that_faint_and_dark_edges_count_as_well(truth):
    wrong = guessed(truth)
    for picture in (picture_of(truth, 0.6), -picture_of(truth), 1e3 + 1e-3 * picture_of(truth)):
        np.testing.assert_array_equal(settled(wrong, picture) >= 0.5, truth >= 0.5)


def test_that_the_strips_of_a_large_picture_do_not_show(truth, monkeypatch):
    wrong, picture = guessed(truth), picture_of(truth)
    whole = settled(wrong, picture)
    monkeypatch.setattr("semiview.learning.seen_edges.STRIP_PX", 90 * truth.shape[1])
    np.testing.assert_allclose(settled(wrong, picture), whole, atol=0.05)
