"""NIST ARTIMAGEN: straight 40 nm lines at 1 nm/px with their true edges, clean and at doses of 40 and 8."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from semiview.core.document import EdgeAlgorithm, MeasureSettings
from semiview.core.gauge import Gauge
from semiview.core.registration import nominal_registration
from semiview.core.sem_image import PixelSize, SemImage
from semiview.metrology.edge_profile import find_edges, sample_profiles
from semiview.metrology.long_lines import LongLine
from semiview.metrology.noise import estimate_noise
from semiview.metrology.roughness import measure_roughness

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "artimagen"
ROWS = 4

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the ARTIMAGEN images are not here")


def cd_error_nm(name: str, algorithm: EdgeAlgorithm) -> float:
    """Mean width beyond the true one, over three lines."""
    truth = np.loadtxt(DATA / "straight_cd40_edges.csv", delimiter=",", skiprows=1)
    pixels = tifffile.imread(DATA / f"straight_cd40_{name}.tif")
    rows = np.arange(2.0, 380.0, ROWS)
    points = np.concatenate([np.column_stack([np.interp(rows, truth[:, 0], edge), rows]) for edge in truth[:, 1:].T])
    outward = np.repeat(np.tile([-1.0, 1.0], 3), len(rows))
    profiles = sample_profiles(pixels, points, np.column_stack([outward, 0 * outward]), 20.0, ROWS)
    settings = MeasureSettings(edge_algorithm=algorithm)
    noise = estimate_noise(pixels).averaged(ROWS)
    return float(2 * np.nanmean(find_edges(profiles, settings, noise, np.full(len(points), 15.0)).offset_px))


@pytest.mark.parametrize("algorithm", ["model", "sigmoid"])
def test_that_noise_does_not_change_the_cd(algorithm: EdgeAlgorithm) -> None:
    clean, noisy, noisier = (cd_error_nm(name, algorithm) for name in ("clean", "noisy40", "noisy8"))
    assert abs(noisy - clean) < 0.3
    assert abs(noisier - clean) < 0.3


def test_that_the_model_s_cd_is_the_true_one() -> None:
    assert abs(cd_error_nm("clean", "model")) < 0.1
    assert abs(cd_error_nm("noisy40", "model")) < 0.2


def test_that_straight_lines_have_no_roughness_under_the_noise() -> None:
    truth = np.loadtxt(DATA / "straight_cd40_edges.csv", delimiter=",", skiprows=1)
    pixels = tifffile.imread(DATA / "straight_cd40_noisy40.tif")
    middles = truth[:, 1:].mean(axis=0).reshape(3, 2).mean(axis=1)
    widths = np.diff(truth[:, 1:].mean(axis=0).reshape(3, 2), axis=1)[:, 0]
    height = pixels.shape[0]
    nominal = nominal_registration(pixels.shape, PixelSize(1.0, 1.0, "test"), (0.0, 0.0))
    x = nominal.to_nm(np.column_stack([middles, np.full(3, (height - 1) / 2)]))[:, 0]
    gauges = [Gauge(f"line-{n}", "line", x[n], 0.0, 0.0, 80.0, height - 8.0) for n in range(3)]
    lines = [LongLine(gauge, float(widths.mean()), -height / 2 + 4, height / 2 - 4) for gauge in gauges]
    sem = SemImage.from_pixels(pixels, 1.0)
    settings = MeasureSettings(edge_algorithm="model", rows_averaged=ROWS)
    for row in measure_roughness(sem, sem.pixel_size, lines, nominal, settings, 15.0).rows:
        assert row.sigma3_unbiased_nm < 1.0
        assert row.sigma3_at_length_nm < 1.0
