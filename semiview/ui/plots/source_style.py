"""How each source looks in a plot: the colours of the canvas, and a symbol of its own for the colour blind."""

from PySide6.QtGui import QColor

COLOURS = {"sem": QColor(0, 158, 115), "prediction": QColor(214, 138, 0), "approved": QColor(0, 114, 178)}
SYMBOLS = {"sem": "o", "prediction": "t1", "approved": "s"}
NAMES = {"sem": "SEM", "prediction": "prediction", "approved": "approved"}
