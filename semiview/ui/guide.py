"""The user guide, shown from the installed files: no network is needed."""

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QTextBrowser, QVBoxLayout, QWidget

SIZE = (980, 720)
PICTURE_PX = 680


class Guide(QDialog):
    """Pages on the left, the page on the right; links lead from page to page."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("User guide")
        self.resize(*SIZE)
        self._pages = guide_pages()
        self.pages = QListWidget()
        self.pages.setMaximumWidth(220)
        self.pages.addItems([title_of(page) for page in self._pages])
        self.page = GuidePage()
        self.page.setObjectName("guide_page")
        layout = QHBoxLayout()
        layout.addWidget(self.pages)
        layout.addWidget(self.page, 1)
        outer = QVBoxLayout(self)
        outer.addLayout(layout)
        self.pages.currentRowChanged.connect(self._show)
        self.page.sourceChanged.connect(self._followed)
        self.pages.setCurrentRow(0)

    def _show(self, row: int) -> None:
        if 0 <= row < len(self._pages):
            self.page.show_page(self._pages[row])

    def _followed(self, url: QUrl) -> None:
        path = Path(url.toLocalFile())
        if path in self._pages:
            self.pages.setCurrentRow(self._pages.index(path))


class GuidePage(QTextBrowser):
    """A page of Markdown; its pictures are as wide as the page allows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOpenLinks(False)
        self.anchorClicked.connect(self._clicked)

    def show_page(self, path: Path) -> None:
        """Show the page of that file."""
        text = path.read_text("utf-8")
        self.document().setBaseUrl(QUrl.fromLocalFile(str(path)))
        self.document().setMarkdown(text)
        html = self.document().toHtml().replace("<img ", f'<img width="{PICTURE_PX}" ')
        self.setHtml(html)
        self.sourceChanged.emit(QUrl.fromLocalFile(str(path)))

    def _clicked(self, url: QUrl) -> None:
        target = self.document().baseUrl().resolved(url)
        path = Path(target.toLocalFile())
        if path.suffix == ".md" and path.is_file() and path.parent == guide_folder():
            self.show_page(path)


def guide_folder() -> Path:
    """Where the guide lies: in docs beside the sources, or in the installed package."""
    beside, installed = (Path(__file__).parents[level] / "docs" / "guide" for level in (2, 1))
    return beside if beside.is_dir() else installed


def guide_pages() -> list[Path]:
    """The pages in their order: numbers first, as most names begin with one."""
    return sorted(guide_folder().glob("*.md"))


def title_of(page: Path) -> str:
    """The first heading of a page."""
    first = page.read_text("utf-8").split("\n", 1)[0]
    return first.removeprefix("# ").strip()
