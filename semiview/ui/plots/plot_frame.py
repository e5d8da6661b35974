"""A small plot in the palette's colours, without the library's own mouse and menus."""

import pyqtgraph as pg
from PySide6.QtCore import QEvent
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget


class PlotFrame(QWidget):
    """Holds one plot and keeps its colours those of the palette, light or dark."""

    def __init__(self, x_title: str, y_title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._titles = {"bottom": x_title, "left": y_title}
        self.plot = pg.PlotWidget(self)
        layout.addWidget(self.plot)
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(False, False)
        self.plot.hideButtons()
        self.plot.setMinimumSize(120, 80)
        self.take_colours()

    def take_colours(self) -> None:
        """Colour by the palette; subclasses colour their own items too."""
        palette = self.palette()
        text = palette.color(QPalette.ColorRole.Text)
        self.plot.setBackground(palette.color(QPalette.ColorRole.Base))
        for side, title in self._titles.items():
            axis = self.plot.getAxis(side)
            axis.setPen(text)
            axis.setTextPen(text)
            axis.setStyle(tickLength=-4)
            axis.enableAutoSIPrefix(False)
            axis.setLabel(title, color=text.name())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.take_colours()
