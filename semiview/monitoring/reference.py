"""What the pictures of a stratum were like when they were accepted: the profile that later ones are held against."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from semiview.monitoring.features import BINS, FEATURES, GreyRange, ImageFeatures

Values = npt.NDArray[np.float64]

FORMAT = 1
ENOUGH_IMAGES = 30
FEWEST_IMAGES = 2
KEPT_DIGITS = 8


@dataclass(frozen=True, slots=True, order=True)
class Stratum:
    """Pictures that may be compared with each other. `nm_per_px` is text with three digits, empty for unknown."""

    tool: str = ""
    layer: str = ""
    pattern_type: str = ""
    nm_per_px: str = ""

    @classmethod
    def of(cls, tool: str, layer: str, pattern_type: str, nm_per_px: float) -> "Stratum":
        """The stratum of a picture.

        >>> Stratum.of("CD1", "M1", "line_space", 1.99981).nm_per_px
        '2'
        """
        return cls(tool, layer, pattern_type, f"{nm_per_px:.3g}" if math.isfinite(nm_per_px) else "")

    @property
    def words(self) -> str:
        """How a person would call it."""
        size = f"{self.nm_per_px} nm/px" if self.nm_per_px else "pixel size unknown"
        return " · ".join(filter(None, (self.tool, self.layer, self.pattern_type.replace("_", " "), size)))


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """One picture: its name, what it is not independent of (a lot, else itself), and its numbers."""

    name: str
    group: str
    features: ImageFeatures


@dataclass(frozen=True, eq=False)
class Profile:
    """The reference pictures of one stratum.

    Attributes
    ----------
    names, groups
        (N,) names of the pictures and of the groups whose pictures are not independent.
    values
        (N, 6) features in the order of FEATURES.
    histograms
        (N, 64) share of the pixels in each bin of `bins`.
    """

    stratum: Stratum
    bins: GreyRange
    names: tuple[str, ...]
    groups: tuple[str, ...]
    values: Values
    histograms: Values

    @classmethod
    def of(cls, stratum: Stratum, bins: GreyRange, seen: Sequence[Observation]) -> "Profile":
        """The profile of some pictures whose histograms were taken with those bins.

        Raises
        ------
        ValueError
            If there are fewer than two.
        """
        if len(seen) < FEWEST_IMAGES:
            raise ValueError(f"a profile needs at least {FEWEST_IMAGES} pictures")
        return cls(
            stratum,
            bins,
            tuple(one.name for one in seen),
            tuple(one.group for one in seen),
            np.stack([one.features.values() for one in seen]),
            np.stack([one.features.histogram for one in seen]),
        )

    @cached_property
    def mean(self) -> Values:
        """(6,) mean of each feature over the pictures."""
        result: Values = self.values.mean(axis=0)
        return result

    @cached_property
    def members(self) -> tuple[npt.NDArray[np.intp], ...]:
        """Rows of each group."""
        _, index = np.unique(np.asarray(self.groups), return_inverse=True)
        return tuple(np.flatnonzero(index == number) for number in range(int(index.max()) + 1))

    @cached_property
    def variances(self) -> tuple[Values, Values]:
        """(6,) between groups and (6,) within a group, by the analysis of variance for groups of unequal size.

        Where every group has one picture nothing can be told of the part within: all of it counts as between.
        """
        count, groups = len(self.values), len(self.members)
        sizes = np.array([len(rows) for rows in self.members])
        means = np.stack([self.values[rows].mean(axis=0) for rows in self.members])
        if groups == 1:
            return np.zeros(len(FEATURES)), self.values.var(axis=0, ddof=1)
        between = np.sum(sizes[:, None] * (means - self.mean) ** 2, axis=0) / (groups - 1)
        if count == groups:
            return between, np.zeros(len(FEATURES))
        squares = [
            ((self.values[rows] - mean) ** 2).sum(axis=0) for rows, mean in zip(self.members, means, strict=True)
        ]
        within = np.sum(squares, axis=0) / (count - groups)
        size = (count - np.sum(sizes**2) / count) / (groups - 1)
        return np.maximum((between - within) / size, 0), within

    def limit(self, tail: float) -> float:
        """Quantile of t at that tail with as many degrees of freedom as groups less one; inf with a single group."""
        groups = len(self.members)
        return float(-special.stdtrit(groups - 1, tail)) if groups > 1 else float("inf")

    @property
    def note(self) -> str:
        """What is to be said against this reference; empty if nothing."""
        notes = []
        if len(self.values) < ENOUGH_IMAGES:
            notes.append(f"only {len(self.values)} reference images: it takes {ENOUGH_IMAGES} to tell small changes")
        if len(self.members) == 1:
            notes.append("all of one group: how much groups differ is not known, so that no change can be told")
        return "; ".join(notes)

    def variance_of_mean(self, weights: Values, groups: Sequence[str]) -> Values:
        """(6,) variance of a weighted mean over pictures (weights sum to 1) of the groups named."""
        between, within = self.variances
        _, index = np.unique(np.asarray(groups), return_inverse=True)
        of_groups = np.bincount(index, weights)
        result: Values = between * float(np.sum(of_groups**2)) + within * float(np.sum(weights**2))
        return result

    @cached_property
    def own_variance(self) -> Values:
        """(6,) variance of the reference's own mean."""
        return self.variance_of_mean(np.full(len(self.values), 1 / len(self.values)), self.groups)

    def typical(self, count: int) -> tuple[str, ...]:
        """Names of the pictures nearest to the mean."""
        spread = self.values.std(axis=0)
        distance = np.sum(((self.values - self.mean) / np.where(spread > 0, spread, 1)) ** 2, axis=1)
        return tuple(self.names[row] for row in np.argsort(distance, kind="stable")[:count])


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Profiles by stratum. It is made once and never changed; a later one has the next number.

    Attributes
    ----------
    records
        Ids of the records that it was made of.
    """

    number: int
    made_utc: str
    records: tuple[str, ...]
    profiles: Mapping[Stratum, Profile]

    def to_json(self) -> bytes:
        """The content of drift/reference-N.json, with its own hash."""
        strata = [
            {
                **asdict(profile.stratum),
                "grey_low": profile.bins.low,
                "grey_high": profile.bins.high,
                "images": len(profile.names),
                "groups": len(profile.members),
                "mean": dict(zip(FEATURES, _rounded(profile.mean), strict=True)),
                "sd": dict(zip(FEATURES, _rounded(profile.values.std(axis=0, ddof=1)), strict=True)),
                "histogram": _rounded(profile.histograms.mean(axis=0)),
                "pictures": [
                    {"name": name, "group": group, "features": _rounded(values), "histogram": _rounded(histogram)}
                    for name, group, values, histogram in zip(
                        profile.names, profile.groups, profile.values, profile.histograms, strict=True
                    )
                ],
            }
            for profile in self.profiles.values()
        ]
        content = {
            "format": FORMAT,
            "number": self.number,
            "made_utc": self.made_utc,
            "features": list(FEATURES),
            "records": list(self.records),
            "strata": strata,
        }
        return (json.dumps({**content, "sha256": _sha256(content)}, indent=1) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Reference":
        """The reference in a file's content.

        Raises
        ------
        ValueError
            If it is damaged or of a newer format.
        """
        try:
            content = json.loads(data)
            if content["format"] > FORMAT:
                raise ValueError(f"its format {content['format']} is newer than this program")
            if content.pop("sha256") != _sha256(content) or content["features"] != list(FEATURES):
                raise ValueError("it is not what was written")
            profiles = [_profile(said) for said in content["strata"]]
            return cls(
                int(content["number"]),
                str(content["made_utc"]),
                tuple(content["records"]),
                {profile.stratum: profile for profile in profiles},
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it lacks {error}") from error


def _profile(said: Mapping[str, Any]) -> Profile:
    pictures = said["pictures"]
    values = np.array([picture["features"] for picture in pictures], dtype=np.float64)
    histograms = np.array([picture["histogram"] for picture in pictures], dtype=np.float64)
    if values.shape != (len(pictures), len(FEATURES)) or histograms.shape != (len(pictures), BINS):
        raise ValueError("a picture's numbers are not complete")
    return Profile(
        Stratum(*(str(said[name]) for name in ("tool", "layer", "pattern_type", "nm_per_px"))),
        GreyRange(float(said["grey_low"]), float(said["grey_high"])),
        tuple(str(picture["name"]) for picture in pictures),
        tuple(str(picture["group"]) for picture in pictures),
        values,
        histograms,
    )


def _rounded(values: Values) -> list[float]:
    return [float(f"{value:.{KEPT_DIGITS}g}") for value in values]


def _sha256(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
