"""Line edge and line width roughness of lines that are long enough, from the unfiltered picture.

An edge's position is read every S rows from profiles averaged over those S rows, so that neighbouring positions share
no pixel and their noise is white; what the averaging takes from the roughness is in the model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from semiview.core.document import MeasureSettings
from semiview.core.registration import Registration
from semiview.core.sem_image import PixelSize, SemImage
from semiview.metrology.contour import picture_noise
from semiview.metrology.crossing import Booleans, Floats
from semiview.metrology.edge_places import LEVEL_PX
from semiview.metrology.edge_profile import dark_material, find_edges, sample_profiles
from semiview.metrology.long_lines import LongLine
from semiview.metrology.palasantzas import detrended, fit_roughness, palasantzas_psd, periodogram

FEWEST_POSITIONS = 64
MARGIN_PX = 3.0
LOST_SHARE = 0.1
LENGTH_IN_XI = 40.0
SHORTEST_XI = 1.01  # of the positions' distance: the least that is fitted, and as flat as noise
NOISE_SIGMAS = 2.0  # of the noise's own scatter: what does not stand out by more is no roughness
BEAM_PROFILES = 500  # tell the beam


@dataclass(frozen=True, slots=True)
class RoughnessRow:
    """A row of roughness.csv without the case, of all lines of one drawn width and direction together.

    `sigma3_biased_nm` is 3 sigma of the detrended positions, noise included; `sigma3_unbiased_nm` that of the fitted
    model without noise, `sigma3_se_nm` its standard error. `sigma3_at_length_nm` is 3 sigma over this very length, the
    noise taken off: what these edges are, while the unbiased value is what endless ones of their kind would be.
    `noise_nm` is the standard deviation of one position's noise, `correlation` that of left and right edges (LWR). NaN
    with a reason; a reason may also be a warning. Where the fit's own error exceeds all that was seen (the biased
    value) the spectrum does not determine it: sigma, xi and H are NaN then. Where nothing stands out of the noise, the
    unbiased value is the one over this length, its error the least that would have stood out.
    """

    gauge_id: str
    kind: str
    n_edges: int
    length_nm: float
    sigma3_biased_nm: float
    sigma3_unbiased_nm: float
    sigma3_se_nm: float
    xi_nm: float
    hurst: float
    noise_nm: float
    correlation: float
    edge_algorithm: str
    reason: str
    sigma3_at_length_nm: float = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Two-sided power spectral densities in nm^3 of the lines of one row of roughness.csv, and what was fitted.

    Attributes
    ----------
    gauge_id, kind
        Those of the row.
    lines
        gauge_id of each of the K lines.
    frequency_per_nm
        (F,) frequencies from 0 to half the sampling frequency.
    psd_nm3, each_nm3
        (F,) mean over all edges; (K, F) of each line, for LER the mean of its two edges.
    fitted_nm3
        (F,) expected periodogram of the fit, noise included; NaN where nothing could be fitted.
    model_nm3
        (F,) Palasantzas' model with the fitted sigma, xi and H, without noise; NaN as before.
    noise_nm3
        Level of the fitted noise floor; NaN as before.
    """

    gauge_id: str
    kind: str
    lines: tuple[str, ...]
    frequency_per_nm: Floats
    psd_nm3: Floats
    each_nm3: Floats
    fitted_nm3: Floats
    model_nm3: Floats
    noise_nm3: float


@dataclass(frozen=True, slots=True)
class Roughness:
    """Rows of roughness.csv and the spectrum of each."""

    rows: tuple[RoughnessRow, ...] = ()
    spectra: tuple[Spectrum, ...] = ()


def roughness_of(
    left_nm: Floats,
    right_nm: Floats,
    step_nm: float,
    rows: int,
    gauge_id: str = "",
    edge_algorithm: str = "",
    lines: Sequence[str] = (),
    beam_nm: float = 0.0,
) -> Roughness:
    """LER and LWR of lines whose edge positions are known.

    Parameters
    ----------
    left_nm, right_nm
        (K, N) positions across the lines, `step_nm` apart along them; finite.
    rows
        Number S of rows averaged into a position; the rows of one position follow those of the one before.
    lines
        gauge_id of each line.
    beam_nm
        Standard deviation of the beam that the edges were seen with.
    """
    left, right = detrended(left_nm), detrended(right_nm)
    pairs = np.sum(left * right, axis=1), np.sum(left**2, axis=1) * np.sum(right**2, axis=1)
    correlation = float(np.mean(pairs[0] / np.sqrt(np.where(pairs[1] > 0, pairs[1], 1))))
    found = Roughness()
    for kind, series in (("LER", np.concatenate([left, right])), ("LWR", right - left)):
        count = series.shape[1]
        half = count // 2 + 1
        biased = 3 * float(np.sqrt(np.mean(series**2)))
        unbiased = error = xi = hurst = noise = level = float("nan")
        frequency = np.arange(half) / (count * step_nm)
        fitted, model, reason = np.full(half, np.nan), np.full(half, np.nan), ""
        each = periodogram(series, step_nm)
        psd = each.mean(axis=0)
        averaged_nm = step_nm if rows > 1 else 0.0
        try:
            fit = fit_roughness(psd, len(series), step_nm, count, blur_nm=beam_nm, averaged_nm=averaged_nm)
        except ValueError as problem:
            reason = str(problem)
        else:
            unbiased, xi, hurst, noise = 3 * fit.sigma_nm, fit.xi_nm, fit.hurst, fit.noise_nm
            error, fitted, level = unbiased * fit.ln_sigma_se, fit.expected_nm3, noise**2 * step_nm
            model = palasantzas_psd(frequency, fit.sigma_nm, xi, hurst)
            beyond_noise = biased**2 - (3 * noise) ** 2 * (1 - 2 / count)
            doubt = biased**2 * float(np.sqrt(2 / series.size))
            if xi < SHORTEST_XI * step_nm:
                unbiased = error = xi = hurst = noise = float("nan")
                reason = "roughness and noise cannot be told apart: correlated over less than the edge is sampled"
            elif beyond_noise < NOISE_SIGMAS * doubt:
                xi = hurst = float("nan")
                unbiased, error = float(np.sqrt(max(beyond_noise, 0.0))), float(np.sqrt(doubt))
                reason = "no roughness beyond the noise"
            elif not error <= biased:
                unbiased = error = xi = hurst = float("nan")
                reason = "too short: the spectrum does not determine what endless edges would have"
            elif not fit.plateau:
                reason = "no noise plateau in the spectrum"
            elif count * step_nm < LENGTH_IN_XI * xi:
                reason = "shorter than 40 correlation lengths"
        values = (biased, unbiased, error, xi, hurst, noise, correlation)
        # Of white noise the line takes two parts of `count`; the rest is the roughness over this length.
        at_length = 3 * float(np.sqrt(np.maximum((biased / 3) ** 2 - noise**2 * (1 - 2 / count), 0.0)))
        row = RoughnessRow(gauge_id, kind, len(series), count * step_nm, *values, edge_algorithm, reason, at_length)
        of_lines = each.reshape(-1, len(left), count)[:, :, :half].mean(axis=0)
        spectrum = Spectrum(gauge_id, kind, tuple(lines), frequency, psd[:half], of_lines, fitted, model, level)
        found = Roughness((*found.rows, row), (*found.spectra, spectrum))
    return found


def measure_roughness(
    sem: SemImage,
    pixel_size: PixelSize,
    lines: Sequence[LongLine],
    registration: Registration,
    settings: MeasureSettings,
    reach_px: float,
    ignore: Booleans | None = None,
) -> Roughness:
    """LER and LWR of lines: two rows for each width and direction.

    Lines of fewer than 64 positions are left out. Lengths are in nm of `pixel_size`.
    """
    if not pixel_size.known:
        return Roughness()
    groups: dict[tuple[float, float], list[LongLine]] = {}
    for line in lines:
        groups.setdefault((round(line.cd_nm, 1), round(line.gauge.angle_deg, 1)), []).append(line)
    answer = Roughness()
    for alike in groups.values():
        named = [(line.gauge.gauge_id, _places(sem, line, registration, settings, ignore)) for line in alike]
        places = {gauge_id: place for gauge_id, place in named if place is not None}
        if not places:
            continue
        normal = registration.directions_to_px(alike[0].across[None])[0]
        nm_per_px = registration.frame.nm_per_px
        found, beam_px = _positions(sem, pixel_size, places, normal, settings, reach_px, alike[0].cd_nm / nm_per_px)
        if not found:
            continue
        count = min(positions.shape[1] for positions in found.values())
        cut = np.stack([positions[:, :count] for positions in found.values()])
        names = tuple(found)
        name = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} alike"
        along = registration.directions_to_px(alike[0].along[None])[0]
        nm_along = float(np.hypot(along[0] * pixel_size.x_nm, along[1] * pixel_size.y_nm))
        rows, algorithm = settings.rows_averaged, settings.edge_algorithm
        own = roughness_of(
            cut[:, 0], cut[:, 1], rows * nm_along, rows, name, algorithm, names, beam_nm=beam_px * nm_along
        )
        answer = Roughness(answer.rows + own.rows, answer.spectra + own.spectra)
    return answer


def _places(
    sem: SemImage,
    line: LongLine,
    registration: Registration,
    settings: MeasureSettings,
    ignore: Booleans | None,
) -> Floats | None:
    """(2, N, 2) points in px on the left and the right edge, S rows apart; None if too few can be seen."""
    pitch = settings.rows_averaged / float(np.hypot(*(registration.linear_px() @ line.along)))
    place = np.arange(line.begin_nm, line.end_nm, pitch)
    largest = np.array([sem.shape[1] - 1, sem.shape[0] - 1])
    middle = np.array([line.gauge.x_nm, line.gauge.y_nm])
    sides = [middle + side * line.cd_nm / 2 * line.across + place[:, None] * line.along for side in (-1.0, 1.0)]
    points = np.stack([registration.to_px(side) for side in sides])
    seen = np.all((points >= MARGIN_PX) & (points <= largest - MARGIN_PX), axis=(0, 2))
    points = points[:, seen]
    if points.shape[1] < FEWEST_POSITIONS:
        return None
    if ignore is not None:
        column, row = np.rint(points).astype(np.int64).reshape(-1, 2).T
        if ignore[row, column].any():
            return None
    return points


def _positions(
    sem: SemImage,
    pixel_size: PixelSize,
    places: Mapping[str, Floats],
    normal: Floats,
    settings: MeasureSettings,
    reach_px: float,
    width_px: float,
) -> tuple[dict[str, Floats], float]:
    """(2, N) left and right edge of each line in nm, and the beam in px.

    Lines with too many positions lost are left out.
    """
    points = np.concatenate([part.reshape(-1, 2) for part in places.values()])
    side = np.concatenate([np.repeat([-1.0, 1.0], part.shape[1]) for part in places.values()])
    profiles = sample_profiles(sem.pixels, points, side[:, None] * normal, reach_px + LEVEL_PX, settings.rows_averaged)
    room = np.full(len(points), min(reach_px, width_px / 2))
    facing = np.tile([width_px, np.inf], (len(points), 1))
    noise = picture_noise(sem).averaged(settings.rows_averaged)
    signal, level = (-profiles, noise.negated()) if dark_material(profiles, room) else (profiles, noise)
    edges = find_edges(signal, settings, level, room, saturated_high=sem.saturated_high, facing_px=facing)
    offset, shape = edges.offset_px, edges.shape
    if shape is None:
        some = slice(None, None, max(len(points) // BEAM_PROFILES, 1))
        by_model = replace(settings, edge_algorithm="model")
        shape = find_edges(
            signal[some], by_model, level, room[some], saturated_high=sem.saturated_high, facing_px=facing[some]
        ).shape
    beam_px = 0.0 if shape is None else shape.lengths[0]
    scale = float(np.hypot(normal[0] * pixel_size.x_nm, normal[1] * pixel_size.y_nm))
    lines = {}
    ends = np.cumsum([2 * part.shape[1] for part in places.values()])
    for (gauge_id, part), end in zip(places.items(), ends.tolist(), strict=True):
        both = offset[end - 2 * part.shape[1] : end].reshape(2, -1)
        found = np.isfinite(both)
        if np.mean(~found, axis=1).max() > LOST_SHARE:
            continue
        number = np.arange(part.shape[1])
        filled = [np.interp(number, number[known], one[known]) for one, known in zip(both, found, strict=True)]
        lines[gauge_id] = scale * np.array([[-1.0], [1.0]]) * np.stack(filled)
    return lines, beam_px
