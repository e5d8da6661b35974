"""METROLOGY 7: Parseval, the expected periodogram, the fit without bias, and lines of the project's own simulation."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import toeplitz

from semiview.core.case import Case, CaseInfo
from semiview.core.design import Design
from semiview.core.document import Document, MeasureSettings
from semiview.core.outline import rectangle
from semiview.core.registration import Trust, nominal_registration
from semiview.core.sem_image import PixelSize, SemImage
from semiview.metrology.measurement import measure
from semiview.metrology.palasantzas import (
    detrended,
    expected_periodogram,
    fit_roughness,
    palasantzas_psd,
    periodogram,
)
from semiview.metrology.roughness import roughness_of
from semiview.metrology.whittle import relative_covariance
from semiview.simulation.printed import PrintedEdges
from semiview.simulation.recipe import Recipe
from semiview.simulation.sem import simulate

SIGMA, XI, HURST = 1.0, 25.0, 0.75


def rough(edges: int, count: int, seed: int, step: float = 1.0) -> np.ndarray:
    """Parts of a series eight times as long, so that their ends do not meet."""
    size = 8 * count
    frequency = np.fft.rfftfreq(size, step)
    psd = sum(palasantzas_psd(frequency + alias / step, SIGMA, XI, HURST) for alias in range(-64, 65))
    white = np.random.default_rng(seed).standard_normal((edges, size))
    return np.fft.irfft(np.fft.rfft(white) * np.sqrt(psd / step), size)[:, :count]


@pytest.mark.parametrize("count", [64, 77, 1000])
def test_that_the_psd_sums_to_the_variance(count: int) -> None:
    series = detrended(np.random.default_rng(count).normal(3, 2, (5, count)) + np.arange(count))
    total = periodogram(series, 1.7).sum(axis=1) / (count * 1.7)
    assert np.abs(total / series.var(axis=1) - 1).max() < 1e-12


def test_that_the_expected_periodogram_is_the_mean_of_many() -> None:
    mean = periodogram(detrended(rough(3000, 256, 1)), 1.0).mean(axis=0)[:129]
    ratio = mean / expected_periodogram(SIGMA, XI, HURST, 256, 1.0)
    assert np.abs(ratio[1:] - 1).max() < 5 / np.sqrt(3000)
    assert ratio[1:].mean() == pytest.approx(1.0, abs=0.03)  # what leaks from one series leaks into all bins


def test_that_a_finite_length_holds_less_than_all_of_the_variance() -> None:
    expected = expected_periodogram(SIGMA, XI, HURST, 2048, 1.0)
    whole = (expected[0] + 2 * expected[1:-1].sum() + expected[-1]) / 2048
    integral = 2 * np.sqrt(np.pi) * XI * 1.2254167**-1 * 0.9064025  # Gamma(5/4) / Gamma(3/4)
    assert whole == pytest.approx(1 - 2 * integral / 2048, abs=2e-3)


@pytest.mark.parametrize("noise", [1.0, 2.0])
def test_that_the_fit_gives_the_roughness_without_its_noise(noise: float) -> None:
    ratios, held = [], 0
    for seed in range(8):
        series = rough(20, 2048, seed) + noise * np.random.default_rng(seed + 99).standard_normal((20, 2048))
        fit = fit_roughness(periodogram(detrended(series), 1.0).mean(axis=0), 20, 1.0, 2048)
        ratios.append(fit.sigma_nm / SIGMA)
        held += abs(np.log(fit.sigma_nm / SIGMA)) < 1.96 * fit.ln_sigma_se
        assert fit.noise_nm == pytest.approx(noise, rel=0.02)
        assert fit.plateau
        assert fit.ln_sigma_se == pytest.approx(0.025, abs=0.006)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.025)
    assert held >= 6


def test_that_smooth_edges_say_that_there_is_no_plateau() -> None:
    fit = fit_roughness(periodogram(detrended(rough(20, 512, 4)), 1.0).mean(axis=0), 20, 1.0, 512)
    assert not fit.plateau


def test_that_what_cannot_be_fitted_says_why() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        fit_roughness(np.ones(8), 1, 1.0, 8)
    ler, lwr = roughness_of(np.zeros((1, 64)), np.zeros((1, 64)), 1.0, 1).rows
    assert np.isnan(ler.sigma3_unbiased_nm)
    assert "no roughness" in lwr.reason


def test_that_a_spectrum_goes_with_each_row_and_holds_its_variance() -> None:
    left, right = rough(3, 512, 5), rough(3, 512, 6)
    found = roughness_of(left, right, 2.0, 1, "line-1 and 2 alike", lines=("line-1", "line-2", "line-3"))
    for row, spectrum in zip(found.rows, found.spectra, strict=True):
        assert (spectrum.kind, spectrum.lines) == (row.kind, ("line-1", "line-2", "line-3"))
        both_sides = 2 * spectrum.psd_nm3.sum() - spectrum.psd_nm3[0] - spectrum.psd_nm3[-1]
        assert np.sqrt(both_sides / (512 * 2.0)) == pytest.approx(row.sigma3_biased_nm / 3, rel=1e-12)
        assert np.allclose(spectrum.each_nm3.mean(axis=0), spectrum.psd_nm3, rtol=1e-12)
        assert spectrum.frequency_per_nm[-1] == pytest.approx(0.25)
        assert spectrum.fitted_nm3[-20:].mean() == pytest.approx(spectrum.psd_nm3[-20:].mean(), rel=0.4)


def test_that_edges_that_move_together_have_no_width_roughness() -> None:
    same = rough(4, 512, 7)
    noise = 0.3 * np.random.default_rng(0).standard_normal((2, 4, 512))
    ler, lwr = roughness_of(same + noise[0], same + noise[1], 1.0, 1).rows
    assert ler.correlation > 0.8
    assert ler.sigma3_biased_nm > 3 * lwr.sigma3_biased_nm / 2
    assert lwr.sigma3_biased_nm == pytest.approx(3 * 0.3 * np.sqrt(2), rel=0.05)


@pytest.mark.parametrize(("dose", "within"), [(200.0, 0.08), (40.0, 0.1)])
def test_that_simulated_lines_are_as_rough_as_they_were_made(dose: float, within: float) -> None:
    shape = (800, 900)
    recipe = Recipe(dose=dose, roughness_sigma_nm=1.5, roughness_xi_nm=20.0, shading=0.0, corner_radius_nm=5.0)
    lines = tuple(rectangle(x - 30, -1500, x + 30, 1500) for x in (np.arange(7) - 3) * 120.0)
    placed = nominal_registration(shape, PixelSize(2.0, 2.0, "test"), (0.0, 0.0), 0.7)
    field = simulate(lines, "raised", placed, shape, recipe, 3)
    design = Design(lines, (), "raised", (-1000.0, -900.0, 1000.0, 900.0))
    placed = replace(placed, trust=Trust(verdict="unique"))
    case = Case(CaseInfo("rough"), SemImage.from_pixels(field.pixels, 2.0), placed, design)
    settings = MeasureSettings(edge_algorithm="model", rows_averaged=2)
    rows = {row.kind: row for row in measure(case, Document(placed, settings=settings)).roughness}
    assert rows["LER"].n_edges == 14
    assert rows["LWR"].n_edges == 7
    assert rows["LER"].length_nm > 1400
    assert rows["LER"].sigma3_unbiased_nm == pytest.approx(4.5, rel=within)
    assert rows["LWR"].sigma3_unbiased_nm == pytest.approx(4.5 * np.sqrt(2), rel=within)
    nudged = measure(case, Document(placed.moved(0.2, 0.0), settings=settings))
    assert nudged.roughness == tuple(rows.values())  # a nudge does not make edges rougher
    assert rows["LER"].sigma3_biased_nm > 0.9 * rows["LER"].sigma3_unbiased_nm


def realised_edges(printed: PrintedEdges, lines: Sequence[float], half_nm: float, heights: np.ndarray) -> np.ndarray:
    """(2, K, N) printed left and right edges at heights (N, S), averaged over S."""
    sides = []
    for side in (-1.0, 1.0):
        edges = []
        for x in lines:
            own = printed.on_side & (np.abs(printed.design_nm[:, 0] - x - side * half_nm) < 1e-6)
            own &= np.abs(printed.normals[:, 0]) > 0.99
            order = np.argsort(printed.design_nm[own, 1])
            edges.append(
                side * np.interp(heights, printed.design_nm[own, 1][order], printed.epe_nm[own][order]).mean(axis=1)
            )
        sides.append(edges)
    return np.array(sides)


@pytest.mark.parametrize(
    ("dose", "within"), [(2000.0, 0.05), (40.0, 0.08), pytest.param(8.0, 0.15, marks=pytest.mark.slow)]
)
def test_that_the_width_s_roughness_is_that_of_the_realised_edges(dose: float, within: float) -> None:
    """384 rows of 1 nm; each position against the printed edges themselves."""
    shape, rows = (384, 1024), 2
    recipe = Recipe(
        nm_per_px=1.0, dose=dose, roughness_sigma_nm=1.5, roughness_xi_nm=20.0, shading=0.0, corner_radius_nm=5.0,
        beam_sigma_nm=1.5, rim_decay_nm=4.0, shadow_decay_nm=10.0,
    )  # fmt: skip
    middles = (np.arange(12) - 5.5) * 80.0
    lines = tuple(rectangle(x - 20, -900, x + 20, 900) for x in middles)
    placed = nominal_registration(shape, PixelSize(1.0, 1.0, "test"), (0.0, 0.0))
    placed = replace(placed, trust=Trust(verdict="unique"))
    field = simulate(lines, "raised", placed, shape, recipe, 1)
    design = Design(lines, (), "raised", (-720.0, -270.0, 720.0, 270.0))
    case = Case(CaseInfo("rough"), SemImage.from_pixels(field.pixels, 1.0), placed, design)
    settings = MeasureSettings(edge_algorithm="model", rows_averaged=rows)
    found = {row.kind: row for row in measure(case, Document(placed, settings=settings)).roughness}
    count = round(found["LWR"].length_nm / rows)
    assert count >= 188
    heights = (np.arange(count * rows) - (count * rows - 1) / 2).reshape(count, rows)
    left, right = realised_edges(field.printed, middles.tolist(), 20.0, heights)
    truth = {row.kind: row.sigma3_biased_nm for row in roughness_of(left, right, float(rows), rows).rows}
    assert found["LWR"].n_edges == 12
    assert found["LWR"].sigma3_at_length_nm == pytest.approx(truth["LWR"], rel=within)
    assert found["LER"].sigma3_at_length_nm == pytest.approx(truth["LER"], rel=within)
    # The beam's blur along the edge is no smoothness of the edge: without it in the fit sigma is 5 to 20 % low.
    for kind, made in (("LER", 4.5), ("LWR", 4.5 * np.sqrt(2))):
        assert found[kind].sigma3_unbiased_nm == pytest.approx(made, abs=2.5 * found[kind].sigma3_se_nm)
        assert found[kind].sigma3_se_nm < 0.12 * made


@pytest.mark.parametrize("count", [64, 65, 200])
def test_that_frequencies_lean_on_each_other_as_the_covariance_of_the_series_says(count: int) -> None:
    autocovariance = 2.0 * np.exp(-np.arange(count) / 9.0)
    autocovariance[0] += 0.5
    line = np.linalg.qr(np.vander(np.arange(count, dtype=float), 2))[0]
    taken = np.eye(count) - line @ line.T
    spectral = np.fft.fft2(taken @ toeplitz(autocovariance) @ taken) / count
    number = np.arange(1, count // 2 + 1)
    straight, turned = spectral[number][:, -number], spectral[number][:, number]
    mean = np.diag(straight).real
    expected = (np.abs(straight) ** 2 + np.abs(turned) ** 2) / np.outer(mean, mean)
    assert np.abs(relative_covariance(autocovariance) - expected).max() < 1e-9


def test_that_edges_seen_with_a_known_beam_are_not_taken_for_smooth_ones() -> None:
    frequency, beam = np.fft.rfftfreq(2 * 8 * 384, 1.0), 2.0
    psd = palasantzas_psd(frequency, SIGMA, XI, HURST) * np.exp(-((2 * np.pi * frequency * beam) ** 2))
    white = np.random.default_rng(3).standard_normal((24, 2 * 8 * 384))
    series = np.fft.irfft(np.fft.rfft(white) * np.sqrt(psd), axis=1)[:, :384]
    seen = series + 0.1 * np.random.default_rng(4).standard_normal(series.shape)
    with_beam, without = (roughness_of(seen[:12], seen[12:], 1.0, 1, beam_nm=each).rows[0] for each in (beam, 0.0))
    assert with_beam.sigma3_unbiased_nm == pytest.approx(3 * SIGMA, abs=2.5 * with_beam.sigma3_se_nm)
    assert with_beam.hurst == pytest.approx(HURST, abs=0.15)
    assert without.sigma3_unbiased_nm < 0.95 * with_beam.sigma3_unbiased_nm


def test_that_a_spectrum_that_does_not_determine_the_fit_gives_no_sigma() -> None:
    """One edge pair that only bends: nobody knows how far an endless one would go."""
    along = np.arange(80) / 80
    bent = np.stack([np.sin(3.5 * along), np.cos(3 * along)]) + 0.02 * np.random.default_rng(6).normal(size=(2, 80))
    for row in roughness_of(bent[:1], bent[1:], 1.0, 1).rows:
        assert np.isnan([row.sigma3_unbiased_nm, row.sigma3_se_nm, row.xi_nm, row.hurst]).all()
        assert "does not determine" in row.reason
        assert row.sigma3_at_length_nm == pytest.approx(row.sigma3_biased_nm, rel=0.02)


@pytest.mark.parametrize("count", [64, 400])
def test_that_noise_alone_is_no_roughness(count: int) -> None:
    noise = np.random.default_rng(8).standard_normal((2, 4, count))
    for row in roughness_of(*noise, 1.0, 1).rows:
        assert "noise" in row.reason
        assert not row.sigma3_unbiased_nm > 0.3 * row.sigma3_biased_nm
        assert np.isnan(row.xi_nm)
