"""How the loss of a training run falls."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

from semiview.learning.messages import EpochDone
from semiview.ui.plots.plot_frame import PlotFrame

TRAIN, VALIDATION, RATE = QColor(86, 150, 210), QColor(230, 140, 0), QColor(140, 140, 140)


class TrainingCurves(PlotFrame):
    """Training and validation loss and the learning rate by epoch, and the epoch that is best so far."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("epoch", "loss", parent)
        self.setAccessibleName("Training curves")
        self._legend = self.plot.addLegend(offset=(-4, 2), labelTextSize="8pt")
        self._train = self._curve("training", TRAIN, "o")
        self._validation = self._curve("validation", VALIDATION, "s")
        self._best = pg.InfiniteLine(angle=90)
        self.plot.addItem(self._best)
        # The learning rate has a scale of its own, whose figures stand in the panel: an axis would take half the room.
        self._rates = pg.ViewBox()
        self._rates.setMouseEnabled(False, False)
        item = self.plot.getPlotItem()
        item.scene().addItem(self._rates)
        self._rates.setXLink(item)
        item.vb.sigResized.connect(lambda: self._rates.setGeometry(item.vb.sceneBoundingRect()))
        self._rate = pg.PlotDataItem([], [], pen=pg.mkPen(RATE, width=1, style=Qt.PenStyle.DashLine))
        self._rates.addItem(self._rate)
        self._legend.addItem(self._rate, "rate")
        self.take_colours()
        self.show_epochs(())

    def show_epochs(self, epochs: Sequence[EpochDone]) -> None:
        """Show a run so far; empty: no run."""
        numbers = np.array([done.epoch for done in epochs], dtype=np.float64)
        self._train.setData(numbers, np.array([done.train_loss for done in epochs], dtype=np.float64))
        # What the run started from is its epoch 0.
        validated = np.array([done.start_loss for done in epochs[:1]] + [done.validation_loss for done in epochs])
        known = np.isfinite(validated)
        self._validation.setData(np.arange(len(validated))[known], validated[known])
        self._rate.setData(numbers, np.array([done.learning_rate for done in epochs], dtype=np.float64))
        # Not autoRange, which would bind the epochs that are in sight too: the rate has none for the start.
        self._rates.setYRange(0.0, 1.1 * max((done.learning_rate for done in epochs), default=1.0))
        self._legend.setVisible(bool(epochs))
        best = epochs[-1].best_epoch if epochs else 0
        self._best.setVisible(bool(known.any()) and (best > 0 or bool(known[0])))
        self._best.setValue(best)
        self.setToolTip(
            f"Epoch {epochs[-1].epoch} of {epochs[-1].epochs}; the line marks the best so far, 0 is the start."
            if epochs
            else "No training run yet."
        )

    def take_colours(self) -> None:
        super().take_colours()
        if hasattr(self, "_best"):
            text = self.palette().color(QPalette.ColorRole.Text)
            self._best.setPen(pg.mkPen(text, style=Qt.PenStyle.DotLine))
            for _, label in self._legend.items:
                label.setText(label.text, color=text)

    def _curve(self, name: str, colour: QColor, symbol: str) -> pg.PlotDataItem:
        return self.plot.plot(
            [],
            [],
            name=name,
            pen=pg.mkPen(colour, width=1),
            symbol=symbol,
            symbolSize=5,
            symbolBrush=colour,
            symbolPen=None,
        )
