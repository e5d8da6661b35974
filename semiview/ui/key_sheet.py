"""Keys and gestures on one sheet, made from the table of actions: those that act now first."""

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from semiview.ui.actions.spec import SCOPE_TITLES, ActionSpec, Scope, native
from semiview.ui.actions.table import GESTURES, TOOLS
from semiview.ui.key_map import KeyMap

COLUMN_COUNT = 3


class KeySheet(QDialog):
    """A sheet to look at; Esc closes it.

    Parameters
    ----------
    keys
        The keys as they are.
    tool
        The tool in hand: what needs another one is left out until all keys are asked for.
    """

    def __init__(self, keys: KeyMap, tool: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._keys, self._tool = keys, tool
        body = QWidget()
        columns = QHBoxLayout(body)
        columns.setSpacing(24)
        self._columns = [QLabel() for _ in range(COLUMN_COUNT)]
        for label in self._columns:
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            label.setWordWrap(True)
            columns.addWidget(label, 1)
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(body)
        self.all_keys = QCheckBox("Also what needs another tool in hand")
        self.all_keys.toggled.connect(self._fill)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(self.all_keys)
        foot.addStretch(1)
        foot.addWidget(buttons)
        layout = QVBoxLayout(self)
        layout.addWidget(area)
        layout.addLayout(foot)
        self._fill()
        self.resize(1180, 660)

    def _fill(self) -> None:
        scopes = live_scopes(self._tool) if not self.all_keys.isChecked() else list(SCOPE_TITLES)
        tool = None if self.all_keys.isChecked() else self._tool
        tables = [(rows(self._keys, scope, tool), scope) for scope in scopes]
        tables = [(found, scope) for found, scope in tables if found]
        # Columns of about the same length, in the order of the scopes.
        share = sum(len(found) + 2 for found, _ in tables) / COLUMN_COUNT
        parts: list[str] = [""] * COLUMN_COUNT
        height = 0
        for found, scope in tables:
            parts[min(int((height + len(found) / 2) / share), COLUMN_COUNT - 1)] += scope_html(scope, found)
            height += len(found) + 2
        for label, part in zip(self._columns, parts, strict=True):
            label.setText(part)


def live_scopes(tool: str) -> list[Scope]:
    """Scopes whose keys act with this tool in hand, its own first; those named after another tool do not."""
    own: list[Scope] = [scope for scope in SCOPE_TITLES if scope == tool]
    return own + [scope for scope in SCOPE_TITLES if scope not in TOOLS]


def rows(keys: KeyMap, scope: Scope, tool: str | None = None) -> list[tuple[str, str]]:
    """(keys or gesture, what it does) of one scope; with a tool only what acts with it in hand."""

    def acts(spec: ActionSpec) -> bool:
        return tool is None or not spec.hands or tool in spec.hands

    specs = [spec for spec in keys.table() if spec.scope == scope and spec.keys and acts(spec)]
    alone = [spec for spec in specs if spec.id.endswith(".alone")]
    found = [(native(spec.keys), spec.text) for spec in specs if spec not in alone]
    if alone:
        found.append((f"{native(alone[0].keys)} … {native(alone[-1].keys)}", "That overlay alone, and back"))
    return found + [(gesture.gesture, gesture.text) for gesture in GESTURES if gesture.scope == scope]


def scope_html(scope: Scope, found: list[tuple[str, str]]) -> str:
    """Heading and table of one scope."""
    cells = "".join(
        f"<tr><td width='38%' style='padding:1px 10px 1px 0'><b>{escape(key)}</b></td><td>{escape(text)}</td></tr>"
        for key, text in found
    )
    return f"<h3>{SCOPE_TITLES[scope]}</h3><table width='100%'>{cells}</table>"
