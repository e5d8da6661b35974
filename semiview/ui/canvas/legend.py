"""What the colours over a picture mean, and a way to turn each of them off."""

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from semiview.ui.canvas import colours

SWATCH_PX = (26, 12)
COLOURS: Mapping[str, tuple[QColor, ...]] = {
    "design": (colours.DESIGN,),
    "prediction_contour": (colours.PREDICTION,),
    "prediction_heat": (colours.PREDICTION,),
    "sem_contour": (colours.SEM,),
    "correction": (colours.CORRECTION,),
    "epe_vectors": (colours.EPE["far outside"], colours.EPE["far inside"]),
    "gauges": (colours.GAUGE,),
    "ignore": (colours.IGNORE,),
    "uncertainty": (colours.UNCERTAINTY,),
    "residuals": (colours.EPE["far outside"], colours.EPE["far inside"]),
}
FILLED = ("prediction_heat", "ignore", "uncertainty")


class Legend(QScrollArea):
    """One line an overlay: swatch, name and key; a click turns it on or off. Dark as the canvas it stands in.

    Where the views are low it scrolls.
    """

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        lines = QWidget()
        lines.setObjectName("lines")
        text, edge, ground = (colour.name() for colour in (colours.TEXT, colours.BORDER, colours.GROUND))
        dim = colours.BORDER.lighter(150).name()
        self.setStyleSheet(
            f"#lines {{ background: {ground}; }} QLabel {{ color: {dim}; }}"
            f"QToolButton {{ color: {dim}; border: none; padding: 1px 6px; }}"
            f"QToolButton:checked {{ color: {text}; }} QToolButton:hover {{ background: {edge}; }}"
            f"QScrollBar {{ background: {ground}; width: 8px; }} QScrollBar::handle {{ background: {edge}; }}"
            "QScrollBar::add-line, QScrollBar::sub-line { height: 0; }"
        )
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        column = QVBoxLayout(lines)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(1)
        for name, action in actions.items():
            action.setIcon(swatch(*COLOURS[name], filled=name in FILLED))
            keys = ", ".join(key.toString() for key in action.shortcuts())
            action.setIconText(f" {action.text()}   {keys}")
            button = QToolButton()
            button.setDefaultAction(action)
            button.setIconSize(QSize(*SWATCH_PX))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            column.addWidget(button)
        self.note = QLabel("EPE and residuals: red outside the design, blue inside, dots where there is no edge.")
        self.note.setWordWrap(True)
        column.addSpacing(6)
        column.addWidget(self.note)
        column.addStretch(1)
        self.setWidget(lines)

    def minimumSizeHint(self) -> QSize:
        """The views beside it stay equally wide; what is too long is cut off."""
        return QSize(0, 0)


def swatch(*shades: QColor, filled: bool = False) -> QIcon:
    """A line, or a filled box, in these colours side by side."""
    width, height = SWATCH_PX
    picture = QPixmap(2 * width, 2 * height)
    picture.fill(Qt.GlobalColor.transparent)
    picture.setDevicePixelRatio(2)
    painter = QPainter(picture)
    for number, shade in enumerate(shades):
        left, right = width * number // len(shades), width * (number + 1) // len(shades)
        if filled:
            painter.fillRect(left, 1, right - left, height - 2, shade)
        else:
            painter.setPen(QPen(shade, 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            painter.drawLine(left, height // 2, right, height // 2)
    painter.end()
    return QIcon(picture)
