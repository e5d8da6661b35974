"""The page of the assistant that says what the columns of a list mean, with five rows of what comes of it."""

from collections.abc import Callable
from typing import get_args

from PySide6.QtCore import QLocale
from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
    QWizardPage,
)

from semiview.files.import_recipe import PixelUnit, PositionUnit, name_fields
from semiview.ui.importing import Importing

PREVIEWED = 5
ROW_PX = 22
# Columns of cases.csv that are asked for, with what they are called here.
ASKED = (
    ("x_nm", "x"), ("y_nm", "y"), ("nm_per_px", "Pixel size"), ("pattern_type", "Pattern type"), ("group", "Group"),
    ("lot", "Lot"), ("wafer", "Wafer"), ("field", "Field"), ("recipe", "Recipe"), ("acquired_at", "Time"),
)  # fmt: skip
FARTHEST_NM = 1e9


class MappingPage(QWizardPage):
    """File names on the left, columns and units on the right, the outcome below."""

    def __init__(self, importing: Importing) -> None:
        super().__init__()
        self._importing = importing
        self._filling = False
        self.setTitle("Which image is which site?")
        self.setSubTitle("What the names suggest is filled in. Columns that nobody maps are kept as they are.")
        self.file_name = QLineEdit()
        self.file_name.setObjectName("file_name")
        self.file_name.setToolTip("Name of an image without its ending, fields in braces: {lot}_{wafer}_{field}")
        self.file_name.editingFinished.connect(self._name_changed)
        self._joins = QFormLayout()
        names = QFormLayout()
        names.addRow("File name", self.file_name)
        names.addRow(self._joins)
        self.joins: dict[str, QComboBox] = {}
        self.unit, self.pixel_unit = QComboBox(), QComboBox()
        self.unit.addItems(get_args(PositionUnit))
        self.pixel_unit.addItems([f"{unit} per px" for unit in get_args(PixelUnit)])
        self.flip_x, self.flip_y = QCheckBox("x counts to the left"), QCheckBox("y counts downwards")
        self.origin = [self._number(axis) for axis in "xy"]
        origin = QHBoxLayout()
        for entry in self.origin:
            origin.addWidget(entry)
        names.addRow("Positions in", self.unit)
        names.addRow("Pixel size in", self.pixel_unit)
        names.addRow("Origin, nm", origin)
        names.addRow(self.flip_x)
        names.addRow(self.flip_y)
        columns = QFormLayout()
        columns.setVerticalSpacing(3)
        self.columns: dict[str, QComboBox] = {}
        for name, title in ASKED:
            self.columns[name] = QComboBox()
            columns.addRow(title, self.columns[name])
        self.table = QTableWidget(0, 0)
        self.table.setObjectName("import_rows")
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(ROW_PX)
        self.table.setMinimumHeight((PREVIEWED + 2) * ROW_PX)  # a header and a scroll bar beside the rows
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.matched = QLabel(wordWrap=True)
        self.matched.setObjectName("import_matched")
        self.left = QListWidget()
        self.left.setObjectName("import_left")
        self.left.setMaximumHeight(3 * ROW_PX)
        top = QHBoxLayout()
        top.addLayout(names, 1)
        top.addSpacing(16)
        self._columns = QWidget()
        self._columns.setLayout(columns)
        top.addWidget(self._columns, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.matched)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.left)
        for box, change in self._changes():
            box.activated.connect(change)
        for check, name in ((self.flip_x, "x_sign"), (self.flip_y, "y_sign")):
            check.toggled.connect(lambda on, name=name: self._change(**{name: -1 if on else 1}))
        for entry in self.origin:
            entry.editingFinished.connect(self._origin_changed)
        importing.changed.connect(self._show)
        importing.failed.connect(self.matched.setText)

    def initializePage(self) -> None:
        self._show()

    def isComplete(self) -> bool:
        """Qt."""
        return bool(self._importing.plan.rows)

    def _changes(self) -> list[tuple[QComboBox, Callable[[int], None]]]:
        units, pixel_units = get_args(PositionUnit), get_args(PixelUnit)
        found: list[tuple[QComboBox, Callable[[int], None]]] = [
            (self.unit, lambda number: self._change(position_unit=units[number])),
            (self.pixel_unit, lambda number: self._change(pixel_unit=pixel_units[number])),
        ]
        for name, box in self.columns.items():
            found.append((box, lambda _, name=name, box=box: self._change(columns={name: box.currentData()})))  # type: ignore[misc]
        return found

    def _number(self, axis: str) -> QLineEdit:
        entry = QLineEdit("0")
        validator = QDoubleValidator(-FARTHEST_NM, FARTHEST_NM, 3, entry)
        validator.setLocale(QLocale.c())
        entry.setValidator(validator)
        entry.setToolTip(f"Design {axis} in nm of the list's origin")
        return entry

    def _change(self, **changes: object) -> None:
        if not self._filling:
            self._importing.change(**changes)

    def _name_changed(self) -> None:
        if self.file_name.text() != self._importing.recipe.file_name:
            known = set(name_fields(self.file_name.text()))
            gone = {field: "" for field in self._importing.recipe.join if field not in known}
            self._change(file_name=self.file_name.text(), join=gone)

    def _origin_changed(self) -> None:
        origin = tuple(float(entry.text() or 0) for entry in self.origin)
        if origin != self._importing.recipe.origin_nm:
            self._change(origin_nm=origin)

    def _show(self) -> None:
        importing = self._importing
        recipe, plan, sources = importing.recipe, importing.plan, importing.sources
        if sources is None:
            return
        self._filling = True
        self.file_name.setText(recipe.file_name)
        self.unit.setCurrentText(recipe.position_unit)
        self.pixel_unit.setCurrentText(f"{recipe.pixel_unit} per px")
        self.flip_x.setChecked(recipe.x_sign < 0)
        self.flip_y.setChecked(recipe.y_sign < 0)
        for entry, value in zip(self.origin, recipe.origin_nm, strict=True):
            entry.setText(f"{value:g}" if abs(value) < 1e6 else repr(value))
        for name, box in self.columns.items():
            _fill(box, sources.columns, recipe.columns.get(name, ""))
        self._show_joins(sources.columns)
        self._columns.setEnabled(sources.listed is not None)
        self._columns.setToolTip("" if sources.listed is not None else "There is no list: the images stand alone")
        self._filling = False
        self._show_rows()
        left = [f"no case: {path.name}: {why}" for path, why in plan.images_left]
        left += [f"no image: {sentence}" for sentence in plan.lines_left]
        problems = [str(problem) for problem in plan.problems]
        self.left.clear()
        self.left.addItems([*problems, *left])
        self.left.setVisible(bool(problems or left))
        left_over = len(plan.images_left), len(plan.lines_left)
        words = f"{len(plan.rows)} cases; {left_over[0]} images and {left_over[1]} lines have no partner"
        self.matched.setText(words + (f", {len(problems)} doubts" if problems else "") + ".")
        self.completeChanged.emit()

    def _show_joins(self, columns: tuple[str, ...]) -> None:
        fields = name_fields(self._importing.recipe.file_name) if columns else ()
        if tuple(self.joins) != fields:
            while self._joins.rowCount():
                self._joins.removeRow(0)
            self.joins = {}
            for field in fields:
                box = QComboBox()
                box.setObjectName(f"join_{field}")
                box.activated.connect(lambda _, field=field, box=box: self._change(join={field: box.currentData()}))
                self.joins[field] = box
                self._joins.addRow(f"{{{field}}} is", box)
        for field, box in self.joins.items():
            _fill(box, columns, self._importing.recipe.join.get(field, ""), "a column of its own")

    def _show_rows(self) -> None:
        plan = self._importing.plan
        self.table.setColumnCount(len(plan.columns))
        self.table.setHorizontalHeaderLabels(list(plan.columns))
        rows = plan.rows[:PREVIEWED]
        self.table.setRowCount(len(rows))
        for number, row in enumerate(rows):
            for column, name in enumerate(plan.columns):
                text = row.get(name, "")
                item = QTableWidgetItem(text.replace("\\", "/").rsplit("/", 1)[-1])
                item.setToolTip(text)
                self.table.setItem(number, column, item)


def _fill(box: QComboBox, columns: tuple[str, ...], chosen: str, none: str = "not in the list") -> None:
    entries = [(none, ""), *((column, column) for column in columns)]
    if [box.itemData(number) for number in range(box.count())] != [data for _, data in entries]:
        box.clear()
        for text, data in entries:
            box.addItem(text, data)
    box.setCurrentIndex(max(box.findData(chosen), 0))
