"""Small pictures of cases, loaded when a row is looked at, off the window's thread."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from semiview.core.sem_image import SemImage
from semiview.files.problem import FileProblem
from semiview.ui.latest import Errands

WIDTH_PX, HEIGHT_PX = 52, 40
KEPT = 1500
WANTED_AT_MOST = 64  # rows scrolled past are forgotten


class Thumbnails(QObject):
    """Pictures by case id. `load` reads an image on another thread.

    Attributes
    ----------
    arrived
        The case whose picture can be shown now.
    """

    arrived = Signal(str)

    def __init__(self, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._errands = errands
        self._load: Callable[[str], SemImage] | None = None
        self._kept: OrderedDict[str, QPixmap | None] = OrderedDict()
        self._wanted: OrderedDict[str, None] = OrderedDict()
        self._running = False
        self._generation = 0

    def set_source(self, load: Callable[[str], SemImage] | None) -> None:
        """Another project: forget what was loaded."""
        self._load = load
        self._kept.clear()
        self._wanted.clear()
        self._generation += 1

    def get(self, case_id: str) -> QPixmap | None:
        """The picture, or None while it is not there; asking for it loads it."""
        if case_id in self._kept:
            self._kept.move_to_end(case_id)
            return self._kept[case_id]
        self._wanted[case_id] = None
        self._wanted.move_to_end(case_id)
        while len(self._wanted) > WANTED_AT_MOST:
            self._wanted.popitem(last=False)
        self._next()
        return None

    def _next(self) -> None:
        if self._running or not self._wanted or self._load is None:
            return
        case_id, _ = self._wanted.popitem(last=True)
        load, generation = self._load, self._generation
        self._running = True

        def work() -> QImage:
            return small_image(load(case_id).pixels)

        def done(image: QImage | None) -> None:
            self._running = False
            if generation == self._generation:
                self._kept[case_id] = None if image is None else QPixmap.fromImage(image)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
                if image is not None:
                    self.arrived.emit(case_id)
            self._next()

        def failed(problem: Exception) -> None:
            done(None)
            if not isinstance(problem, FileProblem):
                raise problem

        self._errands.run(work, done, failed)


def small_image(pixels: npt.NDArray[Any]) -> QImage:
    """A grey picture of (H, W) that fits the list at twice its resolution."""
    image = grey_picture(pixels, 2 * WIDTH_PX, 2 * HEIGHT_PX)
    image.setDevicePixelRatio(2)
    return image


def grey_picture(pixels: npt.NDArray[Any], width_px: int, height_px: int) -> QImage:
    """A grey picture of (H, W) within a size, its darkest and brightest percent cut off."""
    factor = min(width_px / pixels.shape[1], height_px / pixels.shape[0], 1.0)
    size = max(round(pixels.shape[1] * factor), 1), max(round(pixels.shape[0] * factor), 1)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    low, high = np.percentile(small, (1, 99))
    grey = np.clip((small - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)
    # copy(): the QImage must own its bytes.
    return QImage(np.ascontiguousarray(grey).data, size[0], size[1], size[0], QImage.Format.Format_Grayscale8).copy()
