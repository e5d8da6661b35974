"""What a picture tells of itself without a design."""

from pathlib import Path

import numpy as np
import pytest
from skimage.io import imread

from semiview.core.case import Case, CaseInfo
from semiview.core.document import Document, MeasureSettings
from semiview.core.outline import rectangle
from semiview.core.registration import nominal_registration
from semiview.core.sem_image import PixelSize, SemImage
from semiview.files.sem_image_file import read_sem_image
from semiview.metrology.lattice import find_lattice
from semiview.metrology.measurement import Measurement, measure
from semiview.simulation.patterns import isolated
from semiview.simulation.recipe import Recipe
from semiview.simulation.sem import simulate

SMILE2 = Path(__file__).parents[3] / "shared/data/smile2"
SHAPE = (400, 440)
SIZE = PixelSize(2.0, 2.0, "test")
RECIPE = Recipe(roughness_sigma_nm=0.8, bias_nm=3.0)


def pictured(
    outlines: list[np.ndarray],
    tone: str,
    turn_deg: float,
    recipe: Recipe = RECIPE,
    shape: tuple[int, int] = SHAPE,
) -> SemImage:
    placed = nominal_registration(shape, SIZE, (0.0, 0.0), turn_deg)
    return SemImage.from_pixels(simulate(outlines, tone, placed, shape, recipe, 5).pixels, 2.0)  # type: ignore[arg-type]


def measured(sem: SemImage, algorithm: str = "threshold") -> Measurement:
    nominal = nominal_registration(sem.shape, sem.pixel_size, (0.0, 0.0))
    settings = MeasureSettings(edge_algorithm=algorithm)  # type: ignore[arg-type]
    return measure(Case(CaseInfo("alone"), sem, nominal), Document(nominal, settings=settings))


@pytest.mark.parametrize("turn_deg", [2.0, -88.5])
def test_that_lines_without_a_design_have_pitch_tilt_cd_and_roughness(turn_deg: float) -> None:
    lines = [rectangle(x - 24, -900, x + 24, 900) for x in (np.arange(13) - 6) * 90.0]
    found = measured(pictured(lines, "raised", turn_deg), "model")
    assert found.reasons == ()
    assert found.lattice is not None
    (period,) = found.lattice.periods
    assert period.length_nm == pytest.approx(90.0, rel=0.001)
    assert found.lattice.tilt_deg == pytest.approx((turn_deg + 45) % 90 - 45, abs=0.05)
    (row,) = (row for row in found.cd if row.gauge_id == "lattice-1")
    assert (row.mode, row.cd_nm) == ("pitch", period.length_nm)
    by_mode = {mode: [row.cd_nm for row in found.cd if row.mode == mode] for mode in ("line", "space", "pitch")}
    assert min(len(values) for values in by_mode.values()) >= 6
    assert np.mean(by_mode["line"]) == pytest.approx(54.0, abs=0.4)
    assert np.mean(by_mode["space"]) == pytest.approx(36.0, abs=0.4)
    assert np.mean(by_mode["pitch"]) == pytest.approx(90.0, abs=0.2)
    rough = {row.kind: row for row in found.roughness}
    assert rough["LER"].n_edges == 2 * rough["LWR"].n_edges >= 12
    assert rough["LER"].sigma3_unbiased_nm == pytest.approx(2.4, rel=0.15)


def test_that_holes_without_a_design_have_a_lattice_and_diameters() -> None:
    places = [(x, y) for x in np.arange(-7, 8) * 100.0 for y in np.arange(-7, 8) * 80.0]
    holes = [rectangle(x - 25, y - 25, x + 25, y + 25) for x, y in places]
    recipe = Recipe(roughness_sigma_nm=0.0, bias_nm=0.0, corner_radius_nm=25.0)
    found = measured(pictured(holes, "opening", 3.0, recipe), "model")
    assert found.lattice is not None
    assert [period.length_nm for period in found.lattice.periods] == pytest.approx([80.0, 100.0], rel=0.002)
    rows = [row for row in found.cd if row.mode == "hole"]
    assert len(rows) > 50
    assert np.mean([row.cd_nm for row in rows]) == pytest.approx(50.0, abs=0.8)  # the model is of a straight edge


def test_that_what_does_not_repeat_has_no_lattice() -> None:
    alone = list(isolated((880.0, 800.0), 60.0, 4))
    assert find_lattice(pictured(alone, "raised", 0.0), SIZE) is None
    noise = np.random.default_rng(0).normal(100, 10, SHAPE).astype(np.uint8)
    assert find_lattice(SemImage.from_pixels(noise, 2.0), SIZE) is None
    assert find_lattice(SemImage.from_pixels(np.full(SHAPE, 7, np.uint8), 2.0), SIZE) is None
    assert measured(pictured(alone, "raised", 0.0)).lattice is None


def test_that_a_row_of_bars_beside_a_line_repeats_along_the_row_alone() -> None:
    """Across the row the spectrum has a strong wave too: the distance from the bars to the line."""
    bars = [rectangle(-240, y - 20, -40, y + 20) for y in np.arange(-12, 13) * 80.0]
    field = [*bars, rectangle(60, -900, 160, 900)]
    found = find_lattice(pictured(field, "raised", 0.0, shape=(700, 1000)), SIZE)
    assert found is not None
    (period,) = found.periods
    assert period.length_nm == pytest.approx(80.0, rel=0.002)
    assert abs(period.angle_deg) == pytest.approx(90.0, abs=1.0)


def test_that_no_lattice_is_told_without_a_pixel_size() -> None:
    lines = [rectangle(x - 24, -900, x + 24, 900) for x in (np.arange(13) - 6) * 90.0]
    sem = pictured(lines, "raised", 0.0)
    unknown = SemImage.from_pixels(sem.pixels)
    assert find_lattice(unknown, unknown.pixel_size) is None
    found = measured(unknown)
    assert found.lattice is None
    assert found.cd == found.roughness == ()


@pytest.mark.skipif(not SMILE2.is_dir(), reason="the SMILE2 pictures are not here")
def test_that_real_pictures_have_the_periods_others_read() -> None:
    """Read by others: pitch 25.49 nm and tilt 0.94 deg of the lines; 43.50 and 43.15 nm of the holes' lattice.

    The tilt of 0.94 deg is what the whole file's spectrum says, the data bar below the picture among it (0.937 deg);
    the picture alone says 0.954 deg.
    """
    lines = read_sem_image(SMILE2 / "Test01.tif")
    found = find_lattice(lines, lines.pixel_size)
    assert found is not None
    assert found.periods[0].length_nm == pytest.approx(25.49, rel=0.005)
    assert abs(found.tilt_deg) == pytest.approx(0.954, abs=0.002)
    with_bar = SemImage.from_pixels(np.asarray(imread(SMILE2 / "Test01.tif")), lines.pixel_size.x_nm)
    assert with_bar.shape[0] > lines.shape[0]
    found_with_bar = find_lattice(with_bar, with_bar.pixel_size)
    assert found_with_bar is not None
    assert abs(found_with_bar.tilt_deg) == pytest.approx(0.94, rel=0.005)
    # The quarters of the picture differ by more than any estimator from another.
    assert 0.05 < found.periods[0].angle_se_deg < 0.12
    holes = read_sem_image(SMILE2 / "Ctest1.tif")
    found = find_lattice(holes, holes.pixel_size)
    assert found is not None
    assert [period.length_nm for period in found.periods] == pytest.approx([43.15, 43.50], rel=0.005)
