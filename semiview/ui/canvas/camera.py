"""Where the views look: the image point in their middle and the zoom. Image px, integers are pixel centres."""

from dataclasses import dataclass, replace

import numpy as np

MAX_ZOOM = 64.0
MIN_ZOOM = 1 / 256
MARGIN = 0.98


@dataclass(frozen=True, slots=True)
class Camera:
    """The image point (u, v) in the middle of a view, and screen px per image px."""

    u: float
    v: float
    zoom: float

    @classmethod
    def fitting(cls, shape: tuple[int, int], width: float, height: float) -> "Camera":
        """The whole picture (H, W) within a view of width x height screen px, with a narrow margin."""
        rows, columns = shape
        zoom = MARGIN * min(width / columns, height / rows)
        return cls((columns - 1) / 2, (rows - 1) / 2, _within_limits(zoom))

    def offset(self, width: float, height: float) -> tuple[float, float]:
        """Screen place of image point (0, 0) in a view of that size.

        Moved by less than half a screen px, so that the picture's edge, and at whole zooms every pixel's, lies on
        the screen's grid.
        """
        half = self.zoom / 2
        x = round(width / 2 - self.u * self.zoom - half) + half
        y = round(height / 2 - self.v * self.zoom - half) + half
        return x, y

    def to_image(self, x: float, y: float, width: float, height: float) -> tuple[float, float]:
        """Image point under the screen point (x, y)."""
        offset_x, offset_y = self.offset(width, height)
        return (x - offset_x) / self.zoom, (y - offset_y) / self.zoom

    def moved(self, right: float, down: float) -> "Camera":
        """The picture dragged by screen px."""
        return replace(self, u=self.u - right / self.zoom, v=self.v - down / self.zoom)

    def zoomed(self, factor: float, u: float, v: float) -> "Camera":
        """Enlarged about the image point (u, v), which stays where it is on the screen."""
        zoom = _within_limits(self.zoom * factor)
        keep = self.zoom / zoom
        return Camera(u + (self.u - u) * keep, v + (self.v - v) * keep, zoom)


def _within_limits(zoom: float) -> float:
    return float(np.clip(zoom, MIN_ZOOM, MAX_ZOOM))
