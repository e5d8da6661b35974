"""A simulated SEM field with the truth beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from semiview.core.design import Tone
from semiview.core.outline import Points, as_outline, bounds
from semiview.core.raster import coverage
from semiview.core.registration import Registration
from semiview.simulation.printed import PrintedEdges, print_edges
from semiview.simulation.recipe import Recipe
from semiview.simulation.scan import PERFECT, Scan

Picture = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]

STEP_PX = 1.5  # distance of printed points: arcs of 5 px radius stay true within 0.06 px


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedField:
    """A simulated image and what is really there.

    Attributes
    ----------
    pixels
        (H, W) grey values, uint8 or uint16.
    printed_px
        Outlines of standing material in image px, inside on the left. For the tone `opening` the first is a box
        around the picture.
    coverage
        (H, W) float32: share of each pixel that is standing material, exact.
    registration
        The true transform from design nm to image px.
    printed
        The printed drawn polygons in design nm with the true edge placement errors.
    """

    pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    printed_px: tuple[Points, ...]
    coverage: Picture
    registration: Registration
    printed: PrintedEdges


def simulate(
    outlines_nm: Sequence[Points],
    tone: Tone,
    registration: Registration,
    shape: tuple[int, int],
    recipe: Recipe,
    seed: int,
    scan: Scan = PERFECT,
) -> SimulatedField:
    """Print a design and take its picture.

    Parameters
    ----------
    outlines_nm
        Drawn polygons, merged (outer counter-clockwise, holes clockwise), in nm.
    tone
        raised: drawn = standing material; opening: drawn = hole or trench.
    registration
        Where the design really lies in the picture; its frame holds the recipe's pixel size.
    shape
        (H, W) of the picture in px.
    scan
        What the scan adds: the registration is that of a perfect one, outlines and coverage are as they are seen.

    Raises
    ------
    ValueError
        If the registration's frame and the recipe state different pixel sizes.
    """
    scale = registration.frame.nm_per_px
    if not np.isclose(scale, recipe.nm_per_px, rtol=1e-9):
        raise ValueError(f"the registration is for {scale} nm per px but the recipe for {recipe.nm_per_px}")
    rng = np.random.default_rng(seed)
    margin = margin_px(recipe)
    near = touching(outlines_nm, registration, shape, margin)
    printed = print_edges(near, recipe, STEP_PX * scale, rng)
    outlines = tuple(registration.outline_to_px(outline) for outline in printed.outlines_nm)
    if scan != PERFECT:
        outlines = tuple(as_outline(scan.seen_at(outline, shape, scale)) for outline in outlines)

    height, width = shape
    rows, columns = (scipy.fft.next_fast_len(side + 2 * margin, real=True) for side in shape)
    share = coverage([outline + margin for outline in outlines], (rows, columns))
    if tone == "opening":
        share = np.float32(1) - share
        outlines = (_around(outlines, shape), *(as_outline(outline[::-1]) for outline in outlines))
    inner = (slice(margin, margin + height), slice(margin, margin + width))
    signal = expected_signal(share, recipe)[inner]
    if scan != PERFECT:
        signal = scan.signal(signal, share[inner].astype(np.float64), rng)
    pixels = detect(signal, recipe, rng)
    return SimulatedField(pixels, outlines, np.ascontiguousarray(share[inner]), registration, printed)


def margin_px(recipe: Recipe) -> int:
    """Pixels around the picture whose material still shows in it."""
    bloom_nm = recipe.bloom_decay_nm if recipe.bloom_height > 0 else 0.0
    reach_nm = 3 * max(recipe.rim_decay_nm, bloom_nm, recipe.shadow_decay_nm, recipe.beam_sigma_nm)
    return int(np.ceil(reach_nm / recipe.nm_per_px)) + 2


def touching(
    outlines: Sequence[Points], registration: Registration, shape: tuple[int, int], margin: int
) -> list[Points]:
    """Outlines whose bounding box meets the picture and its margin."""
    height, width = shape
    low, right, bottom = -0.5 - margin, width - 0.5 + margin, height - 0.5 + margin
    corners = registration.to_nm(np.array([(low, low), (right, low), (right, bottom), (low, bottom)]))
    x_min, y_min, x_max, y_max = bounds([corners])
    kept = []
    for outline in outlines:
        (left, under), (far, over) = outline.min(axis=0), outline.max(axis=0)
        if left <= x_max and far >= x_min and under <= y_max and over >= y_min:
            kept.append(outline)
    return kept


def expected_signal(share: Picture, recipe: Recipe) -> Values:
    """Mean signal, relative to flat standing material, of a picture given as coverage of standing material.

    Along the normal of a long straight edge, at distance d inside: 1 + rim_height exp(-d / rim_decay) + bloom_height
    exp(-d / bloom_decay); outside: ground_yield (1 - shadow_depth exp(-d / shadow_decay)); all blurred by the beam. The
    exponentials are written as the share of surroundings that is not material, seen through a kernel whose
    projection on a line is exp(-|x| / decay) / (2 decay), transform 1 / (1 + (2 pi f decay)^2): so narrow features
    sum both their rims, and corners that stick out are brighter. Edges lie within 0.02 px of the truth, 0.03 px for
    a beam of 0.8 px. The picture wraps around; leave a margin of `margin_px`.
    """
    height, width = share.shape
    v, u = scipy.fft.fftfreq(height)[:, None], scipy.fft.rfftfreq(width)
    squared = (2 * np.pi) ** 2 * (v**2 + u**2)
    # In double precision, so that `detect` draws the same electrons on every processor.
    material = share.astype(np.float64)
    spectrum = scipy.fft.rfft2(material)

    def seen(decay: float) -> Values:
        result: Values = scipy.fft.irfft2(spectrum / (1 + squared * decay**2), s=share.shape)
        return result

    rim, shadow = recipe.rim_decay_nm / recipe.nm_per_px, recipe.shadow_decay_nm / recipe.nm_per_px

    def glow(decay: float) -> Values:
        # In a pixel that an edge crosses only the part inside glows; its middle lies (1 - material) / 2 farther in.
        result: Values = 2 * (1 - seen(decay)) * material * np.exp((material - 1) / (2 * decay))
        return result

    bright = recipe.rim_height * glow(rim)
    if recipe.bloom_height > 0:
        bright += recipe.bloom_height * glow(recipe.bloom_decay_nm / recipe.nm_per_px)
    shade = 2 * seen(shadow) * (1 - material) * np.exp(-material / (2 * shadow))
    signal = material + bright + recipe.ground_yield * (1 - material - recipe.shadow_depth * shade)
    beam = np.exp(-0.5 * squared * (recipe.beam_sigma_nm / recipe.nm_per_px) ** 2)
    blurred: Values = scipy.fft.irfft2(scipy.fft.rfft2(signal) * beam, s=share.shape)
    return blurred


def detect(signal: Values, recipe: Recipe, rng: np.random.Generator) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """Count electrons: slow shading, shot noise, detector noise, grey levels."""
    mean = np.maximum(signal * _shading(signal.shape, recipe.shading, rng), 0) * recipe.dose
    # On a coarse grid the last bits, which differ between processors, cannot change what is drawn from them.
    mean = np.round(mean * 1024) / 1024
    electrons = rng.poisson(mean) + recipe.detector_noise * rng.standard_normal(mean.shape)
    grey = recipe.black + (recipe.flat - recipe.black) / recipe.dose * electrons
    values = np.rint(np.clip(grey, 0, 1) * recipe.full_scale)
    pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16] = values.astype(f"uint{recipe.bits}")
    return pixels


def _shading(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> Values:
    """1 + a slow random field: the lowest cosines of both axes."""
    weights = rng.standard_normal((3, 3))
    weights[0, 0] = 0
    rows, columns = (np.cos(np.pi * np.arange(3)[:, None] * np.linspace(0, 1, n)) for n in shape)
    field = rows.T @ weights @ columns
    result: Values = 1 + sigma * field / np.sqrt(3)
    return result


def _around(outlines: Sequence[Points], shape: tuple[int, int]) -> Points:
    """A box around the picture and all outlines, inside on the left as seen on the screen (rows down)."""
    height, width = shape
    picture = np.array([(-0.5, -0.5), (width - 0.5, height - 0.5)])
    left, top, right, bottom = bounds([*outlines, picture])
    return as_outline([(left - 9, top - 9), (left - 9, bottom + 9), (right + 9, bottom + 9), (right + 9, top - 9)])
