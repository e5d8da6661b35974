"""The page of the assistant that asks which of a layout's top cells the images show, each with its picture."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWizardPage

from semiview.ui.importing import Importing
from semiview.ui.layout_map import LayoutMap

NM_PER_UM = UM_PER_MM = 1000.0


class CellPage(QWizardPage):
    """Top cells on the left, the chosen one drawn on the right."""

    def __init__(self, importing: Importing) -> None:
        super().__init__()
        self._importing = importing
        self.setTitle("Which cell?")
        self.setSubTitle("The layout has several top cells. Choose the one that the images show; it holds for all.")
        self.cells = QListWidget()
        self.cells.setObjectName("import_cells")
        self.map = LayoutMap(importing.errands)
        self.map.setCursor(Qt.CursorShape.ArrowCursor)
        self.words = QLabel(wordWrap=True)
        sides = QHBoxLayout()
        sides.addWidget(self.cells, 1)
        sides.addWidget(self.map, 2)
        layout = QVBoxLayout(self)
        layout.addLayout(sides, 1)
        layout.addWidget(self.words)
        self.cells.currentItemChanged.connect(self._chosen)
        self.map.failed.connect(self.words.setText)
        importing.changed.connect(self._show)
        importing.failed.connect(self.words.setText)

    def initializePage(self) -> None:
        importing = self._importing
        self.cells.clear()
        for name in importing.drawn_cells:
            item = QListWidgetItem(name)
            item.setData(Qt.ItemDataRole.UserRole, name)
            self.cells.addItem(item)
        chosen = self.cells.findItems(importing.cell, Qt.MatchFlag.MatchExactly)
        self.cells.setCurrentItem(chosen[0] if chosen else self.cells.item(0))

    def isComplete(self) -> bool:
        """Qt."""
        return bool(self._importing.cell) and self._importing.bounds_nm is not None

    def _chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._importing.choose_cell(item.data(Qt.ItemDataRole.UserRole))

    def _show(self) -> None:
        importing = self._importing
        box, library = importing.bounds_nm, importing.library
        if library is not None and box is not None and importing.cell and self.cells.count():
            self.map.show_layout(library, importing.roles(), importing.cell, box)
            width, height = ((box[axis + 2] - box[axis]) / NM_PER_UM for axis in (0, 1))
            size = f"{width:.4g} × {height:.4g} µm"
            if max(width, height) >= UM_PER_MM:
                size = f"{width / UM_PER_MM:.4g} × {height / UM_PER_MM:.4g} mm"
            self.words.setText(f"{importing.cell}: {size}, layers {', '.join(importing.layers)}.")
        self.completeChanged.emit()
