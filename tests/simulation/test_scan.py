from dataclasses import replace

import numpy as np
import pytest

from semiview.core.outline import rectangle
from semiview.core.registration import nominal_registration
from semiview.core.sem_image import PixelSize
from semiview.simulation.recipe import Recipe
from semiview.simulation.scan import Scan
from semiview.simulation.sem import SimulatedField, simulate

SHAPE = (200, 240)
RECIPE = Recipe(roughness_sigma_nm=0.0, shading=0.0, dose=400.0, detector_noise=0.0)


def taken(scan: Scan) -> SimulatedField:
    lines = [rectangle(x - 30, -400, x + 30, 400) for x in (-120.0, 0.0, 120.0)]
    placed = nominal_registration(SHAPE, PixelSize(2.0, 2.0, "test"), (0.0, 0.0))
    return simulate(lines, "raised", placed, SHAPE, RECIPE, 1, scan)


def left_edge_px(field: SimulatedField, row: int) -> float:
    """Where the middle line begins: pixel centres of a wholly covered pixel are whole."""
    return float(120 - field.coverage[row, 90:121].sum())


def test_that_a_perfect_scan_changes_nothing() -> None:
    assert np.array_equal(taken(Scan()).pixels, taken(Scan(vibration_rows=50.0)).pixels)
    assert not np.array_equal(taken(Scan()).pixels, taken(Scan(line_gain=0.1)).pixels)
    assert np.array_equal(taken(Scan()).coverage, taken(Scan(line_gain=0.1)).coverage)


def test_that_drift_moves_the_last_row_from_the_first() -> None:
    field = taken(Scan(drift_x_nm=12.0))
    assert left_edge_px(field, 199) - left_edge_px(field, 0) == pytest.approx(6.0, abs=0.1)
    assert left_edge_px(field, 100) == pytest.approx(left_edge_px(taken(Scan()), 100), abs=0.1)


def test_that_a_vibration_swings_with_its_amplitude_and_period() -> None:
    field = taken(Scan(vibration_nm=3.0, vibration_rows=40.0))
    edge = np.array([left_edge_px(field, row) for row in range(200)])
    edge -= edge.mean()
    wave = 2 / 200 * abs(np.sum(edge * np.exp(2j * np.pi * np.arange(200) / 40)))
    assert wave == pytest.approx(1.5, rel=0.05)


def test_that_distortion_grows_with_the_distance_squared() -> None:
    scan = Scan(distortion=0.02)
    middle, corner = np.array([119.5, 99.5]), np.array([0.0, 0.0])
    points = scan.seen_at(np.array([middle, corner, (middle + corner) / 2]), SHAPE, 2.0)
    assert points[0] == pytest.approx(middle)
    assert points[1] == pytest.approx(corner - 0.02 * middle)
    assert points[2] == pytest.approx(middle / 2 - 0.02 / 4 * middle / 2)


def test_that_lines_gain_and_charging_darken_the_picture() -> None:
    plain = taken(Scan()).pixels.astype(float)
    ratio = taken(Scan(line_gain=0.05)).pixels.mean(axis=1) / plain.mean(axis=1)
    assert np.std(ratio) == pytest.approx(0.05 * 0.88, rel=0.25)  # a black level stays what it is
    charged = taken(Scan(charging=0.3)).pixels.astype(float)
    first, last = (slice(35, 55), slice(215, 235))
    loss = [1 - charged[:, part].mean() / plain[:, part].mean() for part in (first, last)]
    assert 0 < loss[0] < loss[1] < 0.3


@pytest.mark.parametrize(
    "wrong", [{"vibration_rows": 4.0}, {"line_gain": -0.1}, {"charging": 1.0}, {"distortion": 0.5}]
)
def test_that_a_scan_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="of a scan"):
        replace(Scan(), **wrong)
