"""Say what is to become of the case: decisions, what they approve, and whether they are on the disk."""

from dataclasses import replace

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from semiview.core.review import REJECT_REASONS
from semiview.ui.reviewing import Reviewing
from semiview.ui.saving import Saving
from semiview.ui.session import Session

CHIPS = (("shape", "Shape"), ("registration", "Registration"), ("measurements", "Measurements"))


class ReviewPanel(QWidget):
    """Buttons, three chips, a note, the state of the case.

    Attributes
    ----------
    rejected
        The reason that was chosen from the list.
    """

    rejected = Signal(str)

    def __init__(self, session: Session, reviewing: Reviewing, saving: Saving, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._reviewing = session, reviewing
        self.state = QLabel()
        self.state.setObjectName("review_state")
        self.state.setWordWrap(True)
        self.chips: dict[str, QPushButton] = {}
        chips = QHBoxLayout()
        chips.setSpacing(4)
        for name, text in CHIPS:
            chip = QPushButton(text)
            chip.setCheckable(True)
            chip.setObjectName(f"approve_{name}")
            chip.setProperty("chip", True)
            chip.clicked.connect(lambda checked, name=name: self._choose(name, checked))
            chips.addWidget(chip)
            self.chips[name] = chip
        chips.addStretch(1)
        self.buttons: dict[str, QToolButton] = {}
        self._grid = QGridLayout()
        self._grid.setSpacing(4)
        self.note = QLineEdit(placeholderText="Note to the decision (optional)")
        self.note.setObjectName("note")
        self.note.textChanged.connect(self._noted)
        self.saving = QLabel()
        self.saving.setProperty("dim", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addWidget(self.state)
        layout.addLayout(chips)
        layout.addLayout(self._grid)
        layout.addWidget(self.note)
        layout.addWidget(self.saving)
        layout.addStretch(1)
        self._reasons = QMenu(self)
        for number, reason in enumerate(REJECT_REASONS, 1):
            entry = self._reasons.addAction(f"&{number}  {reason}")
            entry.triggered.connect(lambda _=False, reason=reason: self.rejected.emit(reason))
        session.case_changed.connect(self._case_changed)
        session.changed.connect(lambda _old, _new: self.refresh())
        session.measured.connect(lambda _: self.refresh())
        session.review_changed.connect(lambda _: self.refresh())
        session.prediction_changed.connect(lambda _: self.refresh())
        saving.changed.connect(lambda: self.saving.setText(saving.state.capitalize()))
        self._case_changed()

    def set_buttons(self, *actions: QAction) -> None:
        """The decisions, two in a row."""
        for number, action in enumerate(actions):
            button = QToolButton()
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setMinimumHeight(28)
            self._grid.addWidget(button, number // 2, number % 2)
            self.buttons[action.objectName()] = button

    @property
    def reasons(self) -> QMenu:
        """The list of reasons while it is open; it owns the digits."""
        return self._reasons

    def open_reasons(self) -> None:
        """Open the list of reasons beside the button."""
        button = self.buttons["review.reject"]
        self._reasons.popup(button.mapToGlobal(QPoint(0, button.height())))

    def refresh(self) -> None:
        """Show the state, and what may be approved."""
        case, review = self._session.case, self._session.review
        if case is None:
            self.state.setText("No case is open.")
        else:
            words = f"<b>{case.case_id}</b>: {review.state}"
            words += f" by {review.reviewer}" if review.reviewer else ""
            words += f" ({review.reason})" if review.reason else ""
            self.state.setText(words)
        permits = self._reviewing.permits()
        for name, text in CHIPS:
            why = getattr(permits, name)
            chip = self.chips[name]
            chip.setEnabled(why is None)
            chip.setChecked(why is None and getattr(self._reviewing.chosen, name))
            tip = f"Accepting approves the {text.lower()}; click to leave it out"
            chip.setToolTip(tip if why is None else f"Not approved: {why}")

    def _choose(self, name: str, checked: bool) -> None:
        self._reviewing.chosen = replace(self._reviewing.chosen, **{name: checked})

    def _noted(self, text: str) -> None:
        self._reviewing.note = text

    def _case_changed(self) -> None:
        self.note.clear()
        self.note.setEnabled(self._session.case is not None)
        self.note.setToolTip("Kept with the decision" if self._session.case is not None else "No case is open")
        self.refresh()
