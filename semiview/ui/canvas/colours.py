"""Colours of the canvas: Okabe and Ito's set, told apart with any colour vision, on a dark neutral ground."""

from typing import Literal

from PySide6.QtGui import QColor

GROUND = QColor(38, 38, 40)
BORDER = QColor(90, 90, 94)
TEXT = QColor(235, 235, 235)
TEXT_GROUND = QColor(0, 0, 0, 150)

DESIGN = QColor(86, 180, 233)
# Layers that are no target, told apart from each other.
OTHER_LAYERS = (QColor(150, 150, 255), QColor(204, 121, 167), QColor(190, 190, 190), QColor(0, 158, 115))
DESIGN_MATERIAL = QColor(112, 140, 160)
DESIGN_SPACE = QColor(24, 28, 33)
PREDICTION = QColor(230, 159, 0)
SEM = QColor(0, 200, 145)
UNCERTAINTY = QColor(255, 200, 130)  # of the prediction's contour, and like it
CORRECTION = QColor(240, 228, 66)
IGNORE = QColor(204, 121, 167)
LANDMARK = QColor(255, 236, 100)
GAUGE = QColor(255, 255, 255)
DRAFT = QColor(255, 255, 255)
DIFFERENCE_NONE = QColor(28, 28, 30)
DIFFERENCE_MORE = QColor(255, 170, 40)
DIFFERENCE_LESS = QColor(70, 170, 255)

EpeClass = Literal["far outside", "outside", "slightly outside", "slightly inside", "inside", "far inside", "missing"]

# Outside is red, inside is blue, and the farther from the design the stronger.
EPE: dict[EpeClass, QColor] = {
    "far outside": QColor(213, 60, 0),
    "outside": QColor(235, 120, 50),
    "slightly outside": QColor(250, 205, 175),
    "slightly inside": QColor(185, 215, 245),
    "inside": QColor(75, 150, 225),
    "far inside": QColor(0, 85, 200),
    "missing": QColor(255, 60, 200),
}
