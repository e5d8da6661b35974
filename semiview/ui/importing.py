"""A project in the making: what was chosen, what it would come to, and one case of it to look at."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from semiview.core.case import Case
from semiview.files.design_file import GDS_SUFFIXES, DesignLibrary
from semiview.files.grey_image import IMAGE_SUFFIXES
from semiview.files.import_recipe import ImportRecipe, read_recipe, with_changes
from semiview.files.layer_roles import LayerRole, parse_layers
from semiview.files.project import Project
from semiview.tasks.import_guess import guessed_recipe
from semiview.tasks.import_project import (
    ImportPlan,
    ImportSources,
    find_sources,
    plan_import,
    preview_project,
    with_places,
    write_project,
)
from semiview.ui.latest import Errands, Latest

LIST_SUFFIXES = (".csv", ".txt", ".tsv", ".dat")
RECIPE_SUFFIX = ".toml"


@dataclass(frozen=True, slots=True)
class Paths:
    """What was chosen; None for what was not."""

    images: Path | None = None
    listed: Path | None = None
    design: Path | None = None
    recipe: Path | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    sources: ImportSources
    recipe: ImportRecipe
    bounds_nm: tuple[float, float, float, float] | None


class Importing(QObject):
    """Reads, maps and writes off the window's thread.

    Attributes
    ----------
    changed
        Sources, recipe or plan are others.
    previewed
        The Case to look at.
    failed
        A sentence about what was just chosen.
    """

    changed = Signal()
    previewed = Signal(object)
    failed = Signal(str)

    def __init__(self, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.errands = errands
        self._reading, self._looking = Latest(errands, self), Latest(errands, self)
        self._sizing = Latest(errands, self)
        self._project: Project | None = None
        self.paths = Paths()
        self.sources: ImportSources | None = None
        self.bounds_nm: tuple[float, float, float, float] | None = None
        self.recipe = ImportRecipe()
        self.plan = ImportPlan(())
        self.places: dict[str, tuple[float, float]] = {}
        self._reading.busy_changed.connect(lambda _: self.changed.emit())

    @property
    def busy(self) -> bool:
        """True while what was chosen is being read."""
        return self._reading.busy

    @property
    def library(self) -> DesignLibrary | None:
        """The layout, or None."""
        return None if self.sources is None else self.sources.library

    @property
    def cell(self) -> str:
        """The cell that was chosen; empty: the only one."""
        return self.recipe.fixed.get("cell", "")

    @property
    def drawn_cells(self) -> tuple[str, ...]:
        """Top cells with polygons in them."""
        library = self.library
        return () if library is None else tuple(name for name in library.top_cells if library.layers(name))

    @property
    def needs_cell(self) -> bool:
        """True if the layout has several top cells and the list does not say which one is meant."""
        return len(self.drawn_cells) > 1 and "cell" not in self.recipe.columns

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers of the layout, as layer/datatype."""
        return () if self.library is None else self.library.layers(self.cell)

    @property
    def needs_places(self) -> bool:
        """True if there is a layout and nobody says where on it the images lie."""
        return self.library is not None and bool(self.plan.rows) and not any(row.get("x_nm") for row in self.plan.rows)

    def roles(self) -> tuple[LayerRole, ...]:
        """Layers with their roles as chosen so far."""
        return parse_layers(self.recipe.fixed.get("layers", ""))

    def choose(self, paths: Paths) -> None:
        """Read what was chosen, and guess the mapping or take it from the recipe."""
        self.paths = paths
        self.sources, self.plan, self._project = None, ImportPlan(()), None
        self.places = {}
        if paths.images is None:
            self._reading.forget()
            self.changed.emit()
            return
        images = paths.images

        def work() -> _Found:
            sources = find_sources([images], paths.listed, (), paths.design)
            library = sources.library
            recipe = guessed_recipe(sources) if paths.recipe is None else read_recipe(paths.recipe)
            drawn = None
            cell = recipe.fixed.get("cell", "")
            if library is not None and (cell or len(library.top_cells) == 1) and library.layers(cell):
                drawn = library.bounds_nm(cell=cell)
            return _Found(sources, recipe, drawn)

        def done(found: _Found) -> None:
            self.sources, self.recipe = found.sources, found.recipe
            self.bounds_nm = found.bounds_nm
            self._plan()

        self._reading.ask(work, done, self._failed)
        self.changed.emit()

    def change(self, **changes: Any) -> None:
        """Change the recipe, see `with_changes`; what contradicts itself is said and left as it was."""
        try:
            recipe = with_changes(self.recipe, **changes)
            parse_layers(recipe.fixed.get("layers", ""))
        except ValueError as error:
            self.failed.emit(f"{error}.")
            return
        self.recipe = recipe
        self._plan()

    def choose_cell(self, name: str) -> None:
        """The images show this cell of the layout; roles that were given to another cell's layers go."""
        library = self.library
        if library is None or (name == self.cell and self.bounds_nm is not None):
            return
        self.bounds_nm = None
        self.change(fixed={"cell": name, "layers": ""})

        def done(box: tuple[float, float, float, float]) -> None:
            self.bounds_nm = box
            self.changed.emit()

        self._sizing.ask(lambda: library.bounds_nm(cell=name), done, self._failed)

    def place(self, case_id: str, x_nm: float, y_nm: float) -> None:
        """Somebody pointed at where a case lies."""
        self.places = {**self.places, case_id: (round(x_nm, 1), round(y_nm, 1))}
        self.changed.emit()

    def preview(self, number: int) -> None:
        """Load one case of the plan, with the design that lies there."""
        plan, before = with_places(self.plan, self.places), self._project
        if not 0 <= number < len(plan.rows):
            return

        def work() -> tuple[Project, Case]:
            project = preview_project(plan, before)
            return project, project.load(plan.rows[number]["case_id"])

        def done(answer: tuple[Project, Case]) -> None:
            self._project = answer[0]
            self.previewed.emit(answer[1])

        self._looking.ask(work, done, self._failed)

    def write(self, folder: Path) -> tuple[str, ...]:
        """Write the project; returns what is doubtful about it. Raises FileProblem if it cannot be written."""
        problems = write_project(with_places(self.plan, self.places), self.recipe, folder)
        return tuple(str(problem) for problem in problems)

    def forget(self) -> None:
        """Want no more answers."""
        self._reading.forget()
        self._looking.forget()
        self._sizing.forget()

    def _plan(self) -> None:
        if self.sources is not None:
            self.plan = plan_import(self.sources, self.recipe)
        self.changed.emit()

    def _failed(self, problem: Exception) -> None:
        self.failed.emit(str(problem))
        self.changed.emit()


def sorted_paths(dropped: list[Path]) -> Paths:
    """What each dropped file or folder is, by its kind."""
    found: dict[str, Path] = {}
    for path in dropped:
        suffix = path.suffix.lower()
        if path.is_dir() or suffix in IMAGE_SUFFIXES:
            found = {"images": path if path.is_dir() else path.parent} | found
        elif suffix in GDS_SUFFIXES:
            found = {**found, "design": path}
        elif suffix in LIST_SUFFIXES:
            found = {**found, "listed": path}
        elif suffix == RECIPE_SUFFIX:
            found = {**found, "recipe": path}
    if "images" not in found and "listed" in found:
        found = {**found, "images": found["listed"].parent}
    return Paths(**found)


def only_beside(images: Path) -> Paths:
    """The list and the layout in a folder of images, where there is only one of each."""
    try:
        files = [path for path in images.iterdir() if path.is_file()]
    except OSError:
        return Paths(images)
    lists, designs = (
        [path for path in files if path.suffix.lower() in suffixes] for suffixes in (LIST_SUFFIXES, GDS_SUFFIXES)
    )
    return Paths(images, lists[0] if len(lists) == 1 else None, designs[0] if len(designs) == 1 else None)
