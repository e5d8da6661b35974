"""What edges, EPE and roughness of this installation err by, on simulated data whose truth is known."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from semiview.core.design import Design
from semiview.core.document import EdgeAlgorithm, MeasureSettings
from semiview.core.outline import Points, rectangle
from semiview.core.raster import coverage
from semiview.core.registration import Registration, Trust, nominal_registration
from semiview.core.sem_image import PixelSize
from semiview.metrology.contour import Contours, half_contours
from semiview.metrology.edge_profile import ALGORITHMS, find_edges, sample_profiles
from semiview.metrology.epe import measure_epe
from semiview.metrology.epe_points import design_points
from semiview.metrology.epe_summary import summarise
from semiview.metrology.noise import estimate_noise
from semiview.metrology.palasantzas import detrended, fit_roughness, palasantzas_psd, periodogram
from semiview.simulation.recipe import Recipe
from semiview.simulation.sem import simulate
from semiview.tasks.progress import Progress, TaskEvent

Values = npt.NDArray[np.float64]

SHAPE, SIZE = (400, 820), PixelSize(2.0, 2.0, "selftest")
LINES, PITCH_NM, HALF_NM, HEIGHTS = 19, 80.0, 21.65, 80
ROWS, DOSES = 4, (5.0, 10.0, 20.0, 40.0)
BIASES_PX = (-0.5, 0.0, 0.5, 1.0, 2.0, 5.0)
NOISES = (1.0, 2.0)
RUNS, EDGES, POSITIONS, XI, HURST, ALIASES = 8, 20, 2048, 25.0, 0.75, 8


@dataclass(frozen=True, slots=True)
class EdgeError:
    """Errors of one algorithm at one dose, px: mean, standard deviation, the Cramer-Rao bound and the ratio.

    `cd_change_px` is how far a CD (two edges) lies from that at the highest dose; `found` is the share of edges found.
    """

    algorithm: str
    dose: float
    rows: int
    edges: int
    found: float
    bias_px: float
    sigma_px: float
    bound_px: float
    ratio: float
    cd_change_px: float


@dataclass(frozen=True, slots=True)
class EpeError:
    """Mean EPE read off shapes that were printed larger by `bias_px`, px."""

    bias_px: float
    read_px: float
    points: int
    missing: int


@dataclass(frozen=True, slots=True)
class RoughnessError:
    """Unbiased sigma over the true one, over some runs; noise is in true sigmas, the error that one fit claims in %."""

    noise: float
    runs: int
    mean_ratio: float
    spread_percent: float
    claimed_percent: float


@dataclass(frozen=True, slots=True)
class MetrologyBudget:
    """The error budget of metrology."""

    edges: tuple[EdgeError, ...]
    epe: tuple[EpeError, ...]
    roughness: tuple[RoughnessError, ...]


def selftest_metrology(
    seed: int = 0, doses: Sequence[float] = DOSES, runs: int = RUNS
) -> Generator[TaskEvent, None, MetrologyBudget]:
    """Edges by algorithm and dose, EPE of known biases, and roughness of known edges over some runs (at least 2)."""
    total = len(doses) + len(BIASES_PX) + len(NOISES)
    edges: list[EdgeError] = []
    for number, dose in enumerate(sorted(doses, reverse=True)):
        yield Progress(number, total, f"edges at dose {dose:g}")
        for algorithm, errors in _edge_errors(dose, seed).items():
            first = next((each for each in edges if each.algorithm == algorithm), errors)
            edges.append(replace(errors, cd_change_px=2 * (errors.bias_px - first.bias_px)))
    epe = []
    for number, bias in enumerate(BIASES_PX):
        yield Progress(len(doses) + number, total, f"EPE of {bias:g} px")
        epe.append(_epe_error(bias))
    roughness = []
    for number, noise in enumerate(NOISES):
        yield Progress(len(doses) + len(BIASES_PX) + number, total, f"roughness under {noise:g} sigma of noise")
        roughness.append(_roughness_error(noise, seed, runs))
    yield Progress(total, total, "")
    edges.sort(key=lambda each: (ALGORITHMS.index(_algorithm(each.algorithm)), each.dose))
    return MetrologyBudget(tuple(edges), tuple(epe), tuple(roughness))


def _algorithm(name: str) -> EdgeAlgorithm:
    return next(each for each in ALGORITHMS if each == name)


def _edge_errors(dose: float, seed: int) -> dict[str, EdgeError]:
    """Of straight lines, tilted so that edges lie anywhere in a pixel, at their true edges."""
    recipe = Recipe(dose=dose, roughness_sigma_nm=0.0)
    middles = np.arange(LINES, dtype=np.float64) * PITCH_NM - (LINES - 1) / 2 * PITCH_NM
    lines = [rectangle(x - HALF_NM, -2000, x + HALF_NM, 2000) for x in middles]
    registration = nominal_registration(SHAPE, SIZE, (0.0, 0.0), 2.0)
    pixels = simulate(lines, "raised", registration, SHAPE, recipe, seed).pixels
    points, normals = _places(registration, middles)
    profiles = sample_profiles(pixels, points, normals, 14.0, ROWS)
    noise = estimate_noise(pixels).averaged(ROWS)
    room = np.full(len(points), HALF_NM / SIZE.x_nm)  # half of the line's width
    result: dict[str, EdgeError] = {}
    for algorithm in ALGORITHMS:
        found = find_edges(profiles, MeasureSettings(edge_algorithm=algorithm), noise, room)
        known = found.offset_px[np.isfinite(found.offset_px)]
        bound = float(np.nanmedian(found.bound_px))
        sigma = float(np.std(known))
        result[algorithm] = EdgeError(
            algorithm, dose, ROWS, len(points), len(known) / len(points), float(np.mean(known)), sigma, bound,
            sigma / bound, 0.0,
        )  # fmt: skip
    return result


def _places(registration: Registration, middles: Values) -> tuple[Points, Points]:
    """True edge points and outward normals in px, those of whole profiles in the picture."""
    heights = np.linspace(-380, 380, HEIGHTS)
    side = np.array([-1.0, 1.0])
    x = (middles[:, None] + side * HALF_NM).ravel()
    points = registration.to_px(np.column_stack([np.repeat(x, HEIGHTS), np.tile(heights, len(x))]))
    outward = np.repeat(np.tile(side, len(middles)), HEIGHTS)
    normals = registration.directions_to_px(np.column_stack([outward, 0 * outward]))
    whole = ((points > 14) & (points < np.array(SHAPE[::-1]) - 15)).all(axis=1)
    return points[whole], normals[whole]


def _epe_error(bias_px: float) -> EpeError:
    """Of nine squares that were printed larger on all sides, rastered by exact area."""
    bias_nm = bias_px * SIZE.x_nm
    places = [(x, y) for x in (-200.0, 0.0, 200.0) for y in (-200.0, 0.0, 200.0)]
    drawn = tuple(rectangle(x - 50, y - 50, x + 50, y + 50) for x, y in places)
    half = 50 + bias_nm
    printed = [rectangle(x - half, y - half, x + half, y + half) for x, y in places]
    shape = (400, 400)
    registration = replace(nominal_registration(shape, SIZE, (0.0, 0.0), 7.0), trust=Trust(verdict="unique"))
    standing = coverage([registration.outline_to_px(outline) for outline in printed], shape)
    design = Design(drawn, (), "raised", (-500.0, -500.0, 500.0, 500.0))
    points = design_points(design, registration, shape, MeasureSettings())
    contours = Contours(half_contours(standing))
    summary = summarise(measure_epe(points, contours, registration, shape, None, "prediction"), 15.0)
    return EpeError(bias_px, summary.mean_nm / SIZE.x_nm, summary.n, summary.missing)


def _roughness_error(noise: float, seed: int, runs: int) -> RoughnessError:
    """Of series with the spectrum of Palasantzas' model, parts of longer ones, with white noise."""
    rng = np.random.default_rng(seed)
    size = 8 * POSITIONS
    frequency = np.arange(size // 2 + 1) / size
    psd = np.sum([palasantzas_psd(frequency + alias, 1.0, XI, HURST) for alias in range(-ALIASES, ALIASES + 1)], axis=0)
    ratios, claimed = [], []
    for _ in range(runs):
        white = np.fft.rfft(rng.standard_normal((EDGES, size)))
        series = np.fft.irfft(white * np.sqrt(psd), size)[:, :POSITIONS]
        series = series + noise * rng.standard_normal(series.shape)
        fit = fit_roughness(periodogram(detrended(series), 1.0).mean(axis=0), EDGES, 1.0, POSITIONS)
        ratios.append(fit.sigma_nm)
        claimed.append(fit.ln_sigma_se)
    spread = float(100 * np.std(ratios, ddof=1))
    return RoughnessError(noise, runs, float(np.mean(ratios)), spread, float(100 * np.mean(claimed)))
