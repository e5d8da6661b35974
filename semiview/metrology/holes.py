"""Diameters of closed outlines: area-equivalent, least-squares ellipse, Feret, contact edge roughness."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semiview.core.gauge import Gauge
from semiview.core.outline import Points, signed_area
from semiview.core.registration import Registration
from semiview.core.sem_image import PixelSize
from semiview.metrology.contour import Contours, inside_picture
from semiview.metrology.crossing import Booleans, Floats, Integers, following_point
from semiview.metrology.widths import Width, marked

HOLE_SHARE = 0.75  # of a hole's outline on which an edge must have been found
FERET_STEP_DEG = 1.0
REWEIGHTINGS = 3


@dataclass(frozen=True, slots=True)
class Ellipse:
    """Full axes a >= b, the direction of a (counter-clockwise from +x with y up), and the points' rms distance."""

    centre: tuple[float, float]
    a: float
    b: float
    angle_deg: float
    rms: float


def hole_widths(
    gauges: Sequence[Gauge],
    contours: Contours,
    registration: Registration,
    pixel_size: PixelSize,
    shape: tuple[int, int],
    ignore: Booleans | None,
) -> list[Width]:
    """The void in each gauge's box."""
    if not gauges:
        return []
    outlines_px = contours.outlines
    whole, found_share = _shares(contours, shape)
    areas = [signed_area(outline) for outline in outlines_px]
    voids = [index for index, area in enumerate(areas) if area > 0]  # rows count down: a void is positive
    middles = np.array([outlines_px[index].mean(axis=0) for index in voids]).reshape(-1, 2)
    places = registration.to_nm(middles)
    first = np.cumsum([0, *(len(outline) for outline in outlines_px)])
    results = []
    for gauge in gauges:
        # The box holds the drawn hole and half its diameter on each side; what lies beyond is a neighbour.
        half = np.array([(gauge.length_nm - np.nan_to_num(gauge.cd_design_nm)) / 2, gauge.width_nm / 2])
        inside = (np.abs(places - (gauge.x_nm, gauge.y_nm)) <= half).all(axis=1)
        if not inside.any():
            results.append(Width(n_failed=1, reason="no hole found"))
            continue
        index = max((voids[place] for place in np.flatnonzero(inside)), key=areas.__getitem__)
        if not whole[index]:
            results.append(Width(n_failed=1, reason="cut by the border"))
        elif found_share[index] < HOLE_SHARE:
            results.append(Width(n_failed=1, reason="edge not seen all round"))
        elif ignore is not None and marked(outlines_px[index], ignore).any():
            results.append(Width(n_failed=1, reason="ignored"))
        else:
            sigma_px = None if contours.sigma_px is None else contours.sigma_px[first[index] : first[index + 1]]
            results.append(_round_width(outlines_px[index], pixel_size, registration, sigma_px))
    return results


def _round_width(
    outline_px: Points, pixel_size: PixelSize, registration: Registration, sigma_px: Floats | None
) -> Width:
    """Diameters of one closed outline in nominal nm."""
    scale = np.array([pixel_size.x_nm, -pixel_size.y_nm])
    outline = (outline_px - outline_px.mean(axis=0)) * scale
    area = abs(signed_area(outline))
    angles = np.deg2rad(np.arange(0.0, 180.0, FERET_STEP_DEG))
    projected = outline @ np.stack([np.cos(angles), np.sin(angles)])
    feret = projected.max(axis=0) - projected.min(axis=0)
    diameter = 2 * float(np.sqrt(area / np.pi))
    spread = float(np.std(2 * np.hypot(*(outline - _centroid(outline)).T)))
    feret_min, feret_max = float(feret.min()), float(feret.max())
    ellipse = fit_ellipse(outline)
    if ellipse is None:
        return Width(
            diameter, spread, feret_min, feret_max, n=len(outline), feret_min=feret_min, feret_max=feret_max
        )  # fmt: skip
    turned = np.deg2rad(ellipse.angle_deg)
    direction = np.linalg.inv(registration.linear_px()) @ (np.array([np.cos(turned), np.sin(turned)]) / scale)
    angle = float(np.rad2deg(np.arctan2(direction[1], direction[0])))
    unbiased = float("nan")
    if sigma_px is not None and np.isfinite(sigma_px).any():
        noise = float(np.nanmean(sigma_px**2)) * pixel_size.x_nm * pixel_size.y_nm
        unbiased = 3 * float(np.sqrt(max(ellipse.rms**2 - noise, 0.0)))
    return Width(
        diameter, spread, feret_min, feret_max, a=ellipse.a, b=ellipse.b, n=len(outline), feret_min=feret_min,
        feret_max=feret_max, ellipse_angle_deg=90.0 - (90.0 - angle) % 180.0, cer3=3 * ellipse.rms,
        cer3_unbiased=unbiased,
    )  # fmt: skip


def fit_ellipse(outline: Points) -> Ellipse | None:
    """The ellipse of least squared distances from the points of a closed outline; None if none fits.

    Notes
    -----
    Fitzgibbon's direct fit in the stable form of Halir and Flusser (1998), repeated with each point weighted by the
    length it stands for over the squared gradient, so that it is the distances (to first order) that are least.
    """
    middle = outline.mean(axis=0)
    size = float(np.sqrt(np.mean((outline - middle) ** 2)))
    if len(outline) < 6 or not size > 0:
        return None
    x, y = (outline - middle).T / size
    length = np.hypot(*(outline - np.roll(outline, 1, axis=0)).T)
    length = (length + np.roll(length, -1)) / (2 * length.sum())
    quadratic = np.column_stack([x * x, x * y, y * y])
    linear = np.column_stack([x, y, np.ones_like(x)])
    weight = length
    for _ in range(1 + REWEIGHTINGS):
        one = quadratic.T @ (weight[:, None] * quadratic)
        mixed = quadratic.T @ (weight[:, None] * linear)
        try:
            to_linear = -np.linalg.solve(linear.T @ (weight[:, None] * linear), mixed.T)
        except np.linalg.LinAlgError:
            return None
        reduced = one + mixed @ to_linear
        values, vectors = np.linalg.eig(np.stack([reduced[2] / 2, -reduced[1], reduced[0] / 2]))
        real = vectors.real
        is_ellipse = (4 * real[0] * real[2] - real[1] ** 2 > 0) & (np.abs(values.imag) < 1e-9)
        if not is_ellipse.any():
            return None
        best = real[:, is_ellipse][:, np.argmin(np.abs(values.real[is_ellipse]))]
        conic = np.concatenate([best, to_linear @ best])
        gradient = np.hypot(2 * conic[0] * x + conic[1] * y + conic[3], conic[1] * x + 2 * conic[2] * y + conic[4])
        weight = length / np.maximum(gradient, 1e-9) ** 2
    distance = (quadratic @ conic[:3] + linear @ conic[3:]) / np.maximum(gradient, 1e-9)
    return _axes(conic, middle, size, float(np.sqrt(np.sum(length * distance**2))))


def _axes(conic: Floats, middle: Floats, size: float, rms: float) -> Ellipse | None:
    """Centre and full axes of a x^2 + b x y + c y^2 + d x + e y + f = 0, in the outline's own unit."""
    form = np.array([[conic[0], conic[1] / 2], [conic[1] / 2, conic[2]]])
    centre = np.linalg.solve(form, -conic[3:5] / 2)
    level = -(conic[5] + conic[3:5] @ centre / 2)
    values, vectors = np.linalg.eigh(form / level)
    if not (values > 0).all():
        return None
    half = size / np.sqrt(values)  # the smaller eigenvalue, first, is the longer axis
    angle = float(np.rad2deg(np.arctan2(vectors[1, 0], vectors[0, 0])))
    at = middle + size * centre
    return Ellipse((float(at[0]), float(at[1])), float(2 * half[0]), float(2 * half[1]), angle % 180.0, size * rms)


def _centroid(outline: Points) -> Floats:
    following = np.roll(outline, -1, axis=0)
    cross = outline[:, 0] * following[:, 1] - following[:, 0] * outline[:, 1]
    centre: Floats = ((outline + following) * cross[:, None]).sum(axis=0) / (3 * cross.sum())
    return centre


def _shares(contours: Contours, shape: tuple[int, int]) -> tuple[Booleans, Floats]:
    """(R,) whether each outline lies wholly within the picture, and the share of its length that is an edge."""
    if not contours.outlines:
        return np.empty(0, dtype=bool), np.empty(0)
    contour = np.concatenate(contours.outlines)
    lengths = np.hypot(*(contour[following_point(contours.outlines)] - contour).T)
    counts = np.array([len(outline) for outline in contours.outlines], dtype=np.int64)
    found = np.ones(len(contour), dtype=bool) if contours.found is None else contours.found
    return _share(lengths, inside_picture(contours, shape), counts) == 1, _share(lengths, found, counts)


def _share(lengths: Floats, inside: Booleans, counts: Integers) -> Floats:
    """(R,) share of each outline's length that is marked."""
    ring = np.repeat(np.arange(len(counts)), counts)
    unmarked = np.bincount(ring, np.where(inside, 0.0, lengths), len(counts))
    return 1 - unmarked / np.maximum(np.bincount(ring, lengths, len(counts)), 1e-9)
