"""Pixel size along both image axes, with the design as the ruler, from registrations that can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from semiview.core.equality import same_values
from semiview.core.registration import PARAMETERS, Registration

FloatArray = npt.NDArray[np.float64]

SAME_MAGNIFICATION = 0.01
SURE = ("subpixel",)


@dataclass(frozen=True, slots=True)
class PixelReading:
    """What one registration says of the microscope.

    Attributes
    ----------
    x_nm, y_nm
        Pixel size along image rows and columns.
    skew
        By which columns lean: tan of the angle that the image's axes miss 90 deg by.
    sigma_x_nm, sigma_y_nm, sigma_skew
        From the registration's covariance; NaN without one.
    """

    case_id: str
    tool: str
    stated_nm: float
    x_nm: float
    y_nm: float
    skew: float
    sigma_x_nm: float
    sigma_y_nm: float
    sigma_skew: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Pixel size of one tool at one magnification, proposed or kept.

    Attributes
    ----------
    stated_nm
        Pixel size as the cases state it.
    x_nm, y_nm, skew
        Mean of the readings, each weighed by its own error and by how much readings scatter beyond it.
    sigma_x_nm, sigma_y_nm, sigma_skew
        Standard error of the means.
    case_ids
        What it rests on.
    date
        ISO day on which it was kept; empty for a proposal.
    """

    tool: str
    stated_nm: float
    x_nm: float
    y_nm: float
    skew: float
    sigma_x_nm: float
    sigma_y_nm: float
    sigma_skew: float
    case_ids: tuple[str, ...]
    date: str = ""

    def __eq__(self, other: object) -> bool:
        return same_values(self, other)

    @property
    def anisotropy(self) -> float:
        """X over y: 1 for square pixels."""
        return self.x_nm / self.y_nm


def unfit_because(registration: Registration) -> str | None:
    """Why a registration says nothing sure of the pixel size, or None if it does."""
    trust = registration.trust
    if trust.verdict != "unique":
        return registration.unusable_because or f"its verdict is {trust.verdict}"
    if registration.transform != "affine":
        return f"only a {registration.transform} was fitted"
    if trust.registration_class not in SURE:
        return "its error is not below a pixel"
    return "its covariance is unknown" if trust.covariance is None else None


def read_pixel(case_id: str, tool: str, registration: Registration) -> PixelReading:
    """Pixel sizes and skew of one registration, with their standard deviations."""
    values = np.array(registration.pixel_axes())
    covariance = registration.trust.covariance
    sigma = np.full(3, np.nan)
    if covariance is not None:
        jacobian = np.zeros((3, len(PARAMETERS)))
        for column, name in enumerate(PARAMETERS):
            stepped = replace(registration, **{name: getattr(registration, name) + 1e-5})
            jacobian[:, column] = (stepped.pixel_axes() - values) / 1e-5
        sigma = np.sqrt(np.maximum(np.diag(jacobian @ covariance @ jacobian.T), 0))
    return PixelReading(case_id, tool, registration.frame.nm_per_px, *map(float, values), *map(float, sigma))


def calibrate(readings: Sequence[PixelReading]) -> tuple[Calibration, ...]:
    """One proposal per tool and magnification (stated sizes within SAME_MAGNIFICATION), in their order."""
    groups: dict[tuple[str, float], list[PixelReading]] = {}
    for reading in sorted(readings, key=lambda each: (each.tool, each.stated_nm, each.case_id)):
        key = next(
            (key for key in groups if key[0] == reading.tool and _alike(key[1], reading.stated_nm)),
            (reading.tool, reading.stated_nm),
        )
        groups.setdefault(key, []).append(reading)
    return tuple(_mean(tool, stated, group) for (tool, stated), group in groups.items())


def calibration_for(calibrations: Sequence[Calibration], tool: str, stated_nm: float) -> Calibration | None:
    """The newest for a tool and a magnification, the later of two of one day; None if there is none."""
    fit = [each for each in calibrations if each.tool == tool and _alike(each.stated_nm, stated_nm)]
    return max(enumerate(fit), key=lambda pair: (pair[1].date, pair[0]))[1] if fit else None


def _alike(one: float, other: float) -> bool:
    return abs(other / one - 1) < SAME_MAGNIFICATION


def _mean(tool: str, stated_nm: float, group: list[PixelReading]) -> Calibration:
    x, sigma_x = _weighed([each.x_nm for each in group], [each.sigma_x_nm for each in group])
    y, sigma_y = _weighed([each.y_nm for each in group], [each.sigma_y_nm for each in group])
    skew, sigma_skew = _weighed([each.skew for each in group], [each.sigma_skew for each in group])
    cases = tuple(each.case_id for each in group)
    return Calibration(tool, stated_nm, x, y, skew, sigma_x, sigma_y, sigma_skew, cases)


def _weighed(values: list[float], sigmas: list[float]) -> tuple[float, float]:
    """Random-effects mean and its standard error (DerSimonian and Laird, Control. Clin. Trials 7 (1986) 177)."""
    value, variance = np.array(values), np.maximum(np.array(sigmas) ** 2, 1e-24)
    weight = 1 / variance
    mean = float(np.sum(weight * value) / weight.sum())
    between = 0.0
    if len(value) > 1:
        excess = float(np.sum(weight * (value - mean) ** 2)) - (len(value) - 1)
        between = max(0.0, excess / float(weight.sum() - np.sum(weight**2) / weight.sum()))
    weight = 1 / (variance + between)
    return float(np.sum(weight * value) / weight.sum()), float(1 / np.sqrt(weight.sum()))
