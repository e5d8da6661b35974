"""How periodograms of neighbouring frequencies depend on each other, and what that does to a Whittle fit's error.

A Whittle likelihood takes the frequencies for independent. Finite length and the line fit make them lean on each other,
so that the plain Fisher matrix promises some 4 % too much: the covariance of the fit is J^-1 K J^-1, with J the Fisher
matrix and K the covariance of the likelihood's slope.
"""

import numpy as np

from semiview.metrology.crossing import Floats, Integers


def fit_covariance(relative: Floats, weight: Floats, series: float, relative_covariance: Floats) -> Floats:
    """(P, P) covariance of P parameters that were fitted by a Whittle likelihood.

    Parameters
    ----------
    relative
        (P, K) derivatives of the expected periodogram by the parameters, over itself.
    weight
        (K,) of each frequency in the likelihood.
    series
        How many independent series the mean periodogram is of.
    relative_covariance
        (K, K) of one series, as `relative_covariance` gives it.
    """
    inverse = np.linalg.pinv((relative * weight) @ relative.T)
    slopes = relative * weight
    result: Floats = inverse @ (slopes @ relative_covariance @ slopes.T / series) @ inverse
    return result


def relative_covariance(autocovariance: Floats) -> Floats:
    """(K, K) covariance of the periodogram at frequencies 1 to N // 2 over its mean, of one series after its line fit.

    Parameters
    ----------
    autocovariance
        (N,) of the series, noise included.

    Notes
    -----
    For Fourier coefficients F_k counted from the middle of the series, E[F_k conj F_l] is real:
    (-1)^(k - l) (b_k - b_l) / (N sin(pi (k - l) / N)) with b_k the imaginary part of the one-sided transform of the
    autocovariance, less what the line takes, a product of two vectors. The covariance of |F_k|^2 and |F_l|^2 is
    |E[F_k conj F_l]|^2 + |E[F_k F_l]|^2.
    """
    count = len(autocovariance)
    number: Integers = np.arange(1, count // 2 + 1, dtype=np.int64)
    one_sided = np.fft.fft(np.append(0.0, autocovariance[1:]))[number]
    triangle = np.fft.fft(np.append(0.0, autocovariance[1:] * np.arange(1, count)))[number]
    own = autocovariance[0] + 2 * one_sided.real - 2 / count * triangle.real
    slope = np.arange(count) - (count - 1) / 2
    slope /= np.linalg.norm(slope)
    ring = np.fft.rfft(np.concatenate([autocovariance, [0.0], autocovariance[:0:-1]]))
    sloped = np.fft.irfft(ring * np.fft.rfft(slope, 2 * count), 2 * count)[:count]
    to_middle = np.exp(1j * np.pi * number * (count - 1) / count) / np.sqrt(count)
    line, taken = ((np.fft.fft(series)[number] * to_middle).imag for series in (slope, sloped))
    by_line = np.outer(line, taken)
    by_line += by_line.T - float(slope @ sloped) * np.outer(line, line)

    def between(other: Integers, imaginary: Floats) -> Floats:
        apart = number[:, None] - other
        same, round_the_ring = apart == 0, apart == count  # the last frequency of an even count is its own negative
        sine = count * np.sin(np.pi * apart / count)
        product = (one_sided.imag[:, None] - imaginary) / np.where(same | round_the_ring, 1.0, sine)
        product[apart % 2 != 0] *= -1
        return np.where(same, own[:, None], np.where(round_the_ring, -own[:, None], product))

    straight = between(number, one_sided.imag) - by_line
    turned = between(-number, -one_sided.imag) + by_line
    mean = np.diag(straight)
    result: Floats = (straight**2 + turned**2) / np.outer(mean, mean)
    return result
