"""All keys and gestures on one sheet, made from the table of actions."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from semiview.ui.actions import GESTURES, SCOPE_TITLES, TABLE, Scope

COLUMNS: tuple[tuple[Scope, ...], ...] = (
    ("review", "view", "compare"),
    ("overlays", "tools", "app"),
    ("register", "landmarks"),
)


class KeySheet(QDialog):
    """A sheet to look at; Esc closes it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        body = QWidget()
        columns = QHBoxLayout(body)
        columns.setSpacing(24)
        for scopes in COLUMNS:
            label = QLabel("".join(scope_html(scope) for scope in scopes))
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            columns.addWidget(label, 1)
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(body)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(area)
        layout.addWidget(buttons)
        self.resize(980, 620)


def scope_html(scope: Scope) -> str:
    """Heading and table of one scope."""
    rows = [(spec.key_text, spec.text) for spec in TABLE if spec.scope == scope and spec.keys]
    rows += [(gesture.gesture, gesture.text) for gesture in GESTURES if gesture.scope == scope]
    cells = "".join(
        f"<tr><td style='padding:1px 14px 1px 0'><b>{key}</b></td><td>{text}</td></tr>" for key, text in rows
    )
    return f"<h3>{SCOPE_TITLES[scope]}</h3><table>{cells}</table>"
