"""The SEM picture of one field of view, as loaded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from semiview.core.equality import same_values

UNKNOWN_SOURCE = "unknown"


@dataclass(frozen=True, slots=True)
class PixelSize:
    """Size of a pixel in nm, along the row (x) and the column (y), and who said so.

    NaN means unknown; no nanometre may be shown then.
    """

    x_nm: float = float("nan")
    y_nm: float = float("nan")
    source: str = UNKNOWN_SOURCE

    def __post_init__(self) -> None:
        for value in (self.x_nm, self.y_nm):
            if not (np.isnan(value) or (np.isfinite(value) and value > 0)):
                raise ValueError(f"a pixel size must be positive and finite, not {value!r} nm")

    @property
    def known(self) -> bool:
        """True if both axes have a size."""
        return not (np.isnan(self.x_nm) or np.isnan(self.y_nm))

    def __eq__(self, other: object) -> bool:
        return same_values(self, other)


@dataclass(frozen=True, slots=True)
class PictureArea:
    """The picture itself within the file's image: px, right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right and 0 <= self.top < self.bottom):
            raise ValueError(f"an empty or negative picture area: {self}")

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of the picture in px."""
        return self.bottom - self.top, self.right - self.left


@dataclass(frozen=True, slots=True, eq=False)
class SemImage:
    """Grey values of the picture, its pixel size and where both came from.

    Attributes
    ----------
    pixels
        (H, W) grey values as in the file (uint8, uint16 or float32), read-only; the data bar is left out.
    pixel_size
        nm per px with its source.
    area
        Where the picture lies in the file's image.
    file_shape
        (H, W) of the file's image in px, data bar included.
    sha256
        Hex digest of the file's bytes; empty for an image that came from no file.
    """

    pixels: npt.NDArray[Any]
    pixel_size: PixelSize
    area: PictureArea
    file_shape: tuple[int, int]
    path: str = ""
    sha256: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_picture(self.pixels)
        if self.pixels.shape != self.area.shape:
            raise ValueError(f"pixels are {self.pixels.shape} but the picture area is {self.area.shape}")
        self.pixels.setflags(write=False)

    @classmethod
    def from_pixels(
        cls, pixels: npt.NDArray[Any], nm_per_px: float = float("nan"), source: str = "given"
    ) -> "SemImage":
        """An image from an array (H, W) and a square pixel size in nm; NaN for unknown."""
        _check_picture(pixels)
        height, width = pixels.shape
        size = PixelSize() if np.isnan(nm_per_px) else PixelSize(nm_per_px, nm_per_px, source)
        return cls(pixels, size, PictureArea(0, 0, width, height), (height, width))

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of the picture in px."""
        return self.area.shape

    @property
    def saturated_high(self) -> float:
        """Largest grey value the picture's number type holds; inf for floats."""
        if np.issubdtype(self.pixels.dtype, np.integer):
            return float(np.iinfo(self.pixels.dtype).max)
        return float("inf")

    @property
    def centre_px(self) -> tuple[float, float]:
        """(u, v) of the picture's centre, integers being pixel centres."""
        height, width = self.shape
        return (width - 1) / 2, (height - 1) / 2


def _check_picture(pixels: npt.NDArray[Any]) -> None:
    if pixels.ndim != 2 or pixels.size == 0:
        raise ValueError(f"an SEM image is (H, W) and not empty, this one is {pixels.shape}")
