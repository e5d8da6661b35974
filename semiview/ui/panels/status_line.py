"""Where the pointer is, what it reads, and whether the work is on the disk."""

import math

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from semiview.ui.saving import Saving
from semiview.ui.scale_words import pixel_size_in_words
from semiview.ui.session import Session
from semiview.ui.theme import BAD, BUSY, GOOD

SENTENCE_MS = 10_000


class StatusLine(QStatusBar):
    """Sentences on the left; position, grey value, zoom, pixel size with its source, and saving on the right."""

    def __init__(self, session: Session, saving: Saving, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._saving = session, saving
        self.setSizeGripEnabled(False)
        self.position = self._label("position", "Position of the pointer in the design and in the image", 236)
        self.grey = self._label("grey", "Grey value under the pointer", 64)
        self.zoom = self._label("zoom", "Screen pixels per image pixel", 56)
        self.pixel_size = self._label("pixel_size", "Size of a pixel, and who said so", 150)
        self.saved = self._label("saved", "Whether decisions and drafts are on the disk", 74)
        session.case_changed.connect(self._case_changed)
        session.prediction_changed.connect(self._show_pixel_size)
        session.said.connect(lambda sentence: self.showMessage(sentence, SENTENCE_MS))
        saving.changed.connect(self._saving_changed)
        self._case_changed()
        self._saving_changed()

    def show_pointer(self, u: float, v: float) -> None:
        """The pointer is at (u, v) in image px; NaN: it is nowhere."""
        case, document = self._session.case, self._session.document
        if case is None or document is None or not (math.isfinite(u) and math.isfinite(v)):
            self.position.clear()
            self.grey.clear()
            return
        x, y = document.registration.to_nm([[u, v]])[0]
        place = f"{u:.1f}, {v:.1f} px"
        self.position.setText(place if math.isnan(x) else f"{x:,.1f}, {y:,.1f} nm   {place}")
        row, column = round(v), round(u)
        height, width = case.sem.shape
        inside = 0 <= row < height and 0 <= column < width
        self.grey.setText(f"grey {case.sem.pixels[row, column]:g}" if inside else "")

    def show_zoom(self, zoom: float) -> None:
        """Screen px per image px."""
        self.zoom.setText(f"{100 * zoom:.0f} %" if math.isfinite(zoom) else "")

    def _case_changed(self) -> None:
        self.show_pointer(math.nan, math.nan)
        self._show_pixel_size()

    def _show_pixel_size(self) -> None:
        case = self._session.case
        self.pixel_size.setText("" if case is None else pixel_size_in_words(case.calibrated or case.sem.pixel_size))

    def _saving_changed(self) -> None:
        colour = BUSY if self._saving.pending else BAD if self._saving.failures else GOOD
        self.saved.setText(f'<span style="color:{colour}">●</span> {self._saving.state}')

    def _label(self, name: str, tip: str, width: int) -> QLabel:
        label = QLabel()
        label.setObjectName(name)
        label.setToolTip(tip)
        label.setMinimumWidth(width)
        label.setTextFormat(Qt.TextFormat.AutoText)
        self.addPermanentWidget(label)
        return label
