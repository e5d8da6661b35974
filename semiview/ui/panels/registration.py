"""Where the design lies: numbers to read and to type, the verdict and its grounds."""

from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from semiview.core.document import Document
from semiview.core.edits import set_registration
from semiview.core.registration import Registration, Transform
from semiview.ui.landmarking import Landmarking
from semiview.ui.registering import Registering
from semiview.ui.session import Session
from semiview.ui.theme import BAD, DOUBT, GOOD
from semiview.ui.window_actions import Actions


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    label: str
    unit: str
    decimals: int
    step: float
    low: float
    high: float
    tip: str


_FIELDS = (
    _Field("shift_x_nm", "Shift x", " nm", 2, 1.0, -1e7, 1e7, "Positive: the pattern lies right of nominal"),
    _Field("shift_y_nm", "Shift y", " nm", 2, 1.0, -1e7, 1e7, "Positive: the pattern lies above nominal"),
    _Field(
        "rotation_deg", "Rotation", " °", 4, 0.05, -360.0, 360.0, "Counter-clockwise, the nominal rotation included"
    ),
    _Field("scale_x", "Scale x", "", 5, 0.001, 0.1, 10.0, "Printed over drawn, along x"),
    _Field("scale_y", "Scale y", "", 5, 0.001, 0.1, 10.0, "Printed over drawn, along y"),
    _Field("shear", "Shear", "", 5, 0.001, -1.0, 1.0, "x per y"),
)

FREEDOMS: tuple[tuple[Transform, str], ...] = (
    ("shift", "Shift"),
    ("similarity", "Shift, turn, scale"),
    ("affine", "All six (affine)"),
)
FREEDOM_TIP = "What the automatic alignment may change, and your hand; the rest is kept as it stands"
ONE_SCALE = "both scales go together"
# What is kept under each freedom, and why.
HELD: dict[Transform, dict[str, str]] = {
    "shift": dict.fromkeys(("rotation_deg", "scale_x", "scale_y", "shear"), "only the shift is free"),
    "similarity": {"scale_y": ONE_SCALE, "shear": "only shift, turn and scale are free"},
    "affine": {},
}

VERDICT_COLOURS = {"unique": GOOD, "manual": GOOD, "periodic": DOUBT, "weak": DOUBT, "failed": BAD}


class NumberBox(QDoubleSpinBox):
    """A number that tells a person's change from a programme's.

    Attributes
    ----------
    typed
        The value a person typed or stepped to.
    """

    typed = Signal(float)

    def __init__(self, decimals: int, step: float, low: float, high: float, unit: str = "") -> None:
        super().__init__()
        self.setDecimals(decimals)
        self.setRange(low, high)
        self.setSingleStep(step)
        self.setSuffix(unit)
        self.setKeyboardTracking(False)
        self.setGroupSeparatorShown(False)
        self._shown = self.value()
        self.valueChanged.connect(self._changed)

    def show_value(self, value: float) -> None:
        """Show a value; `typed` stays silent."""
        self._shown = round(value, self.decimals())
        self.setValue(value)

    def _changed(self, value: float) -> None:
        if value != self._shown:
            self._shown = value
            self.typed.emit(value)


class RegistrationPanel(QWidget):
    """Numbers, verdict, grounds, and the ways to change them."""

    def __init__(
        self,
        session: Session,
        registering: Registering,
        landmarking: Landmarking,
        actions: Actions,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._registering, self._landmarking = session, registering, landmarking
        self.boxes: dict[str, NumberBox] = {}
        grid = QGridLayout()
        grid.setVerticalSpacing(4)
        for number, entry in enumerate(_FIELDS):
            box = NumberBox(entry.decimals, entry.step, entry.low, entry.high, entry.unit)
            box.setObjectName(entry.name)
            box.setAlignment(Qt.AlignmentFlag.AlignRight)
            box.setMinimumWidth(98)
            box.typed.connect(lambda value, name=entry.name, label=entry.label: self._typed(name, label, value))
            label = QLabel(entry.label)
            label.setBuddy(box)
            row, column = number // 2, number % 2 * 2
            grid.addWidget(label, row, column)
            grid.addWidget(box, row, column + 1)
            self.boxes[entry.name] = box
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        self.verdict = QLabel()
        self.verdict.setObjectName("verdict")
        self.verdict.setWordWrap(True)
        self.shift_px = QLabel()
        self.shift_px.setProperty("dim", True)
        self.grounds = QLabel()
        self.grounds.setWordWrap(True)
        self.grounds.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.grounds.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.freedom = QComboBox()
        self.freedom.setObjectName("freedom")
        self.freedom.setToolTip(FREEDOM_TIP)
        for freedom, text in FREEDOMS:
            self.freedom.addItem(text, freedom)
        self.freedom.setCurrentIndex(self.freedom.findData(registering.freedom))
        free = QHBoxLayout()
        free.addWidget(QLabel("Free"))
        free.addWidget(self.freedom)
        free.addStretch(1)
        free.addWidget(_button(actions, "register.copy"))
        verbs = QHBoxLayout()
        for name in ("register.align", "tools.register", "register.before"):
            verbs.addWidget(_button(actions, name))
        verbs.addStretch(1)
        self.alternative = QLabel()
        self.alternative.setObjectName("alternative")
        self.others = QWidget()
        others = QHBoxLayout(self.others)
        others.setContentsMargins(0, 0, 0, 0)
        others.addWidget(self.alternative, 1)
        for name in ("register.previous_alternative", "register.next_alternative"):
            others.addWidget(_button(actions, name))
        self.landmarks = QLabel()
        self.landmarks.setObjectName("landmarks")
        self.landmarks.setWordWrap(True)
        self.pairs = QWidget()
        pairs = QVBoxLayout(self.pairs)
        pairs.setContentsMargins(0, 0, 0, 0)
        pairs.addWidget(self.landmarks)
        pair_verbs = QHBoxLayout()
        for name in ("landmarks.apply", "landmarks.back"):
            pair_verbs.addWidget(_button(actions, name))
        pair_verbs.addStretch(1)
        pairs.addLayout(pair_verbs)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addWidget(self.verdict)
        layout.addLayout(grid)
        layout.addWidget(self.shift_px)
        layout.addLayout(free)
        layout.addLayout(verbs)
        layout.addWidget(self.others)
        layout.addWidget(self.pairs)
        layout.addWidget(self.grounds, 1)
        # On a low screen it is scrolled, and the decisions below keep their room.
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setMinimumWidth(content.minimumSizeHint().width() + scroll.verticalScrollBar().sizeHint().width())
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)
        self.freedom.currentIndexChanged.connect(lambda _: registering.set_freedom(self.freedom.currentData()))
        registering.freedom_changed.connect(self._refresh)
        landmarking.changed.connect(self._show_landmarks)
        session.tool_changed.connect(self._show_landmarks)
        self._show_landmarks()
        session.case_changed.connect(self._refresh)
        session.changed.connect(self.show_change)
        self._refresh()

    def show_change(self, old: Document, new: Document) -> None:
        """Redraw if the registration is another."""
        if old.registration is not new.registration:
            self._refresh()

    def _refresh(self) -> None:
        case, document = self._session.case, self._session.document
        why = self._registering.why_not()
        for entry in _FIELDS:
            box = self.boxes[entry.name]
            held = why or HELD[self._registering.freedom].get(entry.name)
            box.setEnabled(held is None)
            box.setToolTip(entry.tip if held is None else f"{entry.tip}\nNot now: {held}")
        words = self._registering.alternative_in_words()
        self.alternative.setText(words)
        self.others.setVisible(bool(words))
        if case is None or document is None:
            self.verdict.setText("No case is open.")
            for box in self.boxes.values():
                box.clear()
            self.shift_px.clear()
            self.grounds.clear()
            return
        registration = document.registration
        for name, box in self.boxes.items():
            box.show_value(getattr(registration, name))
        self.shift_px.setText(_shift_in_px(registration))
        if case.design is None:
            self.verdict.setText("<b>No design</b>: there is nothing to register.")
            self.grounds.setText("Widths, pitches and roughness are read from the picture alone.")
            return
        self.verdict.setText(verdict_html(registration))
        sentences = registration.trust.grounds or (why or "Nobody has looked: align, drag, or type numbers.",)
        self.grounds.setText("\n".join(f"• {sentence}" for sentence in sentences))

    def _show_landmarks(self, *_: object) -> None:
        self.pairs.setVisible(self._session.tool == "landmarks")
        self.landmarks.setText(self._landmarking.in_words())

    def _typed(self, name: str, label: str, value: float) -> None:
        self._session.apply(
            f"Type {label.lower()}", lambda document: typed_number(document, name, value, self._registering.freedom)
        )


def typed_number(document: Document, name: str, value: float, freedom: Transform = "affine") -> Document:
    """The document with one parameter of its registration set by hand; in a similarity both scales go together."""
    one: dict[str, Any] = {name: value}
    if freedom == "similarity" and name == "scale_x":
        one["scale_y"] = value
    changed = replace(document.registration, **one)
    return set_registration(document, replace(changed, transform=_transform_of(changed)).by_hand())


def _button(actions: Actions, name: str) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(actions[name])
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return button


def verdict_html(registration: Registration) -> str:
    """Verdict and class with their colour, and the error that goes with them."""
    trust = registration.trust
    if trust.verdict is None:
        return "<b>Not registered</b>: the design stands where the stage claims it."
    colour = VERDICT_COLOURS[trust.verdict]
    words = trust.verdict if trust.verdict != "manual" else "by hand"
    text = f'<b><span style="color:{colour}">●</span> {words.capitalize()}</b>'
    if trust.registration_class is not None:
        text += f", {trust.registration_class.replace('_', ' ')}"
    if trust.residual_nm == trust.residual_nm:
        text += f" · residual {trust.residual_nm:.1f} nm"
    if trust.sigma_x_nm == trust.sigma_x_nm:
        text += f" · σ {trust.sigma_x_nm:.1f}, {trust.sigma_y_nm:.1f} nm"
    if trust.alternatives:
        text += f" · {len(trust.alternatives)} alternatives (J)"
    return text


def _shift_in_px(registration: Registration) -> str:
    scale = registration.frame.nm_per_px
    if scale != scale:
        return "Pixel size unknown: no nanometres."
    right, up = registration.shift_x_nm / scale, registration.shift_y_nm / scale
    return f"Shift {right:+.2f} px right, {up:+.2f} px up"


def _transform_of(registration: Registration) -> Transform:
    if registration.transform == "affine" or registration.shear or registration.scale_x != registration.scale_y:
        return "affine"
    if registration.rotation_deg or registration.scale_x != 1:
        return "similarity"
    return registration.transform
