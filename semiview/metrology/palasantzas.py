"""Fit of Palasantzas' model to the spectra of rough edges, by the Whittle likelihood of their expected periodogram."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import scipy  # loads its parts when they are asked for: the window starts sooner
from scipy.special import gamma

from semiview.metrology.crossing import Floats
from semiview.metrology.whittle import fit_covariance, relative_covariance

ALIASES = 4  # the model's spectrum is summed up to so many sampling frequencies
FINE = 4  # the spectrum is drawn on a grid so much finer than the periodogram
HURST = (0.1, 1.2)


@dataclass(frozen=True, slots=True)
class RoughnessFit:
    """sigma, correlation length xi and exponent H of the edge itself, without noise.

    Attributes
    ----------
    noise_nm
        Standard deviation of the noise of one edge position.
    ln_sigma_se
        Standard error of ln sigma with all four parameters free, and with what neighbouring frequencies have in common:
        sigma exp(+-1.96 se) holds the truth in 95 of 100.
    expected_nm3
        (N/2 + 1,) the fitted expected periodogram, noise included.
    plateau
        False where no part of the spectrum is mostly noise: noise and exponent can hardly be told apart then.
    """

    sigma_nm: float
    xi_nm: float
    hurst: float
    noise_nm: float
    ln_sigma_se: float
    expected_nm3: Floats
    plateau: bool


def palasantzas_psd(frequency: Floats, sigma: float, xi: float, hurst: float) -> Floats:
    """Two-sided PSD in nm^3 at frequencies in 1/nm: PSD0 / (1 + (2 pi f xi)^2)^(H + 1/2)."""
    at_zero = 2 * np.sqrt(np.pi) * sigma**2 * xi * gamma(hurst + 0.5) / gamma(hurst)
    result: Floats = at_zero / (1 + (2 * np.pi * frequency * xi) ** 2) ** (hurst + 0.5)
    return result


def periodogram(series: Floats, step_nm: float) -> Floats:
    """(..., N) two-sided PSD in nm^3 of mean-free series: its sum over N dy is the variance (ddof 0)."""
    count = series.shape[-1]
    result: Floats = step_nm / count * np.abs(np.fft.fft(series, axis=-1)) ** 2
    return result


def detrended(series: Floats) -> Floats:
    """(..., N) without the best-fit line."""
    count = series.shape[-1]
    line = _line(count)
    result: Floats = series - (series @ line) @ line.T
    return result


def _line(count: int) -> Floats:
    """(N, 2) orthonormal columns: constant and slope."""
    slope = np.arange(count) - (count - 1) / 2
    return np.column_stack([np.full(count, count**-0.5), slope / np.linalg.norm(slope)])


def expected_periodogram(
    sigma: float, xi: float, hurst: float, count: int, step_nm: float, blur_nm: float = 0.0, averaged_nm: float = 0.0
) -> Floats:
    """(N/2 + 1,) mean periodogram in nm^3 of N positions after the line fit: leakage and aliasing included.

    Parameters
    ----------
    blur_nm, averaged_nm
        Standard deviation of the beam, and length of the mean, along the edge.

    Notes
    -----
    The autocovariance of the sampled edge comes from the spectrum on a finer grid. The periodogram of the raw series
    is that times a triangle. The line takes its share at each frequency: E|F(x - P x)|^2, with P of rank 2.
    """
    autocovariance = _autocovariance(sigma, xi, hurst, count, step_nm, blur_nm, averaged_nm)
    lags = np.arange(count)
    weighted = (1 - lags / count) * autocovariance
    weighted[0] /= 2
    raw = 2 * step_nm * np.fft.fft(weighted).real
    line, spectrum = _line(count), _line_spectrum(count)
    # C P for the Toeplitz covariance C, by circulant embedding.
    ring = np.concatenate([autocovariance, [0.0], autocovariance[:0:-1]])
    embedded = np.fft.rfft(ring)
    product = np.fft.irfft(embedded[:, None] * np.fft.rfft(line, 2 * count, axis=0), 2 * count, axis=0)[:count]
    crossed = np.fft.fft(product, axis=0)
    inner = line.T @ product
    taken = 2 * np.sum((spectrum.conj() * crossed).real, axis=1)
    given = np.einsum("ki,ij,kj->k", spectrum.conj(), inner, spectrum).real
    result: Floats = (raw + step_nm / count * (given - taken))[: count // 2 + 1]
    np.maximum(result, 1e-12 * max(float(raw.max()), 1e-300), out=result)
    return result


@lru_cache(maxsize=8)
def _line_spectrum(count: int) -> npt.NDArray[np.complex128]:
    return np.fft.fft(_line(count), axis=0)


def _autocovariance(
    sigma: float, xi: float, hurst: float, count: int, step: float, blur: float, averaged: float
) -> Floats:
    """(N,) covariance of positions `step` apart: the aliased spectrum's transform on a ring FINE times as long."""
    size = 2 * FINE * count
    frequency: Floats = np.arange(size // 2 + 1) / (size * step)
    total = np.zeros(len(frequency))
    for alias in range(-ALIASES, ALIASES + 1):
        at = frequency + alias / step
        seen = np.exp(-((2 * np.pi * at * blur) ** 2)) * np.sinc(at * averaged) ** 2
        total += palasantzas_psd(at, sigma, xi, hurst) * seen
    if blur == 0 and averaged == 0:  # what lies beyond, as the integral of the power law
        end = ALIASES + 0.5
        total += palasantzas_psd(np.array([end / step]), sigma, xi, hurst) * end / hurst
    result: Floats = np.fft.irfft(total, size)[:count] / step
    return result


def fit_roughness(
    psd_nm3: Floats, edges: float, step_nm: float, count: int, blur_nm: float = 0.0, averaged_nm: float = 0.0
) -> RoughnessFit:
    """The model whose expected periodogram makes the mean PSD of some edges likeliest.

    Parameters
    ----------
    psd_nm3
        (N,) two-sided mean periodogram of the detrended edges.
    edges
        How many independent edges the mean is of.
    count
        N positions `step_nm` apart.

    Raises
    ------
    ValueError
        If there are too few positions or the PSD holds no variance.
    """
    half = count // 2 + 1
    if count < 16:
        raise ValueError(f"a spectrum needs at least 16 positions, not {count}")
    mean = psd_nm3[:half]
    if not (np.isfinite(mean).all() and mean[1:].sum() > 0):
        raise ValueError("the edges have no roughness to fit, or a position is not finite")
    # Frequency 0 and a little of the first hold what the line took; N/2 stands alone, the others for two.
    weight = np.full(half, float(edges))
    weight[0] = 0.0
    if count % 2 == 0:
        weight[-1] /= 2
    high = mean[-max(half // 8, 2) :]
    noise = max(float(np.median(high)), 1e-9 * float(mean.max()))
    variance = float(psd_nm3.sum() / (count * step_nm))
    signal = max(variance - noise / step_nm, 0.05 * variance)
    # Half of the roughness lies below the frequency where the running sum has reached half.
    running = np.cumsum(np.maximum(mean[1:] - noise, 0.0))
    knee = (int(np.searchsorted(running, 0.6 * running[-1])) + 1) / (count * step_nm) if running[-1] > 0 else 1.0
    start = np.log([np.sqrt(signal), np.clip(1 / (2 * np.pi * knee), step_nm, count * step_nm / 8), 0.7, noise])
    white = _noise_shape(count)[:half]

    def expected(values: Floats) -> Floats:
        sigma, xi, hurst, level = (float(value) for value in np.exp(values))
        shape = expected_periodogram(sigma, xi, hurst, count, step_nm, blur_nm, averaged_nm)
        return shape + level * white

    def unlikely(values: Floats) -> float:
        model = expected(values)
        return float(np.sum(weight * (np.log(model) + mean / model)))

    def gradient(values: Floats) -> Floats:
        model = expected(values)
        slope: Floats = np.sum(_derivatives(expected, values, model) * weight * (1 / model - mean / model**2), axis=1)
        return slope

    bounds = [
        (start[0] - 3, start[0] + 2),
        (np.log(step_nm), np.log(count * step_nm / 2)),  # of a shorter xi positions show no more than white noise
        (np.log(HURST[0]), np.log(HURST[1])),
        (start[3] - 12, start[3] + 2),
    ]
    found = scipy.optimize.minimize(
        unlikely, start, jac=gradient, method="L-BFGS-B", bounds=bounds, options={"maxiter": 60}
    )
    values = np.asarray(found.x, dtype=np.float64)
    model = expected(values)
    relative = _derivatives(expected, values, model) / model
    sigma, xi, hurst, level = np.exp(values).tolist()
    series = _autocovariance(sigma, xi, hurst, count, step_nm, blur_nm, averaged_nm)
    series[0] += level / step_nm
    covariance = fit_covariance(relative[:, 1:], weight[1:], edges, relative_covariance(series))
    return RoughnessFit(
        sigma, xi, hurst, float(np.sqrt(level / step_nm)), float(np.sqrt(max(covariance[0, 0], 0.0))), model,
        bool(level > 0.5 * model[-max(half // 16, 2) :].mean()),
    )  # fmt: skip


def _noise_shape(count: int) -> Floats:
    """(N,) mean periodogram of white noise of PSD 1 after the line fit."""
    taken: Floats = np.sum(np.abs(_line_spectrum(count)) ** 2, axis=1) / count
    left: Floats = np.clip(1 - taken, 1e-9, None)
    return left


def _derivatives(expected: Callable[[Floats], Floats], values: Floats, model: Floats) -> Floats:
    rows = []
    for index in range(4):
        moved = values.copy()
        moved[index] += 1e-4
        rows.append((expected(moved) - model) / 1e-4)
    return np.array(rows)
