"""A small plot in the palette's colours, without the library's own mouse and menus."""

import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

TITLED_PX = 130  # a lower plot has no room for a title under its axis
SIDE_TITLED_PX = 85  # nor one beside it


class PlotFrame(QWidget):
    """Holds one plot and keeps its colours those of the palette, light or dark."""

    def __init__(self, x_title: str, y_title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(2)
        self._titles = {"bottom": x_title, "left": y_title}
        self.plot = pg.PlotWidget(self)
        self.column.addWidget(self.plot, 1)
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(False, False)
        self.plot.hideButtons()
        self.plot.setMinimumSize(120, 80)
        for side in self._titles:
            # Before there is a label: with one, to be told so is what makes the library scale the figures once more.
            self.plot.getAxis(side).enableAutoSIPrefix(False)
        self._words = QLabel(self.plot)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setWordWrap(True)
        self._words.setContentsMargins(8, 4, 8, 4)
        self._words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._words.hide()
        self.take_colours()

    @property
    def message(self) -> str:
        """What stands in place of an empty plot."""
        return self._words.text()

    def say(self, sentence: str) -> None:
        """Why there is nothing to see, in place of the plot; empty: there is something."""
        self._words.setText(sentence)
        self._words.setVisible(bool(sentence))
        for side in self._titles:
            self.plot.getAxis(side).setVisible(not sentence)
        self._place_words()

    def take_colours(self) -> None:
        """Colour by the palette; subclasses colour their own items too."""
        palette = self.palette()
        text = palette.color(QPalette.ColorRole.Text)
        self.plot.setBackground(palette.color(QPalette.ColorRole.Base))
        self._words.setStyleSheet(f"color: {palette.color(QPalette.ColorRole.PlaceholderText).name()}")
        for side, title in self._titles.items():
            axis = self.plot.getAxis(side)
            axis.setPen(text)
            axis.setTextPen(text)
            axis.setStyle(tickLength=-4)
            axis.setLabel(title, color=text.name())
        self._fit_title(self.height())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.take_colours()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_title(event.size().height())
        self._place_words()

    def _fit_title(self, height_px: int) -> None:
        self.plot.getAxis("bottom").showLabel(height_px >= TITLED_PX)
        self.plot.getAxis("left").showLabel(height_px >= SIDE_TITLED_PX)

    def _place_words(self) -> None:
        self._words.setGeometry(self.plot.rect())
