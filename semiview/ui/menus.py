"""The menu bar: the actions of the table, recent projects, panels and colours."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMainWindow, QMenu

from semiview.ui.actions.table import MENUS
from semiview.ui.projects import Projects
from semiview.ui.theme import CHOICES, Choice
from semiview.ui.window_actions import Actions


class Menus(QObject):
    """Fills the menu bar of a window.

    Parameters
    ----------
    panels
        Actions that show and hide the panels.
    choose_theme
        Called with the colours that a person wants.
    """

    def __init__(
        self,
        window: QMainWindow,
        actions: Actions,
        projects: Projects,
        panels: Iterable[QAction],
        choose_theme: Callable[[Choice], None],
    ) -> None:
        super().__init__(window)
        self._menus: dict[str, QMenu] = {}
        for title, entries in MENUS:
            menu = window.menuBar().addMenu(title)
            menu.setToolTipsVisible(True)
            self._menus[title] = menu
            for name in entries:
                if name:
                    menu.addAction(actions[name])
                else:
                    menu.addSeparator()
        recent = QMenu("Recent projects", window)
        recent.aboutToShow.connect(lambda: projects.fill(recent))
        self["&Project"].insertMenu(actions["app.example"], recent)
        view = self["&View"]
        view.addSeparator()
        shown = view.addMenu("Panels")
        for action in panels:
            shown.addAction(action)
        colours = view.addMenu("Colours")
        group = QActionGroup(self)
        self._themes: dict[Choice, QAction] = {}
        for choice, text in CHOICES.items():
            action = colours.addAction(text)
            action.setCheckable(True)
            action.triggered.connect(lambda _=False, choice=choice: choose_theme(choice))
            group.addAction(action)
            self._themes[choice] = action

    def __getitem__(self, title: str) -> QMenu:
        return self._menus[title]

    def show_theme(self, choice: Choice) -> None:
        """Tick the colours that are chosen."""
        self._themes[choice].setChecked(True)
