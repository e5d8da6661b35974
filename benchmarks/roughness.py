"""Palasantzas fit on simulated series at METROLOGY 7's condition: bias, spread and how often the error bar holds.

N = 2048 rows of 1 nm, xi 25, H 0.75, 20 edges, noise equal to and twice the signal.

Run: python -m benchmarks.roughness [RUNS]
"""

import sys
import time

import numpy as np
import numpy.typing as npt

from semiview.metrology.palasantzas import detrended, fit_roughness, palasantzas_psd, periodogram

COUNT, EDGES, SIGMA, XI, HURST = 2048, 20, 1.0, 25.0, 0.75
ALIASES = 8
LONGER = 8


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    print(f"{'noise':>6} {'runs':>5} {'mean':>7} {'sd %':>6} {'bars hold %':>12} {'ms a fit':>9}")
    for noise in (1.0, 2.0):
        generator = np.random.default_rng(0)
        begun = time.process_time()
        sigmas, held = [], 0
        for _ in range(runs):
            series = rough_edges(generator) + noise * generator.standard_normal((EDGES, COUNT))
            fit = fit_roughness(periodogram(detrended(series), 1.0).mean(axis=0), EDGES, 1.0, COUNT)
            sigmas.append(fit.sigma_nm / SIGMA)
            held += abs(np.log(fit.sigma_nm / SIGMA)) < 1.96 * fit.ln_sigma_se
        spent = 1e3 * (time.process_time() - begun) / runs
        mean, spread = float(np.mean(sigmas)), 100 * float(np.std(sigmas))
        print(f"{noise:6.1f} {runs:5d} {mean:7.4f} {spread:6.2f} {100 * held / runs:12.1f} {spent:9.0f}")


def rough_edges(generator: np.random.Generator) -> npt.NDArray[np.float64]:
    """(EDGES, COUNT) parts of longer series, so that their ends do not meet."""
    size = LONGER * COUNT
    frequency: npt.NDArray[np.float64] = np.arange(size // 2 + 1) / size
    psd = np.sum([palasantzas_psd(frequency + a, SIGMA, XI, HURST) for a in range(-ALIASES, ALIASES + 1)], axis=0)
    white = np.fft.rfft(generator.standard_normal((EDGES, size)))
    series: npt.NDArray[np.float64] = np.fft.irfft(white * np.sqrt(psd), size)[:, :COUNT]
    return series


if __name__ == "__main__":
    main()
