"""The page of the assistant on which each image's place on the layout is clicked."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QSplitter, QVBoxLayout, QWizardPage

from semiview.ui.import_preview import ImportPreview
from semiview.ui.importing import Importing
from semiview.ui.layout_map import LayoutMap


class PlacesPage(QWizardPage):
    """Images on the left, the layout on the right; a click places the image and goes on to the next."""

    def __init__(self, importing: Importing) -> None:
        super().__init__()
        self._importing = importing
        self.setTitle("Where on the layout?")
        self.setSubTitle("Click where the middle of the image lies; wheel zooms, drag pans. Alignment does the rest.")
        self.cases = QListWidget()
        self.cases.setObjectName("import_cases")
        self.preview = ImportPreview()
        self.map = LayoutMap(importing.errands)
        self.words = QLabel(wordWrap=True)
        left = QSplitter()
        left.setOrientation(Qt.Orientation.Vertical)
        left.addWidget(self.cases)
        left.addWidget(self.preview)
        sides = QHBoxLayout()
        sides.addWidget(left, 1)
        sides.addWidget(self.map, 2)
        layout = QVBoxLayout(self)
        layout.addLayout(sides, 1)
        layout.addWidget(self.words)
        self.cases.currentRowChanged.connect(self._case_chosen)
        self.map.pointed.connect(self._pointed)
        self.map.failed.connect(self.words.setText)
        importing.previewed.connect(self.preview.show_case)

    def initializePage(self) -> None:
        importing = self._importing
        self.cases.clear()
        self.cases.addItems([row["case_id"] for row in importing.plan.rows])
        library = importing.library
        if library is not None and importing.bounds_nm is not None:
            self.map.show_layout(library, importing.roles(), importing.cell, importing.bounds_nm)
        self.cases.setCurrentRow(0)

    def _case_chosen(self, row: int) -> None:
        self.preview.say("Reading the image…")
        self._importing.preview(row)
        self._show()

    def _pointed(self, x_nm: float, y_nm: float) -> None:
        if self._current():
            self._importing.place(self._current(), x_nm, y_nm)
            self.cases.setCurrentRow(min(self.cases.currentRow() + 1, self.cases.count() - 1))
            self._show()

    def _current(self) -> str:
        rows, number = self._importing.plan.rows, self.cases.currentRow()
        return rows[number]["case_id"] if 0 <= number < len(rows) else ""

    def _show(self) -> None:
        self.map.show_places(self._importing.places, self._current())
        self.words.setText(f"{len(self._importing.places)} of {self.cases.count()} placed; the others can wait.")
