"""Is the candidate better than the checkpoint in use? Paired on the locked test samples, bootstrap by group.

Images of one group are not independent: resampling single images would promote a network that is no better one time
in five. So whole groups are resampled, and the bound is widened for the few groups there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import special

Verdict = Literal["promote", "reject", "engineer decides"]
Metric = Literal["iou", "dice", "ssim", "l1", "psnr", "epe_abs", "epe_mean", "epe_3sigma", "epe_max", "faults"]

# +1: more is better, -1: less is better. A gain is positive when the candidate is better.
SENSE: Mapping[Metric, int] = {
    "iou": 1,
    "dice": 1,
    "ssim": 1,
    "l1": -1,
    "psnr": 1,
    "epe_abs": -1,
    "epe_mean": -1,
    "epe_3sigma": -1,
    "epe_max": -1,
    "faults": -1,
}
METRIC_WORDS: Mapping[Metric, str] = {
    "iou": "IoU",
    "dice": "Dice",
    "ssim": "SSIM",
    "l1": "L1",
    "psnr": "PSNR dB",
    "epe_abs": "mean |EPE| nm",
    "epe_mean": "|mean EPE| nm",
    "epe_3sigma": "EPE 3σ nm",
    "epe_max": "worst EPE nm",
    "faults": "missing, bridged, extra",
}
RESAMPLES = 4000
TAIL = 0.05
NORMAL_QUANTILE = 1.6448536269514722
WORST_SHOWN = 6


@dataclass(frozen=True, slots=True)
class SampleScores:
    """How one network does on one held-out sample, against its approved shape.

    Attributes
    ----------
    epe_abs_nm, epe_mean_nm, epe_3sigma_nm, epe_max_nm
        Of the prediction's distance from the approved contour along its normals: mean size, |mean|, three standard
        deviations, largest size. NaN where the pixel size is unknown or no edge was found.
    missing, bridge, extra
        Approved features without a prediction, predictions that join several features, predictions of nothing.
    """

    sample_id: str
    case_id: str
    group: str
    pattern_type: str
    iou: float
    dice: float
    ssim: float
    l1: float
    psnr: float
    epe_abs_nm: float
    epe_mean_nm: float
    epe_3sigma_nm: float
    epe_max_nm: float
    missing: int
    bridge: int
    extra: int

    @property
    def faults(self) -> int:
        """Features that came out wrong altogether."""
        return self.missing + self.bridge + self.extra

    def value(self, metric: Metric) -> float:
        """One figure by the name the report gives it."""
        return float(getattr(self, f"{metric}_nm" if metric.startswith("epe") else metric))


@dataclass(frozen=True, slots=True)
class GateRules:
    """What it takes to be promoted without being asked.

    Attributes
    ----------
    main_metric
        Its gain must be sure to be positive.
    worst_epe_nm
        The candidate's largest |EPE| error may not exceed this; infinite: no limit.
    """

    main_metric: Metric = "iou"
    worst_epe_nm: float = float("inf")
    enough_samples: int = 50
    enough_groups: int = 10
    groups_per_type: int = 5
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric over the samples of one pattern type (empty: of all).

    `gain` is the mean paired improvement; with a probability of 95 % each it is above `lower` and below `upper`
    (NaN with fewer than two groups).
    """

    metric: str
    pattern_type: str
    samples: int
    groups: int
    current: float
    candidate: float
    gain: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class ChangedSample:
    """A sample whose main metric changed most, for a person to look at."""

    sample_id: str
    case_id: str
    current: float
    candidate: float


@dataclass(frozen=True, slots=True)
class GateReport:
    """The comparison with all its figures, and what follows from it."""

    verdict: Verdict
    reasons: tuple[str, ...]
    main_metric: str
    samples: int
    groups: int
    figures: tuple[Figure, ...]
    worst_changed: tuple[ChangedSample, ...]

    def as_json(self) -> dict[str, Any]:
        """The report as plain values; NaN stays NaN."""
        return asdict(self)

    def figure(self, metric: Metric, pattern_type: str = "") -> Figure | None:
        """The line of a metric, or None if it could not be had."""
        for entry in self.figures:
            if (entry.metric, entry.pattern_type) == (metric, pattern_type):
                return entry
        return None


def compare(
    current: Sequence[SampleScores], candidate: Sequence[SampleScores], rules: GateRules | None = None
) -> GateReport:
    """Compare two networks on the same samples.

    Raises
    ------
    ValueError
        If the two lists are not about the same samples in the same order.
    """
    rules = rules or GateRules()
    if [s.sample_id for s in current] != [s.sample_id for s in candidate]:
        raise ValueError("current and candidate must be scored on the same samples in the same order")
    types = sorted({s.pattern_type for s in current if s.pattern_type})
    values = np.array(
        [[[one.value(metric) for metric in SENSE] for one in pair] for pair in zip(current, candidate, strict=True)]
    )
    names = np.array([s.group for s in current])
    figures: list[Figure] = []
    for pattern_type in ["", *types] if len(types) > 1 else [""]:
        chosen = [i for i, s in enumerate(current) if pattern_type in ("", s.pattern_type)]
        if chosen:
            of_type = _figures(pattern_type, values[chosen], names[chosen], rules.seed)
            figures += [of_type[metric] for metric in SENSE if metric in of_type]
    groups = len({s.group for s in current})
    against, worries = _objections(figures, candidate, rules)
    enough = len(current) >= rules.enough_samples and groups >= rules.enough_groups
    verdict: Verdict = "engineer decides"
    few: tuple[str, ...] = ()
    if enough:
        verdict = "reject" if against else "promote"
    else:
        few = (
            f"{_many(len(current), 'held-out sample')} of {_many(groups, 'group')} "
            f"{'is' if len(current) == 1 else 'are'} too few to promote without being asked: "
            f"that takes {rules.enough_samples} samples of {rules.enough_groups} groups",
        )
    return GateReport(
        verdict,
        (*few, *against, *worries),
        rules.main_metric,
        len(current),
        groups,
        tuple(figures),
        _worst_changed(current, candidate, rules.main_metric),
    )


def gain_in(metric: Metric, current: SampleScores, candidate: SampleScores) -> float:
    """How much better the candidate does on one sample; NaN where either is not known."""
    return SENSE[metric] * (candidate.value(metric) - current.value(metric))


def group_bounds(
    gains: npt.NDArray[np.float64], groups: Sequence[str], seed: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """One-sided 95 % bounds of the mean gain, by resampling whole groups; NaN with fewer than two.

    The percentile bounds are widened about the mean by t(.95, G - 1) / 1.645 sqrt(G / (G - 1)): G groups show less
    than the spread they were drawn from.

    Parameters
    ----------
    gains
        (N, ...) one row a sample, of any number of metrics.
    groups
        (N,) the group of each sample.

    Returns
    -------
    Lower and upper bound (...) of each metric.
    """
    _, index = np.unique(np.asarray(groups), return_inverse=True)
    count = int(index.max()) + 1
    if count < 2:
        return np.full(gains.shape[1:], np.nan), np.full(gains.shape[1:], np.nan)
    member = (index == np.arange(count)[:, None]).astype(np.float64)
    sums, sizes = np.tensordot(member, gains, 1), member.sum(axis=1)
    drawn = _drawn(count, seed)
    means = (np.tensordot(drawn, sums, 1).T / (drawn @ sizes)).T
    widening = special.stdtrit(count - 1, 1 - TAIL) / NORMAL_QUANTILE * np.sqrt(count / (count - 1))
    mean = gains.mean(axis=0)
    low, high = np.quantile(means, [TAIL, 1 - TAIL], axis=0)
    return mean + widening * (low - mean), mean + widening * (high - mean)


@lru_cache(maxsize=32)
def _drawn(groups: int, seed: int) -> npt.NDArray[np.float64]:
    """(RESAMPLES, groups) how often each group was drawn; the same for every metric."""
    drawn = np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), RESAMPLES)
    return drawn.astype(np.float64)


def _figures(
    pattern_type: str, values: npt.NDArray[np.float64], groups: npt.NDArray[np.str_], seed: int
) -> dict[Metric, Figure]:
    """Every metric that is known of a sample at least; `values` is (N, 2, metrics), current and candidate."""
    metrics = tuple(SENSE)
    known = np.isfinite(values).all(axis=1)
    found = {}
    # Metrics known of the same samples share their resampling.
    for pattern in np.unique(known, axis=1).T:
        if not pattern.any():
            continue
        columns = np.flatnonzero((known == pattern[:, None]).all(axis=0))
        old, new = values[pattern][:, 0, columns], values[pattern][:, 1, columns]
        gains = np.array([SENSE[metrics[column]] for column in columns]) * (new - old)
        of_samples = groups[pattern].tolist()
        bounds, count = group_bounds(gains, of_samples, seed), len(set(of_samples))
        for place, column in enumerate(columns):
            found[metrics[column]] = Figure(
                metrics[column],
                pattern_type,
                len(gains),
                count,
                *(float(part[:, place].mean()) for part in (old, new, gains)),
                *(float(bound[place]) for bound in bounds),
            )
    return found


def _objections(
    figures: Sequence[Figure], candidate: Sequence[SampleScores], rules: GateRules
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What stands against a promotion, and what is said beside it."""
    against, beside = [], []
    main = next((f for f in figures if (f.metric, f.pattern_type) == (rules.main_metric, "")), None)
    if main is None:
        against.append(f"there is no held-out sample with a known {METRIC_WORDS[rules.main_metric]}")
    elif not main.lower > 0:
        against.append(f"the gain in {METRIC_WORDS[rules.main_metric]} is not sure: {_interval(main)}")
    else:
        beside.append(f"the gain in {METRIC_WORDS[rules.main_metric]} is sure: {_interval(main)}")
    for figure in figures:
        if figure.metric == rules.main_metric and figure.pattern_type:
            worse = figure.upper < 0
            if worse and figure.groups >= rules.groups_per_type:
                against.append(f"{figure.pattern_type} gets worse: {_interval(figure)}")
            elif worse or figure.gain < 0:
                beside.append(f"{figure.pattern_type} lost in {METRIC_WORDS[rules.main_metric]}: {_interval(figure)}")
        if figure.metric == "faults" and not figure.pattern_type and figure.upper < 0:
            against.append(f"more features are missing, bridged or extra: {-figure.gain:+.3g} a sample")
    sizes = [s.epe_max_nm for s in candidate if np.isfinite(s.epe_max_nm)]
    if sizes and max(sizes) > rules.worst_epe_nm:
        against.append(f"the largest EPE error is {max(sizes):.1f} nm, the limit {rules.worst_epe_nm:.1f} nm")
    return tuple(against), tuple(beside)


def _interval(figure: Figure) -> str:
    size = f"{figure.gain:+.4g} over {_many(figure.samples, 'sample')} of {_many(figure.groups, 'group')}"
    return size if np.isnan(figure.lower) else f"{size}, 5 % bounds {figure.lower:+.4g} and {figure.upper:+.4g}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _worst_changed(
    current: Sequence[SampleScores], candidate: Sequence[SampleScores], metric: Metric
) -> tuple[ChangedSample, ...]:
    changed = [
        ChangedSample(old.sample_id, old.case_id, old.value(metric), new.value(metric))
        for old, new in zip(current, candidate, strict=True)
        if np.isfinite(old.value(metric)) and np.isfinite(new.value(metric))
    ]
    changed.sort(key=lambda entry: SENSE[metric] * (entry.candidate - entry.current))
    return tuple(changed[:WORST_SHOWN])
