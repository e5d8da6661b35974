"""Ways into a project: by menu, from the list of recent ones, dropped on the window, new, or the example."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, QSettings
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from semiview.files.case_list import paired_by_name
from semiview.files.problem import FileProblem
from semiview.tasks.demo import unpack_example
from semiview.ui.assistant import Assistant
from semiview.ui.importing import Paths, sorted_paths
from semiview.ui.latest import Errands

KEPT = 8
KEY = "recent"
CASE_LIST = "cases.csv"


class Projects(QObject):
    """Finds the folder; `open_project` does the rest.

    Parameters
    ----------
    say
        Tells the person a sentence.
    """

    def __init__(
        self,
        window: QWidget,
        settings: QSettings,
        errands: Errands,
        open_project: Callable[[Path], None],
        say: Callable[[str], None],
    ) -> None:
        super().__init__(window)
        self._window, self._settings, self._errands = window, settings, errands
        self._open, self._say = open_project, say
        self.assistant: Assistant | None = None

    def recent(self) -> list[Path]:
        """Projects opened lately that are still there, the newest first."""
        kept = self._settings.value(KEY, [])
        names = [kept] if isinstance(kept, str) else kept if isinstance(kept, list) else []
        return [Path(name) for name in names if Path(name).is_dir()]

    def opened(self, folder: Path) -> None:
        """A project was opened: it comes first in the list."""
        names = [str(folder), *(str(path) for path in self.recent() if path != folder)]
        self._settings.setValue(KEY, names[:KEPT])

    def fill(self, menu: QMenu) -> None:
        """Recent projects as entries of a menu."""
        menu.clear()
        for path in self.recent():
            entry = menu.addAction(path.name)
            entry.setToolTip(str(path))
            entry.triggered.connect(lambda _=False, path=path: self._open(path))
        menu.setToolTipsVisible(True)
        if not self.recent():
            menu.addAction("None yet").setEnabled(False)

    def choose(self) -> None:
        """Ask for a folder."""
        last = self.recent()
        begin = str(last[0].parent) if last else str(Path.home())
        folder = QFileDialog.getExistingDirectory(self._window, "Open project", begin)
        if folder:
            self._open(Path(folder))

    def example(self) -> None:
        """The example project, unpacked into the user's own folder."""
        self._errands.run(unpack_example, self._open, lambda problem: self._say(str(problem)))

    def new(self, paths: Paths | None = None) -> None:
        """The assistant."""
        assistant = Assistant(self._errands, paths or Paths(), self._window)
        assistant.created.connect(self._open)
        assistant.finished.connect(lambda _: self._closed(assistant))
        self.assistant = assistant
        assistant.open()

    def takes(self, data: QMimeData) -> bool:
        """True if something was dragged here that may be a project or a part of one."""
        return any(url.isLocalFile() for url in data.urls())

    def dropped(self, data: QMimeData) -> None:
        """Open what was dropped: a project at once, anything else in the assistant."""
        paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
        folder = dropped_project(paths)
        if folder is not None:
            self._open(folder)
            return
        found = sorted_paths(paths)
        if found == Paths():
            self._say(f"{paths[0].name if paths else 'This'} is neither a project, an image, a layout nor a list.")
            return
        self.new(found)

    def _closed(self, assistant: Assistant) -> None:
        if self.assistant is assistant:
            self.assistant = None
        assistant.deleteLater()


def dropped_project(paths: Sequence[Path]) -> Path | None:
    """The folder of what was dropped if it can be opened as it is: with a case list, or paired by name."""
    if len(paths) != 1:
        return None
    path = paths[0]
    if path.name == CASE_LIST and path.is_file():
        return path.parent
    if not path.is_dir():
        return None
    if (path / CASE_LIST).is_file():
        return path
    try:
        rows, _ = paired_by_name(path)
    except FileProblem:
        return None
    return path if any(row.design is not None for row in rows) else None
