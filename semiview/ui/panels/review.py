"""Say what is to become of the case: decisions, what they approve, and whether they are on the disk."""

from dataclasses import replace
from datetime import datetime

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
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

from semiview.core.review import REJECT_REASONS, STATE_AFTER
from semiview.feedback.record_file import RecordHeader
from semiview.ui.annotating import Annotating
from semiview.ui.case_model import CaseModel
from semiview.ui.reviewing import Reviewing
from semiview.ui.saving import Saving
from semiview.ui.session import Session

REMARKS_SHOWN = 3
CHIPS = (("shape", "Shape"), ("registration", "Registration"), ("measurements", "Measurements"))


class ReviewPanel(QWidget):
    """Buttons, three chips, a note, the state of the case.

    Attributes
    ----------
    rejected
        The reason that was chosen from the list.
    """

    rejected = Signal(str)

    def __init__(
        self,
        session: Session,
        reviewing: Reviewing,
        annotating: Annotating,
        cases: CaseModel,
        saving: Saving,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._reviewing, self._annotating, self._cases = session, reviewing, annotating, cases
        self.state = QLabel()
        self.state.setObjectName("review_state")
        self.state.setWordWrap(True)
        self.why = QLabel()
        self.why.setObjectName("review_why")
        self.why.setWordWrap(True)
        self.why.setProperty("dim", True)
        self.sides = QWidget()
        self.sides.setObjectName("review_sides")
        self._sides = QVBoxLayout(self.sides)
        self._sides.setContentsMargins(0, 0, 0, 0)
        self._sides.setSpacing(4)
        self._side_rows: list[QWidget] = []
        self.remarks = QLabel()
        self.remarks.setObjectName("review_remarks")
        self.remarks.setWordWrap(True)
        self.remarks.setTextFormat(Qt.TextFormat.PlainText)
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
        self.note = QLineEdit(placeholderText="Note (optional)")
        self.note.setObjectName("note")
        self.note.textChanged.connect(self._noted)
        self.keep = QToolButton()
        self.keep.setText("Keep")
        self.keep.setObjectName("keep_note")
        self.keep.clicked.connect(self._keep_note)
        self.look = QToolButton()
        self.look.setObjectName("second_look")
        self.look.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        notes = QHBoxLayout()
        notes.setSpacing(4)
        notes.addWidget(self.note, 1)
        notes.addWidget(self.keep)
        notes.addWidget(self.look)
        self.saving = QLabel()
        self.saving.setProperty("dim", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addWidget(self.state)
        layout.addWidget(self.why)
        layout.addWidget(self.sides)
        layout.addLayout(chips)
        layout.addLayout(self._grid)
        layout.addLayout(notes)
        layout.addWidget(self.remarks)
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
        annotating.changed.connect(self._said_changed)
        self._case_changed()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Take the height that the wrapped words need, so that nothing lies over anything else."""
        layout = self.layout()
        if layout is not None and layout.hasHeightForWidth():
            self.setMinimumHeight(layout.heightForWidth(self.width()))

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

    def set_second_look(self, action: QAction) -> None:
        """The button that asks for a second look."""
        self.look.setDefaultAction(action)

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
        line = self._cases.line(case.case_id) if case is not None and case.case_id in self._cases else None
        why = line.why if line is not None and (line.waits or line.second_look) else ""
        self.why.setText(f"Worth a look: {why}" if why else "")
        self.why.setVisible(bool(why))
        self._fit()
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
        self._refresh_keep()

    def _refresh_keep(self) -> None:
        why = self._annotating.why_not() or ("write a note first" if not self.note.text().strip() else None)
        self.keep.setEnabled(why is None)
        tip = "Keep the note now, without a decision"
        self.keep.setToolTip(tip if why is None else f"{tip}\nNot now: {why}")

    def taken_note(self) -> str:
        """The note that stands there, which is empty then."""
        text = self.note.text().strip()
        self.note.clear()
        return text

    def _keep_note(self) -> None:
        self._annotating.keep_note(self.taken_note())

    def _said_changed(self) -> None:
        said = self._annotating.said
        for row in self._side_rows:
            self._sides.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._side_rows = [self._side(side) for side in said.sides]
        if said.sides:
            self._side_rows.append(QLabel("Your decision settles it.", wordWrap=True))
        for row in self._side_rows:
            self._sides.addWidget(row)
        self.sides.setVisible(bool(said.sides))
        lines = [f"⚑ {said.second_look} wants a second look"] if said.second_look else []
        lines += [f"{one.reviewer}, {day_and_time(one.time_utc)}: {one.note}" for one in said.remarks[:REMARKS_SHOWN]]
        self.remarks.setText("\n".join(lines))
        self.remarks.setVisible(bool(lines))
        self._refresh_keep()
        self._fit()

    def _side(self, side: RecordHeader) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        reason = f" ({side.reason})" if side.reason else ""
        words = f"{side.reviewer}: {STATE_AFTER[side.kind]}{reason}, {day_and_time(side.time_utc)}"
        layout.addWidget(QLabel(words, wordWrap=True), 1)
        button = QToolButton()
        button.setText("Show")
        button.setObjectName(f"side_{side.reviewer}")
        button.setEnabled(side.approves_shape)
        tip = f"Lay {side.reviewer}'s shape over the image as a correction; undo takes it off"
        button.setToolTip(tip if side.approves_shape else "This decision approved no shape")
        button.clicked.connect(lambda: self._annotating.take_side(side))
        layout.addWidget(button)
        return row

    def _case_changed(self) -> None:
        self.note.clear()
        self.note.setEnabled(self._session.case is not None)
        self.note.setToolTip("Kept with the decision" if self._session.case is not None else "No case is open")
        self._said_changed()
        self.refresh()


def day_and_time(iso: str) -> str:
    """A time as it is on the wall here: "12 Nov 14:05"."""
    try:
        return datetime.fromisoformat(iso).astimezone().strftime("%d %b %H:%M")
    except ValueError:
        return iso
