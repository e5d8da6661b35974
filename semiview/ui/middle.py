"""The middle of the window: the views, or what to do while there is nothing to see."""

from PySide6.QtWidgets import QStackedWidget, QWidget

from semiview.ui.canvas.linked_views import LinkedViews
from semiview.ui.panels.message_page import MessagePage
from semiview.ui.session import Session
from semiview.ui.window_actions import Actions


class Middle(QStackedWidget):
    """Shows the views as soon as a case is open."""

    def __init__(self, session: Session, views: LinkedViews, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._views, self._actions = session, views, actions
        self.message = MessagePage()
        self.addWidget(self.message)
        self.addWidget(views)

    def show_state(self) -> None:
        """The views if a case is open, else what to do next."""
        if self._session.case is not None:
            self.setCurrentWidget(self._views)
        elif self._session.workspace is None:
            self._say(
                "Open a project",
                "A folder with a cases.csv, or one with SEM images and designs of the same names. "
                "Images, a layout and a list of sites become one with New project. Or drop any of them here.",
                "app.open",
                "app.new",
                "app.example",
            )
        else:
            self._say("Choose a case", "Click a case in the list on the left; D and A go on and back.")

    def project_opens(self, folder: str) -> None:
        """A project is being opened."""
        self._say("Opening…", folder)

    def project_failed(self, sentence: str) -> None:
        """Why there is no project."""
        self._say("The project cannot be opened", sentence, "app.open")

    def case_opens(self, case_id: str) -> None:
        """A case is being opened; one that is in sight stays there meanwhile."""
        if self._session.case is None:
            self._say(f"Opening {case_id}…", "")

    def case_failed(self, case_id: str, sentence: str) -> None:
        """Why there is no case."""
        self._say(f"{case_id} cannot be opened", f"{sentence}\n\nThe other cases can be worked on.")

    def _say(self, heading: str, sentence: str, *names: str) -> None:
        self.message.say(heading, sentence, *(self._actions[name] for name in names))
        self.setCurrentWidget(self.message)
