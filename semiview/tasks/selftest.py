"""What the registration of this installation errs by, on simulated fields whose truth is known."""

import time
from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np

from semiview.alignment.align import align
from semiview.alignment.bound import least_covariance
from semiview.alignment.fit_errors import point_variance
from semiview.alignment.trial import Trial, TrialSettings, make_trial
from semiview.simulation.recipe import Recipe
from semiview.tasks.progress import Progress, TaskEvent

# Edges as smooth as the electrons' own noise lets one see them, so that what is shown is alignment's error.
RECIPE = Recipe(bias_nm=2.0, roughness_sigma_nm=0.25)
USUAL = TrialSettings(recipe=RECIPE)
PERIODIC = ("contact", "line_space", "sram")


@dataclass(frozen=True, slots=True)
class SelftestRow:
    """One line of the error table.

    Attributes
    ----------
    varied, value
        What differs from the usual field, and how.
    fields, expected, right
        How many fields, the verdict that is right for their pattern, and how many got it.
    median_px, worst_px
        Median over fields of the median over the field; 95th percentile over fields of the worst point. Over the
        fields that were called unique; NaN where none was or none should be.
    bound_px
        Root mean square over the fields' points of the least error that the simulated data allow.
    error_px
        The root mean square that was reached.
    pull
        Root mean square of the six parameters' errors, each over the standard deviation that was stated for it: 1 if
        the error bars are right.
    seconds
        Processor time of one alignment.
    """

    varied: str
    value: str
    fields: int
    expected: str
    right: int
    median_px: float
    worst_px: float
    error_px: float
    bound_px: float
    pull: float
    seconds: float


def conditions() -> tuple[tuple[str, str, TrialSettings], ...]:
    """What is varied, its value in words, and the fields' settings."""
    by_dose = [(dose, replace(USUAL, recipe=replace(RECIPE, dose=dose))) for dose in (5.0, 10.0, 20.0, 50.0)]
    by_pattern = [(name, replace(USUAL, pattern=name)) for name in ("bars", "random_contact", "contact", "line_space")]
    rows = [("dose", f"{dose:g}", settings) for dose, settings in by_dose]
    rows += [("rotation", f"{turn:g} deg", replace(USUAL, rotation_deg=turn)) for turn in (0.0, 1.0, 2.5)]
    rows += [("scale", f"{100 * scale:g} %", replace(USUAL, scale=scale)) for scale in (0.0, 0.01, 0.02)]
    rows += [("shear", f"{shear:g}", replace(USUAL, shear=shear)) for shear in (0.0, 0.002, 0.004)]
    rows += [("pattern", name.replace("_", " "), settings) for name, settings in by_pattern]
    rows.append(("tone", "opening", replace(USUAL, tone="opening")))
    rows.append(("scan", "mirrored", replace(USUAL, mirrored=True)))
    rows.append(("roughness", "1.2 nm", replace(USUAL, recipe=replace(RECIPE, roughness_sigma_nm=1.2))))
    return tuple(rows)


def selftest(fields: int = 4, seed: int = 0) -> Generator[TaskEvent, None, tuple[SelftestRow, ...]]:
    """The error table, `fields` simulated fields a line."""
    chosen = conditions()
    rows = []
    for number, (varied, value, settings) in enumerate(chosen):
        trials = []
        for field in range(fields):
            yield Progress(number * fields + field, len(chosen) * fields, f"{varied} {value}")
            trials.append(run_trial(settings, seed + field))
        rows.append(_row(varied, value, settings, trials))
    yield Progress(len(chosen) * fields, len(chosen) * fields, "")
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """What one simulated field gave; errors in px."""

    verdict: str
    median_px: float
    worst_px: float
    mean_square: float
    least_mean_square: float
    pull_square: float
    seconds: float


def run_trial(settings: TrialSettings, seed: int) -> TrialOutcome:
    """Simulate a field, align it, and compare with the truth and with the bound."""
    trial = make_trial(settings, seed)
    began = time.process_time()
    found = align(trial.case)
    seconds = time.process_time() - began
    error = trial.error_px(found)
    least = float(np.mean(_least_variance(trial, settings)))
    pull = float("nan")
    if found.trust.covariance is not None:
        off = found.parameters - trial.truth.parameters
        pull = float(np.mean(off**2 / np.diag(found.trust.covariance)))
    return TrialOutcome(
        found.trust.verdict or "",
        float(np.median(error)),
        float(error.max()),
        float(np.mean(error**2)),
        least,
        pull,
        seconds,
    )


def _least_variance(trial: Trial, settings: TrialSettings) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if settings.pattern in PERIODIC:
        return np.full(1, np.nan)
    assert trial.case.design is not None
    covariance = least_covariance(trial.case.design.target, trial.truth, trial.case.sem.shape, settings.recipe)
    return point_variance(trial.truth.to_px(trial.points_nm), trial.truth.frame.centre_px, covariance)


def _row(varied: str, value: str, settings: TrialSettings, trials: list[TrialOutcome]) -> SelftestRow:
    expected = "not unique" if settings.pattern in PERIODIC else "unique"
    counted = [trial for trial in trials if trial.verdict == "unique" and expected == "unique"]
    nan = float("nan")
    return SelftestRow(
        varied,
        value,
        len(trials),
        expected,
        sum((trial.verdict == "unique") == (expected == "unique") for trial in trials),
        float(np.median([trial.median_px for trial in counted])) if counted else nan,
        float(np.percentile([trial.worst_px for trial in counted], 95)) if counted else nan,
        float(np.sqrt(np.mean([trial.mean_square for trial in counted]))) if counted else nan,
        float(np.sqrt(np.mean([trial.least_mean_square for trial in counted]))) if counted else nan,
        float(np.sqrt(np.mean([trial.pull_square for trial in counted]))) if counted else nan,
        float(np.mean([trial.seconds for trial in trials])),
    )
