"""The page of the assistant that shows one case with its design: pixel size, tone and the layers' roles."""

from typing import get_args

from PySide6.QtCore import QLocale
from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
    QWizardPage,
)

from semiview.core.case import Case
from semiview.core.design import Role
from semiview.ui.import_preview import ImportPreview
from semiview.ui.importing import Importing

LARGEST_NM_PER_PX = 10_000.0
TONES = (("ask later", ""), ("raised: what is drawn stands", "raised"), ("opening: what is drawn is a hole", "opening"))
UNUSED = "not used"
LAYERS_SHOWN = 12


class LookPage(QWizardPage):
    """The preview on the left, three questions on the right."""

    def __init__(self, importing: Importing) -> None:
        super().__init__()
        self._importing = importing
        self._number = 0
        self.setTitle("Does it look right?")
        self.setSubTitle("The design lies where the stage claims; a few hundred px off is usual and aligned later.")
        self.preview = ImportPreview()
        self.pixel_size = QLineEdit(placeholderText="nm per px")
        self.pixel_size.setObjectName("import_pixel_size")
        numbers = QDoubleValidator(1e-4, LARGEST_NM_PER_PX, 6, self.pixel_size)
        numbers.setLocale(QLocale.c())
        numbers.setNotation(QDoubleValidator.Notation.StandardNotation)
        self.pixel_size.setValidator(numbers)
        self.pixel_size.editingFinished.connect(self._size_changed)
        self.size_words = QLabel(wordWrap=True)
        self.tone = QComboBox()
        self.tone.setObjectName("import_tone")
        for text, tone in TONES:
            self.tone.addItem(text, tone)
        self.tone.activated.connect(lambda _: self._change({"tone": self.tone.currentData()}))
        self.roles: dict[str, QComboBox] = {}
        self._roles = QFormLayout()
        self.words = QLabel(wordWrap=True)
        self.previous, self.following = QPushButton("Previous image"), QPushButton("Next image")
        self.previous.clicked.connect(lambda: self._go(-1))
        self.following.clicked.connect(lambda: self._go(1))
        questions = QFormLayout()
        questions.addRow("Pixel size", self.pixel_size)
        questions.addRow(self.size_words)
        questions.addRow("Tone", self.tone)
        questions.addRow(QLabel("Layers:"))
        questions.addRow(self._roles)
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(questions)
        column.addWidget(self.words)
        column.addStretch(1)
        side.setMaximumWidth(330)
        steps = QHBoxLayout()
        steps.addWidget(self.previous)
        steps.addWidget(self.following)
        steps.addStretch(1)
        left = QVBoxLayout()
        left.addWidget(self.preview, 1)
        left.addLayout(steps)
        layout = QHBoxLayout(self)
        layout.addLayout(left, 1)
        layout.addWidget(side)
        importing.previewed.connect(self._previewed)
        importing.failed.connect(self._failed)

    def initializePage(self) -> None:
        importing = self._importing
        self._number = 0
        fixed = importing.recipe.fixed
        self.pixel_size.setText(fixed.get("nm_per_px", ""))
        self.tone.setCurrentIndex(max(self.tone.findData(fixed.get("tone", "")), 0))
        self.tone.setEnabled(importing.library is not None)
        self.tone.setToolTip("" if importing.library is not None else "There is no layout")
        while self._roles.rowCount():
            self._roles.removeRow(0)
        self.roles = {}
        chosen = {role.name: role.role for role in importing.roles()}
        layers = importing.layers[:LAYERS_SHOWN]
        for layer in layers:
            box = QComboBox()
            box.setObjectName(f"role_{layer}")
            box.addItems([*get_args(Role), UNUSED])
            box.setCurrentText(chosen.get(layer, UNUSED if chosen else "target"))
            box.activated.connect(lambda _: self._roles_changed())
            self.roles[layer] = box
            self._roles.addRow(layer, box)
        more = len(importing.layers) - len(layers)
        self.words.setText(f"{more} more layers: name those that count in `layers` of the recipe." if more > 0 else "")
        self._look()

    def _go(self, step: int) -> None:
        self._number = min(max(self._number + step, 0), len(self._importing.plan.rows) - 1)
        self._look()

    def _look(self) -> None:
        rows = self._importing.plan.rows
        self.previous.setEnabled(self._number > 0)
        self.previous.setToolTip("" if self._number > 0 else "This is the first image")
        self.following.setEnabled(self._number + 1 < len(rows))
        self.following.setToolTip("" if self._number + 1 < len(rows) else "This is the last image")
        self.preview.say("Reading the image…")
        self._importing.preview(self._number)

    def _change(self, fixed: dict[str, str]) -> None:
        self._importing.change(fixed=fixed)
        self._look()

    def _size_changed(self) -> None:
        text = self.pixel_size.text().strip()
        if text == self._importing.recipe.fixed.get("nm_per_px", ""):
            return
        if text and not self.pixel_size.hasAcceptableInput():
            self.size_words.setText("A pixel size is a positive number of nm, with a decimal point.")
            return
        self._change({"nm_per_px": text})

    def _roles_changed(self) -> None:
        roles = [(layer, box.currentText()) for layer, box in self.roles.items() if box.currentText() != UNUSED]
        if not any(role == "target" for _, role in roles):
            self.words.setText("One layer at least is the target: EPE and gauges need it.")
            return
        self.words.clear()
        self._change({"layers": ";".join(f"{role}:{layer}" for layer, role in roles)})

    def _previewed(self, case: Case) -> None:
        self.preview.show_case(case)
        size = case.sem.pixel_size
        known = f"{case.case_id}: {size.x_nm:.5g} nm per px ({size.source})."
        if not size.known:
            known = (
                f"Nobody says how large a pixel of {case.case_id} is. Type it if it is the same for every image; "
                "left blank, the window asks once for each magnification."
            )
        mapped = "nm_per_px" in self._importing.recipe.columns
        self.pixel_size.setEnabled(not mapped)
        self.pixel_size.setToolTip("The list says it" if mapped else "The same for every image")
        self.size_words.setText(known)
        if self._importing.library is None:
            return
        if len(self._importing.layers) > 1 and not self._importing.roles():
            self.words.setText("Say what each layer is for; until then all of them are targets.")
        elif case.design is not None and not case.design.target:
            self.words.setText(case.warnings[-1] if case.warnings else "Nothing is drawn here.")
        else:
            self.words.clear()

    def _failed(self, sentence: str) -> None:
        self.preview.say(sentence)
