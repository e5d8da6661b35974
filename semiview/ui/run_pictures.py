"""The pictures that a training run leaves: SEM images with the approved contour and what the networks draw."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

SIDE_PX = 320
# What a file may hold besides the SEM picture, and how its contours are drawn: the colours of Okabe and Ito.
CONTOURS = {
    "design": ("design (left the real picture, right the one made)", (0, 158, 115)),
    "approved": ("approved", (0, 158, 115)),
    "before": ("before", (213, 94, 0)),
    "after": ("now", (0, 114, 178)),
}
NONE_YET = "While a run is on, the same few cases are shown here after each epoch; afterwards what changed most."


class RunPictures(QScrollArea):
    """One picture a case, side by side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 4, 0, 0)
        self.title = QLabel(NONE_YET)
        self.title.setWordWrap(True)
        self._row = QHBoxLayout()
        column.addWidget(self.title)
        column.addLayout(self._row)
        column.addStretch(1)
        self.setWidget(inner)
        self.labels: list[QLabel] = []

    def show_file(self, path: Path | None, title: str) -> None:
        """Show a run's picture file; None, or one that cannot be read: nothing."""
        while self._row.count():
            item = self._row.takeAt(0)
            widget = None if item is None else item.widget()
            if widget is not None:
                widget.deleteLater()
        self.labels = []
        pictures, names = ([], []) if path is None else read_pictures(path)
        self.title.setText(" · ".join((title, *map(_coloured, names))) if pictures else NONE_YET)
        for case_id, picture in pictures:
            label = QLabel()
            label.setPixmap(QPixmap.fromImage(picture))
            label.setToolTip(case_id)
            label.setAccessibleName(case_id)
            self.labels.append(label)
            self._row.addWidget(label, 0, Qt.AlignmentFlag.AlignTop)
        self._row.addStretch(1)


def _coloured(name: str) -> str:
    word, tint = CONTOURS[name]
    return f'<span style="color:{QColor(*tint).name()}">{word}</span>'


def read_pictures(path: Path) -> tuple[list[tuple[str, QImage]], list[str]]:
    """Case and picture for each case of a run's picture file, and whose contours they show; none if it is damaged."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            names = [name for name in CONTOURS if f"{name}_0" in arrays]
            found = []
            for number, case_id in enumerate(arrays["case_ids"].tolist()):
                contours = [(arrays[f"{name}_{number}"], CONTOURS[name][1]) for name in names]
                found.append((str(case_id), drawn(arrays[f"sem_{number}"], contours)))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return [], []
    return found, names


def drawn(grey: npt.NDArray[np.uint8], contours: Sequence[tuple[npt.NDArray[Any], tuple[int, int, int]]]) -> QImage:
    """A picture (H, W), enlarged or reduced to a fixed size, with the half contours of maps of 0 to 255."""
    factor = SIDE_PX / max(grey.shape)
    size = max(round(grey.shape[1] * factor), 1), max(round(grey.shape[0] * factor), 1)
    colour = np.repeat(cv2.resize(grey, size, interpolation=cv2.INTER_AREA)[:, :, None], 3, axis=2)
    for probability, tint in contours:
        mask = (cv2.resize(probability, size, interpolation=cv2.INTER_LINEAR) >= 128).astype(np.uint8)
        outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(colour, outlines, -1, tint, 1, cv2.LINE_AA)
    image = QImage(np.ascontiguousarray(colour).data, size[0], size[1], 3 * size[0], QImage.Format.Format_RGB888).copy()
    image.setDevicePixelRatio(2)
    return image
