"""Have the pictures of a stratum changed since the reference? Windows of twenty against its profile.

A window drifts if a feature's mean lies too far from the reference's (z) and its grey levels are distributed otherwise
than the reference's own pictures would make likely (KL); or if z alone says so in two of three windows. A moving
average of the windows tells slow changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from semiview.monitoring.features import FEATURES, IN_WORDS, UNITS, Feature, ImageFeatures
from semiview.monitoring.reference import Observation, Profile, Stratum, Values

State = Literal["steady", "drift", "slow change", "waiting"]

WINDOW = 20
TAIL = float(special.ndtr(-4.0))  # one-sided, 4 sigma
KL_QUANTILE = 0.999
RESAMPLES = 4000
JEFFREYS = 0.5
TWO_OF, THREE = 2, 3
NEW_SHARE = 0.25  # of a window in the moving average
ONSET_Z = 2.0
ROUNDING = 1e-9
FARTHEST = 0.5  # novelty of the reference's own farthest picture
EXAMPLES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Twenty pictures in a row.

    Attributes
    ----------
    z
        (6,) distance of each feature's mean from the reference's in standard errors, signed; infinite where the
        reference shows no variation at all and the window differs.
    kl
        Kullback-Leibler divergence of the grey levels, window against reference, in nats.
    average_z
        (6,) the same as `z` of the moving average up to here.
    """

    names: tuple[str, ...]
    mean: Values
    z: Values
    z_limit: float
    kl: float
    kl_limit: float
    average_z: Values
    state: State

    @property
    def beyond(self) -> npt.NDArray[np.bool_]:
        """(6,) features beyond the limit."""
        result: npt.NDArray[np.bool_] = np.abs(self.z) > self.z_limit
        return result


@dataclass(frozen=True, slots=True, eq=False)
class StratumDrift:
    """What the monitor says of one stratum.

    Attributes
    ----------
    state
        Of the newest full window; waiting: there is none yet.
    feature
        The one that moved most; empty while nothing moved. `change` is relative to the reference's mean.
    since
        Name of the first picture of the first window in which the change shows.
    examples, reference_examples
        Names of pictures that show it, and of typical ones of the reference.
    waiting
        Pictures that wait for a window to fill up.
    expected_false_alarms
        Upper bound of the share of windows that alarm without any change: each of the features may exceed its limit on
        either side.
    """

    stratum: Stratum
    reference_images: int
    reference_groups: int
    windows: tuple[Window, ...]
    waiting: int
    state: State
    feature: Feature | Literal[""]
    change: float
    since: str
    examples: tuple[str, ...]
    reference_examples: tuple[str, ...]
    expected_false_alarms: float
    smallest_change: Values
    note: str

    @property
    def words(self) -> str:
        """One sentence for a person."""
        if self.state == "waiting":
            return f"{self.waiting} of {WINDOW} images for the first window."
        if self.state == "steady" or not self.feature:
            return f"Steady over {len(self.windows)} windows of {WINDOW} images."
        head = "Drift" if self.state == "drift" else "A slow change"
        unit = UNITS[self.feature]
        value = self.windows[-1].mean[FEATURES.index(self.feature)]
        level = f" to {value:.3g} {unit}".rstrip()
        return f"{head}: {IN_WORDS[self.feature]} {self.change:+.0%}{level}, since {self.since}."


def watch(profile: Profile, seen: Sequence[Observation], seed: int = 0) -> StratumDrift:
    """Hold pictures, in the order they were taken, against their stratum's profile."""
    limits = _KlLimits(profile, seed)
    z_limit = profile.limit(TAIL)
    full = [seen[begin : begin + WINDOW] for begin in range(0, len(seen) - WINDOW + 1, WINDOW)]
    windows: list[Window] = []
    far: list[npt.NDArray[np.bool_]] = []
    for number, part in enumerate(full):
        values = np.stack([one.features.values() for one in part])
        groups = [one.group for one in part]
        z = _z(profile, values, np.full(WINDOW, 1 / WINDOW), groups)
        histogram = np.mean([one.features.histogram for one in part], axis=0)
        kl = divergence(histogram, profile.histograms.mean(axis=0))
        kl_limit = limits.of(groups)
        far.append(np.abs(z) > z_limit)
        average_z = _moving_average_z(profile, seen[: (number + 1) * WINDOW])
        recent = np.sum(far[-THREE:], axis=0) >= TWO_OF
        state: State = "steady"
        if (far[-1].any() and kl > kl_limit) or (far[-1] & recent).any():
            state = "drift"
        elif number + 1 >= THREE and (np.abs(average_z) > z_limit).any():
            state = "slow change"
        names = tuple(one.name for one in part)
        windows.append(Window(names, values.mean(axis=0), z, z_limit, kl, kl_limit, average_z, state))
    return _verdict(profile, seen, tuple(windows))


def divergence(share: Values, reference: Values, pixels: float = 1e6) -> float:
    """KL(share || reference) in nats of two histograms as shares; Jeffreys' half a count is added to each bin.

    >>> divergence(np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    0.0
    """
    one, other = (values * pixels + JEFFREYS for values in (share, reference))
    one, other = one / one.sum(axis=-1, keepdims=True), other / other.sum(axis=-1, keepdims=True)
    return float(np.sum(one * np.log(one / other)))


def novelty(profile: Profile, features: ImageFeatures) -> float:
    """How unlike the reference's pictures one is: 0 like their mean, 0.5 like the farthest of them, towards 1 beyond.

    The distance is the largest of the six features' in standard deviations; up to the farthest picture its rank among
    the reference's own counts.
    """
    spread = profile.values.std(axis=0)
    spread = np.where(spread > ROUNDING * np.abs(profile.mean), spread, np.inf)
    known = np.sort(np.abs((profile.values - profile.mean) / spread).max(axis=1))
    distance = float(np.abs((features.values() - profile.mean) / spread).max())
    if distance <= known[-1]:
        return FARTHEST * float(np.searchsorted(known, distance, side="left")) / len(known)
    return 1 - (1 - FARTHEST) * float(known[-1]) / distance


def smallest_change(profile: Profile, images: int = WINDOW, groups: int = WINDOW) -> Values:
    """(6,) change of a feature's mean that a window of so many groups exceeds its limit by in 19 of 20 windows."""
    shares = [f"{number % groups}" for number in range(images)]
    variance = profile.variance_of_mean(np.full(images, 1 / images), shares) + profile.own_variance
    limit = profile.limit(TAIL) + special.ndtri(0.95)
    result: Values = np.where(variance > 0, limit * np.sqrt(variance), 0.0)
    return result


def _z(profile: Profile, values: Values, weights: Values, groups: Sequence[str]) -> Values:
    distance = weights @ values - profile.mean
    error = np.sqrt(profile.variance_of_mean(weights, groups) + profile.own_variance)
    # A feature that never varied in the reference is far off as soon as it differs by more than rounding.
    rounding = ROUNDING * np.abs(profile.mean)
    still = np.where(np.abs(distance) > rounding, np.copysign(np.inf, distance), 0.0)
    varied = error > rounding
    result: Values = np.where(varied, distance / np.where(varied, error, 1), still)
    return result


def _moving_average_z(profile: Profile, seen: Sequence[Observation]) -> Values:
    """The z of the exponentially weighted mean of the windows; what is of one group is counted as not independent."""
    count = len(seen) // WINDOW
    of_windows = NEW_SHARE * (1 - NEW_SHARE) ** np.arange(count - 1, -1, -1.0)
    weights = np.repeat(of_windows / of_windows.sum() / WINDOW, WINDOW)
    values = np.stack([one.features.values() for one in seen])
    return _z(profile, values, weights, [one.group for one in seen])


class _KlLimits:
    """99.9 % limit of KL for windows of a given make-up, by resampling window and reference from the reference."""

    def __init__(self, profile: Profile, seed: int) -> None:
        self._profile, self._seed = profile, seed
        self._known: dict[tuple[int, ...], float] = {}
        self._reference: Values | None = None

    def of(self, groups: Sequence[str]) -> float:
        sizes = tuple(sorted(np.unique(np.asarray(groups), return_counts=True)[1].tolist()))
        if sizes not in self._known:
            rng = np.random.default_rng((self._seed, *sizes))
            if self._reference is None:
                self._reference = self._resampled([len(rows) for rows in self._profile.members], rng)
            self._known[sizes] = self._limit(self._resampled(sizes, rng), self._reference)
        return self._known[sizes]

    def _limit(self, window: Values, reference: Values) -> float:
        one, other = (values * 1e6 + JEFFREYS for values in (window, reference))
        one, other = one / one.sum(axis=1, keepdims=True), other / other.sum(axis=1, keepdims=True)
        return float(np.quantile(np.sum(one * np.log(one / other), axis=1), KL_QUANTILE))

    def _resampled(self, sizes: Sequence[int], rng: np.random.Generator) -> Values:
        """(RESAMPLES, 64) mean histograms of groups drawn whole, of as many pictures each as `sizes` says."""
        members = self._profile.members
        lengths = np.array([len(rows) for rows in members])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        rows = np.concatenate(members)
        group = np.repeat(rng.integers(len(members), size=(RESAMPLES, len(sizes))), sizes, axis=1)
        within = (rng.random(group.shape) * lengths[group]).astype(np.intp)
        chosen = rows[starts[group] + within]
        place = chosen + len(rows) * np.arange(RESAMPLES)[:, None]
        counts = np.bincount(place.ravel(), minlength=RESAMPLES * len(rows)).reshape(RESAMPLES, -1)
        result: Values = counts @ self._profile.histograms / group.shape[1]
        return result


def _verdict(profile: Profile, seen: Sequence[Observation], windows: tuple[Window, ...]) -> StratumDrift:
    last = windows[-1] if windows else None
    state: State = "waiting" if last is None else last.state
    feature: Feature | Literal[""] = ""
    change, since, examples = 0.0, "", ()
    if last is not None and state in ("drift", "slow change"):
        moved = last.z if state == "drift" else last.average_z
        column = int(np.nanargmax(np.abs(moved)))
        feature = FEATURES[column]
        level = profile.mean[column]
        change = float((last.mean[column] - level) / level) if level else float("inf")
        onset = len(windows) - 1
        while onset > 0 and windows[onset - 1].z[column] * np.sign(moved[column]) > ONSET_Z:
            onset -= 1
        since = windows[onset].names[0]
        part = seen[(len(windows) - 1) * WINDOW : len(windows) * WINDOW]
        values = np.array([one.features.values()[column] for one in part])
        nearest = np.argsort(np.abs(values - np.median(values)), kind="stable")[:EXAMPLES]
        examples = tuple(part[row].name for row in nearest)
    groups = len({one.group for one in seen[-WINDOW:]}) if seen else WINDOW
    return StratumDrift(
        profile.stratum,
        len(profile.names),
        len(profile.members),
        windows,
        len(seen) - len(windows) * WINDOW,
        state,
        feature,
        change,
        since,
        examples,
        profile.typical(EXAMPLES),
        2 * len(FEATURES) * TAIL,
        smallest_change(profile, WINDOW, min(max(groups, 1), WINDOW)),
        profile.note,
    )
