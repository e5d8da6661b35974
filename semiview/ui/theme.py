"""Light and dark: palettes, a small style sheet and icons in the text's colour."""

from importlib.resources import files
from typing import Literal

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

Choice = Literal["system", "light", "dark"]
CHOICES: dict[Choice, str] = {"system": "As the system", "light": "Light", "dark": "Dark"}

# Roles: window, base, alternate base, text, dim text, button, mid line, highlight, highlighted text.
_LIGHT = ("#f3f4f6", "#ffffff", "#f7f8fa", "#1c2126", "#6a737d", "#fafbfc", "#c9ced6", "#1f6feb", "#ffffff")
_DARK = ("#1e2227", "#16191d", "#1b1f24", "#dfe3e8", "#8b949e", "#2a2f36", "#3a4149", "#2f81f7", "#ffffff")

# States in colours that differ for the colour blind too (Okabe and Ito), readable on either background.
GOOD, BAD, DOUBT, BUSY = "#009e73", "#d55e00", "#b8860b", "#0072b2"

ICON_PX = 20


def apply_theme(application: QApplication, choice: Choice) -> bool:
    """Colour the program; `system` follows Qt's colour scheme. True if it is dark now."""
    scheme = {"system": Qt.ColorScheme.Unknown, "light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}[choice]
    hints = QGuiApplication.styleHints()
    hints.setColorScheme(scheme)
    dark = choice == "dark" or (choice == "system" and hints.colorScheme() == Qt.ColorScheme.Dark)
    application.setStyle("Fusion")
    application.setPalette(_palette(_DARK if dark else _LIGHT))
    application.setStyleSheet(_style_sheet(_DARK if dark else _LIGHT))
    return dark


def icon(name: str) -> QIcon:
    """An icon of the program in the colour of the text; greyed where the control is disabled."""
    palette = QGuiApplication.palette()
    result = QIcon()
    for mode, group in (
        (QIcon.Mode.Normal, QPalette.ColorGroup.Active),
        (QIcon.Mode.Disabled, QPalette.ColorGroup.Disabled),
    ):
        result.addPixmap(_pixmap(name, palette.color(group, QPalette.ColorRole.WindowText)), mode)
    return result


def _pixmap(name: str, colour: QColor) -> QPixmap:
    data = (files("semiview.resources") / "icons" / f"{name}.svg").read_text("utf-8")
    pixmap = QPixmap()
    # Twice the size: sharp at 200 % scale.
    data = data.replace("currentColor", colour.name()).replace('width="24"', f'width="{2 * ICON_PX}"')
    pixmap.loadFromData(QByteArray(data.replace('height="24"', f'height="{2 * ICON_PX}"').encode()), "SVG")
    return pixmap


def dot(colour: str, size_px: int = 10) -> QPixmap:
    """A filled disc, for states in lists."""
    pixmap = QPixmap(2 * size_px, 2 * size_px)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QColor(colour))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawEllipse(2, 2, 2 * size_px - 4, 2 * size_px - 4)
    painter.end()
    pixmap.setDevicePixelRatio(2)
    return pixmap


def _palette(colours: tuple[str, ...]) -> QPalette:
    window, base, alternate, text, dim, button, line, highlight, highlighted = (QColor(name) for name in colours)
    palette = QPalette()
    role = QPalette.ColorRole
    for which, colour in (
        (role.Window, window), (role.Base, base), (role.AlternateBase, alternate), (role.ToolTipBase, base),
        (role.Text, text), (role.WindowText, text), (role.ButtonText, text), (role.ToolTipText, text),
        (role.PlaceholderText, dim), (role.Button, button), (role.Mid, line), (role.Midlight, line), (role.Dark, line),
        (role.Light, button), (role.Highlight, highlight), (role.HighlightedText, highlighted), (role.Link, highlight),
        (role.BrightText, QColor(BAD)), (role.Shadow, line),
    ):  # fmt: skip
        palette.setColor(which, colour)
    for which in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, dim)
    palette.setColor(QPalette.ColorGroup.Disabled, role.Highlight, line)
    return palette


def _style_sheet(colours: tuple[str, ...]) -> str:
    window, base, _, text, dim, button, line, highlight, highlighted = colours
    tick, up, down = (
        str(files("semiview.resources") / "icons" / f"{name}.svg").replace("\\", "/") for name in ("tick", "up", "down")
    )
    return f"""
    QToolTip {{ color: {text}; background: {base}; border: 1px solid {line}; padding: 4px; }}
    QDockWidget::title {{ padding: 5px 8px; background: {window}; border-bottom: 1px solid {line}; }}
    QMainWindow::separator {{ width: 5px; height: 5px; background: {window}; }}
    QToolBar {{ border: none; border-bottom: 1px solid {line}; padding: 2px; spacing: 2px; }}
    QToolBar QToolButton {{ padding: 3px; border-radius: 4px; border: 1px solid transparent; }}
    QToolBar QToolButton:hover:enabled:!checked {{ background: {button}; border-color: {line}; }}
    QToolBar QToolButton:focus {{ border-color: {highlight}; background: {base}; }}
    QToolBar QToolButton:checked {{ background: {highlight}; color: {highlighted}; border-color: {highlight}; }}
    QStatusBar {{ border-top: 1px solid {line}; }}
    QStatusBar::item {{ border: none; }}
    QTableView {{ border: 1px solid {line}; gridline-color: transparent; }}
    QHeaderView::section {{ background: {window}; color: {dim}; border: none; border-bottom: 1px solid {line};
                            padding: 3px 5px; }}
    QLineEdit {{ border: 1px solid {line}; border-radius: 3px; padding: 2px 3px; background: {base}; }}
    QLineEdit:focus {{ border-color: {highlight}; }}
    QAbstractSpinBox {{ border: 1px solid {line}; border-radius: 3px; padding: 0 3px; background: {base}; }}
    QAbstractSpinBox:focus {{ border-color: {highlight}; }}
    QAbstractSpinBox::up-button {{ subcontrol-position: top right; }}
    QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ subcontrol-origin: border; width: 15px; border: none;
                                                                  border-left: 1px solid {line}; }}
    QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {{ background: {button}; }}
    QAbstractSpinBox::up-arrow {{ image: url({up}); width: 7px; height: 7px; }}
    QAbstractSpinBox::down-arrow {{ image: url({down}); width: 7px; height: 7px; }}
    QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ border: none; padding: 0; }}
    QPushButton {{ padding: 4px 10px; border: 1px solid {line}; border-radius: 4px; background: {button}; }}
    QPushButton:hover:enabled {{ border-color: {highlight}; }}
    QPushButton:focus {{ border-color: {highlight}; }}
    QPushButton:pressed, QPushButton:checked {{ background: {highlight}; color: {highlighted}; }}
    QPushButton:disabled {{ color: {dim}; background: {window}; }}
    QPushButton[chip="true"] {{ border-radius: 11px; padding: 3px 10px; }}
    QPushButton[chip="true"]:checked {{ background: {GOOD}; border-color: {GOOD}; color: #ffffff; }}
    QPushButton[chip="true"]:checked:disabled {{ background: {line}; border-color: {line}; color: {dim}; }}
    QPushButton[main="true"]:enabled {{ background: {highlight}; border-color: {highlight}; color: {highlighted}; }}
    QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
    QTreeView::item {{ padding: 2px 0; }}
    QToolBar QToolButton:checked:focus {{ border-color: {text}; }}
    QTableView:focus, QTreeView:focus, QListView:focus, QPlainTextEdit:focus {{ border: 1px solid {highlight}; }}
    QPushButton[chip="true"]:focus {{ border: 2px solid {text}; padding: 2px 9px; }}
    QCheckBox::indicator {{ width: 13px; height: 13px; border: 1px solid {dim}; border-radius: 3px;
                            background: {base}; }}
    QCheckBox::indicator:checked {{ background: {highlight}; border-color: {highlight}; image: url({tick}); }}
    QCheckBox::indicator:disabled {{ border-color: {line}; background: {window}; }}
    QLabel[dim="true"] {{ color: {dim}; }}
    QFrame[bar="true"] {{ background: {base}; border: 1px solid {line}; border-left: 4px solid {DOUBT};
                          border-radius: 4px; }}
    """
