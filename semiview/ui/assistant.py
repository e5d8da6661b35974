"""The assistant for a new project: choose files, map the list, choose a cell, point at places, look, write."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
    QWizard,
    QWizardPage,
)

from semiview.files.problem import FileProblem
from semiview.ui.assistant_cell import CellPage
from semiview.ui.assistant_look import LookPage
from semiview.ui.assistant_mapping import MappingPage
from semiview.ui.assistant_places import PlacesPage
from semiview.ui.importing import LIST_SUFFIXES, RECIPE_SUFFIX, Importing, Paths, only_beside
from semiview.ui.latest import Errands

SIZE = (960, 660)


class Assistant(QWizard):
    """Six pages, of which cell and places are asked for only where nobody knows them.

    Attributes
    ----------
    created
        Folder of the new project.
    """

    created = Signal(object)

    def __init__(self, errands: Errands, paths: Paths, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New project")
        self.setWizardStyle(QWizard.WizardStyle.ModernStyle)
        self.setOption(QWizard.WizardOption.NoBackButtonOnStartPage)
        self.resize(*SIZE)
        self.importing = Importing(errands, self)
        self.sources = SourcesPage(self.importing)
        self.mapping = MappingPage(self.importing)
        self.cell = CellPage(self.importing)
        self.places = PlacesPage(self.importing)
        self.look = LookPage(self.importing)
        self.save = SavePage(self.importing)
        for page in (self.sources, self.mapping, self.cell, self.places, self.look, self.save):
            self.addPage(page)
        self.setButtonText(QWizard.WizardButton.FinishButton, "Create")
        self.sources.show_paths(paths)
        self.finished.connect(lambda _: self.importing.forget())

    def nextId(self) -> int:
        """Cell and places are passed over where they are known."""
        asked = {self.cell: self.importing.needs_cell, self.places: self.importing.needs_places}
        following = super().nextId()
        while following in self.pageIds() and not asked.get(self.page(following), True):
            following += 1
        return following

    def accept(self) -> None:
        folder = self.save.write()
        if folder is not None:
            super().accept()
            self.created.emit(folder)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.importing.forget()
        super().closeEvent(event)


class SourcesPage(QWizardPage):
    """Images, list of sites, layout, recipe."""

    def __init__(self, importing: Importing) -> None:
        super().__init__()
        self._importing = importing
        self.setTitle("What is there?")
        self.setSubTitle("Images stay where they are. Files and folders may also be dropped on the main window.")
        lists = f"Lists (*{' *'.join(LIST_SUFFIXES)})"
        self.images = PathRow("Folder…", folder=True)
        self.listed = PathRow("File…", lists)
        self.design = PathRow("File…", "Layouts (*.gds *.gdsii *.gds2 *.oas *.oasis)")
        self.recipe = PathRow("File…", f"Recipes (*{RECIPE_SUFFIX})")
        self.status = QLabel(wordWrap=True)
        self.status.setObjectName("import_status")
        form = QFormLayout(self)
        form.addRow("SEM images", self.images)
        form.addRow("List of sites (optional)", self.listed)
        form.addRow("Layout (optional)", self.design)
        form.addRow("Recipe (optional)", self.recipe)
        form.addRow(self.status)
        self.images.chosen.connect(self._images_chosen)
        for row in (self.listed, self.design, self.recipe):
            row.chosen.connect(self._choose)
        importing.changed.connect(self._changed)
        importing.failed.connect(self.status.setText)

    def show_paths(self, paths: Paths) -> None:
        """Fill the page."""
        rows = (self.images, self.listed, self.design, self.recipe)
        for row, path in zip(rows, (paths.images, paths.listed, paths.design, paths.recipe), strict=True):
            row.entry.setText("" if path is None else str(path))
        self._choose()

    def isComplete(self) -> bool:
        """Qt."""
        return self._importing.sources is not None and not self._importing.busy

    def _images_chosen(self) -> None:
        """The one list and the one layout beside the images are proposed."""
        images = self.images.path()
        if images is not None and images != self._importing.paths.images:
            beside = only_beside(images)
            for row, path in ((self.listed, beside.listed), (self.design, beside.design)):
                if not row.entry.text() and path is not None:
                    row.entry.setText(str(path))
        self._choose()

    def _choose(self) -> None:
        paths = Paths(self.images.path(), self.listed.path(), self.design.path(), self.recipe.path())
        # A field also says that it was edited when it only loses the focus.
        if paths != self._importing.paths or paths == Paths():
            self.status.setText("Choose the folder with the images.")
            self._importing.choose(paths)

    def _changed(self) -> None:
        importing = self._importing
        if importing.busy:
            self.status.setText("Reading…")
        elif importing.sources is not None:
            parts = [f"{len(importing.sources.images)} images"]
            if importing.sources.listed is not None:
                parts.append(f"{len(importing.sources.listed.lines)} sites in the list")
            if importing.library is not None:
                parts.append(f"a layout with the layers {', '.join(importing.layers)}")
            self.status.setText("Found: " + ", ".join(parts) + ".")
        self.completeChanged.emit()


class SavePage(QWizardPage):
    """Where the project goes, and what will be in it."""

    def __init__(self, importing: Importing) -> None:
        super().__init__()
        self._importing = importing
        self.setTitle("Where should the project be?")
        self.setSubTitle("A folder for the case list, the registrations and the decisions; a new one is made.")
        self.folder = PathRow("Folder…", folder=True)
        self.summary = QLabel(wordWrap=True)
        self.problem = QLabel(wordWrap=True)
        self.problem.setObjectName("import_problem")
        layout = QVBoxLayout(self)
        layout.addWidget(self.folder)
        layout.addWidget(self.summary)
        layout.addWidget(self.problem)
        layout.addStretch(1)
        self.folder.chosen.connect(self.completeChanged)

    def initializePage(self) -> None:
        importing = self._importing
        if not self.folder.entry.text() and importing.paths.images is not None:
            images = importing.paths.images
            self.folder.entry.setText(str(images.with_name(f"{images.name}-review")))
        plan = importing.plan
        without = sum(not row.get("x_nm") and row["case_id"] not in importing.places for row in plan.rows)
        parts = [f"{len(plan.rows)} cases."]
        parts += [f"{without} have no place: they will lie at the middle of the layout."] if without else []
        parts += [f"{len(plan.images_left)} images and {len(plan.lines_left)} lines have no partner and are left out."]
        parts += ["The mapping is kept as import.toml, to be used for the next list."]
        self.summary.setText("\n".join(parts))
        self.problem.clear()

    def isComplete(self) -> bool:
        """Qt."""
        return self.folder.path() is not None

    def write(self) -> Path | None:
        """Write the project; None if it could not be, which is said here."""
        folder = self.folder.path()
        if folder is None:
            return None
        try:
            self._importing.write(folder)
        except FileProblem as problem:
            self.problem.setText(str(problem))
            return None
        return folder


class PathRow(QWidget):
    """A path with a button to choose it.

    Attributes
    ----------
    chosen
        The text is another.
    """

    chosen = Signal()

    def __init__(self, button: str, kinds: str = "", folder: bool = False) -> None:
        super().__init__()
        self._kinds, self._folder = kinds, folder
        self.entry = QLineEdit()
        self.entry.editingFinished.connect(self.chosen)
        self.button = QPushButton(button)
        self.button.clicked.connect(self._choose)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.entry, 1)
        layout.addWidget(self.button)

    def path(self) -> Path | None:
        """What stands there; None for nothing."""
        text = self.entry.text().strip()
        return Path(text).expanduser() if text else None

    def _choose(self) -> None:
        begin = self.entry.text() or str(Path.home())
        if self._folder:
            name = QFileDialog.getExistingDirectory(self, "Choose a folder", begin)
        else:
            name, _ = QFileDialog.getOpenFileName(self, "Choose a file", begin, f"{self._kinds};;All files (*)")
        if name:
            self.entry.setText(name)
            self.chosen.emit()
