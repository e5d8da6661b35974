"""What a person sets once: their name, colours, size of everything, how soon unfinished work is kept."""

from typing import get_args

from PySide6.QtCore import QSettings, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from semiview.ui.theme import Choice

SCALES = (1.0, 1.25, 1.5, 1.75, 2.0)
SCALE_KEY, AUTOSAVE_KEY = "scale", "autosave_s"
AUTOSAVE_S, LONGEST_AUTOSAVE_S = 0.6, 30.0
THEMES: dict[Choice, str] = {"system": "As the system", "light": "Light", "dark": "Dark"}


class SettingsDialog(QDialog):
    """Every change acts at once, but for the scale, which waits for the next start.

    Attributes
    ----------
    reviewer_changed, theme_changed, autosave_changed
        The new name, colours, or seconds after an edit.
    """

    reviewer_changed = Signal(str)
    theme_changed = Signal(str)
    autosave_changed = Signal(float)

    def __init__(
        self,
        settings: QSettings,
        reviewer: str,
        theme: Choice,
        keys: QAction,
        checks: tuple[QAction, ...],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self._settings = settings
        self.reviewer = QLineEdit(reviewer)
        self.reviewer.setObjectName("settings_reviewer")
        self.reviewer.setPlaceholderText("Your name, as it stands in decisions")
        self.reviewer.editingFinished.connect(self._reviewer_changed)
        self.theme = QComboBox()
        for choice in get_args(Choice):
            self.theme.addItem(THEMES[choice], choice)
        self.theme.setCurrentIndex(self.theme.findData(theme))
        self.theme.activated.connect(lambda _: self.theme_changed.emit(self.theme.currentData()))
        self.scale = QComboBox()
        for scale in SCALES:
            self.scale.addItem(f"{100 * scale:.0f} %", scale)
        self.scale.setCurrentIndex(max(self.scale.findData(wanted_scale(settings)), 0))
        self.scale.activated.connect(self._scale_changed)
        self.scale_words = QLabel("")
        self.scale_words.setProperty("dim", True)
        self.autosave = QDoubleSpinBox()
        self.autosave.setRange(0.2, LONGEST_AUTOSAVE_S)
        self.autosave.setDecimals(1)
        self.autosave.setSuffix(" s after an edit")
        self.autosave.setValue(autosave_s(settings))
        self.autosave.setToolTip("Unfinished work is written that soon, and offered again after a crash")
        self.autosave.valueChanged.connect(self._autosave_changed)
        change = QPushButton("Change keys…")
        change.setToolTip(keys.toolTip())
        change.clicked.connect(keys.trigger)
        size = QHBoxLayout()
        size.addWidget(self.scale)
        size.addWidget(self.scale_words, 1)
        form = QFormLayout()
        form.addRow("Reviewer", self.reviewer)
        form.addRow("Colours", self.theme)
        form.addRow("Size of everything", size)
        form.addRow("Keep unfinished work", self.autosave)
        form.addRow("Keys and mouse", change)
        self.checks: dict[str, QCheckBox] = {}
        for action in checks:
            box = QCheckBox(action.text())
            box.setObjectName(f"settings_{action.objectName()}")
            box.setToolTip(action.toolTip())
            box.setChecked(action.isChecked())
            box.clicked.connect(action.trigger)
            self.checks[action.objectName()] = box
            form.addRow("", box)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(buttons)

    def _reviewer_changed(self) -> None:
        name = self.reviewer.text().strip()
        if name:
            self.reviewer_changed.emit(name)

    def _scale_changed(self) -> None:
        self._settings.setValue(SCALE_KEY, self.scale.currentData())
        self.scale_words.setText("from the next start on")

    def _autosave_changed(self, seconds: float) -> None:
        self._settings.setValue(AUTOSAVE_KEY, seconds)
        self.autosave_changed.emit(seconds)


def wanted_scale(settings: QSettings) -> float:
    """Size of everything, 1 to 2."""
    return min(SCALES, key=lambda scale: abs(scale - _number(settings.value(SCALE_KEY), 1.0)))


def autosave_s(settings: QSettings) -> float:
    """Seconds after an edit until unfinished work is written."""
    return min(max(_number(settings.value(AUTOSAVE_KEY), AUTOSAVE_S), 0.2), LONGEST_AUTOSAVE_S)


def _number(value: object, default: float) -> float:
    try:
        return float(str(value))
    except ValueError:
        return default
