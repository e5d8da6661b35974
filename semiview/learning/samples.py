"""What a network is shown: fields with their approved shape, scaled by one rule and cut into patches.

Nothing here changes a grey value at random. Patches are turned and mirrored, on picture and shape alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from semiview.files.durable_file import make_folder, writing_problem

Plane = npt.NDArray[np.float32]

LOW_PERCENT, HIGH_PERCENT = 0.5, 99.5
LIMIT = 3.0
PLACES_TRIED = 8


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One field to learn from or to be scored on.

    Attributes
    ----------
    pixels
        (H, W) what goes in: scaled grey values, see `scaled`; for the way back the design, -1 to 1.
    target
        (H, W) what should come out: share of standing material, 0 to 1; for the way back scaled grey values.
    weight
        (H, W) 1 where the pixel counts, 0 where it is ignored.
    nm_per_px
        (x, y); NaN for unknown.
    """

    sample_id: str
    case_id: str
    group: str
    pattern_type: str
    pixels: Plane
    target: Plane
    weight: Plane
    nm_per_px: tuple[float, float]

    @property
    def turns(self) -> bool:
        """True if a quarter turn leaves the pixels as they are: square, or of unknown size."""
        return has_square_pixels(*self.nm_per_px)


def on_disk(sample: Sample, folder: Path) -> Sample:
    """The same sample with its planes mapped from files: a field of 2048 px takes 50 MB there, and none in memory.

    Raises
    ------
    FileProblem
        If the files cannot be written.
    """
    make_folder(folder)
    mapped = {}
    for name in ("pixels", "target", "weight"):
        path = folder / f"{sample.sample_id}.{name}.npy"
        try:
            np.save(path, getattr(sample, name), allow_pickle=False)
            mapped[name] = np.load(path, mmap_mode="r", allow_pickle=False)
        except OSError as error:
            raise writing_problem(path, error) from error
    return replace(sample, **mapped)


def has_square_pixels(x_nm: float, y_nm: float) -> bool:
    """True if a quarter turn leaves the pixels as they are: square within 0.1 %, or of unknown size (NaN)."""
    return not abs(x_nm / y_nm - 1) > 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """(B, 1, H, W) float32 pictures, targets and weights."""

    pixels: Plane
    target: Plane
    weight: Plane


def scaled(pixels: npt.NDArray[Any]) -> Plane:
    """Grey values on a fixed scale: the picture's darkest and brightest half percent become -1 and 1.

    The percentiles are those of the 3 x 3 mean, so that noise does not set them. Deterministic, and the same for
    training and prediction. A flat picture becomes zero.
    """
    values = pixels.astype(np.float32)
    low, high = levels(values)
    if not high > low:
        return np.zeros(values.shape, np.float32)
    result: Plane = np.clip((values - low) * np.float32(2 / (high - low)) - 1, -LIMIT, LIMIT).astype(np.float32)
    return result


def levels(pixels: npt.NDArray[Any]) -> tuple[float, float]:
    """The grey levels that become -1 and 1."""
    smooth = ndimage.uniform_filter(pixels.astype(np.float32), 3)
    low, high = np.percentile(smooth[::2, ::2], (LOW_PERCENT, HIGH_PERCENT))
    return float(low), float(high)


def in_grey(values: Plane, pixels: npt.NDArray[Any]) -> Plane:
    """Values on the fixed scale as grey levels of the picture `pixels`: the inverse of `scaled`."""
    low, high = levels(pixels)
    result: Plane = (low + (values + 1) * np.float32((high - low) / 2)).astype(np.float32)
    return result


def draw_batch(
    new: Sequence[Sample], replay: Sequence[Sample], size: int, replayed: int, patch_px: int, rng: np.random.Generator
) -> Batch:
    """Patches at random places: `replayed` of them from earlier material, every pattern type equally often.

    A place where both sides of an edge are seen is preferred: what a flat grey is nobody can tell without its edges.
    """
    sources = [replay if i < replayed and replay else new for i in range(size)]
    patches = [_patch(_draw(source, rng), patch_px, rng) for source in sources]
    pixels, target, weight = (np.stack(planes)[:, None] for planes in zip(*patches, strict=True))
    return Batch(pixels, target, weight)


def middle_batch(sample: Sample, largest_px: int, multiple_px: int) -> Batch:
    """The middle of a field, the same every time, with sides that are multiples of `multiple_px`."""
    height, width = (max(min(side, largest_px) // multiple_px, 2) * multiple_px for side in sample.pixels.shape)
    planes = []
    for plane in (sample.pixels, sample.target, sample.weight):
        grown = _grown(plane, height, width)
        top, left = (grown.shape[0] - height) // 2, (grown.shape[1] - width) // 2
        planes.append(np.array(grown[top : top + height, left : left + width])[None, None])
    return Batch(*planes)


def _draw(samples: Sequence[Sample], rng: np.random.Generator) -> Sample:
    types = sorted({sample.pattern_type for sample in samples})
    chosen = types[rng.integers(len(types))]
    of_type = [sample for sample in samples if sample.pattern_type == chosen]
    return of_type[rng.integers(len(of_type))]


def _patch(sample: Sample, patch_px: int, rng: np.random.Generator) -> tuple[Plane, Plane, Plane]:
    height, width = (max(side, patch_px) for side in sample.pixels.shape)
    places = rng.integers((0, 0), (height - patch_px + 1, width - patch_px + 1), (PLACES_TRIED, 2)).tolist()
    top, left = next((place for place in places if _shows_both(sample, (place[0], place[1]), patch_px)), places[0])
    quarters = int(rng.integers(4)) if sample.turns else 2 * int(rng.integers(2))
    mirrored = bool(rng.integers(2))

    def cut(plane: Plane) -> Plane:
        patch = _grown(plane, patch_px, patch_px)[top : top + patch_px, left : left + patch_px]
        patch = np.rot90(patch, quarters)
        return np.ascontiguousarray(patch[:, ::-1] if mirrored else patch)

    return cut(sample.pixels), cut(sample.target), cut(sample.weight)


def _shows_both(sample: Sample, place: tuple[int, int], side: int) -> bool:
    """True if there is material as well as ground in a square of a field, and both count."""
    top, left = place
    there = (slice(top, top + side), slice(left, left + side))
    inside, counts = sample.target[there] >= 0.5, sample.weight[there] > 0
    return bool((inside & counts).any() and (~inside & counts).any())


def _grown(plane: Plane, height: int, width: int) -> Plane:
    """At least (height, width), reflected at the lower and right border where it was smaller."""
    lacking = [(0, max(wanted - side, 0)) for wanted, side in zip((height, width), plane.shape, strict=True)]
    return np.pad(plane, lacking, mode="symmetric") if any(after for _, after in lacking) else plane
