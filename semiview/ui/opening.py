"""Open cases off the window's thread, the next one before it is asked for."""

from PySide6.QtCore import QObject, QTimer, Signal

from semiview.files.problem import FileProblem
from semiview.tasks.open import OpenedCase, open_case
from semiview.tasks.workspace import Workspace
from semiview.ui.case_model import CaseModel
from semiview.ui.keeping import Keeping
from semiview.ui.latest import Errands, Latest
from semiview.ui.session import Session


class Opening(QObject):
    """One case after another; only the newest wish is shown.

    Attributes
    ----------
    began
        A case is being loaded.
    failed
        (case_id, sentence): it cannot be opened; the session shows no case then.
    """

    began = Signal(str)
    failed = Signal(str, str)

    def __init__(
        self, session: Session, cases: CaseModel, keeping: Keeping, errands: Errands, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._cases, self._keeping, self._errands = session, cases, keeping, errands
        self.latest = Latest(errands, self)
        self._ahead: dict[str, OpenedCase] = {}
        self._loading: set[str] = set()
        self._shown: str | None = None
        self._painted = QTimer(self, singleShot=True, interval=0)  # the picture is drawn before the next is loaded
        self._painted.timeout.connect(self._load_ahead)
        session.workspace_changed.connect(self.forget)

    @property
    def current(self) -> str | None:
        """The case that is open or being opened, whether it succeeded or not."""
        return self._shown

    def why_not(self) -> str | None:
        """Why the open case cannot be worked on just now."""
        return "the next case is opening" if self.latest.busy else None

    def forget(self) -> None:
        """What was loaded ahead may be out of date."""
        self._ahead.clear()
        if self._session.workspace is None or self._session.case is None:
            self._shown = None
            self.latest.forget()

    def forget_ahead(self, case_id: str) -> None:
        """That case has changed on the disk since it was loaded ahead."""
        self._ahead.pop(case_id, None)

    def open(self, case_id: str) -> None:
        """Leave the open case and open this one."""
        workspace = self._session.workspace
        if workspace is None:
            return
        self._keeping.leave()
        self._shown = case_id
        ahead = self._ahead.pop(case_id, None)
        self.began.emit(case_id)

        def done(opened: OpenedCase) -> None:
            self._cases.update(case_id, problem="")
            self._session.show(opened)
            self._painted.start()

        def failed(problem: Exception) -> None:
            if not isinstance(problem, FileProblem):
                self._session.show(None)
                self.failed.emit(case_id, f"{case_id} could not be opened: {problem}")
                raise problem
            self._session.show(None)
            self._cases.update(case_id, problem=str(problem))
            self.failed.emit(case_id, str(problem))

        if ahead is not None:
            self.latest.forget()
            done(ahead)
        else:
            self.latest.ask(lambda: open_case(workspace, case_id, self._keeping.owner), done, failed)

    def reload(self) -> None:
        """Load the open case again: the project's settings or its image have changed."""
        self._keeping.then(self._reload)

    def _reload(self) -> None:
        case_id = self._shown
        if case_id is not None:
            self._session.forget(case_id)
            self._ahead.clear()
            self.open(case_id)

    def _load_ahead(self) -> None:
        """Load what may be asked for next: the next row, the next undecided one, the most valuable one."""
        workspace, case_id = self._session.workspace, self._shown
        if case_id is None:
            return
        wishes = (
            self._cases.neighbour(case_id, 1, undecided=True),
            self._cases.most_valuable(case_id),
            self._cases.neighbour(case_id, 1),
        )
        wanted = [wish for wish in dict.fromkeys(wishes) if wish is not None]
        for old in [old for old in self._ahead if old not in wanted]:
            del self._ahead[old]
        for following in wanted:
            if workspace is not None and following not in self._ahead and following not in self._loading:
                self._load_one_ahead(workspace, following)

    def _load_one_ahead(self, workspace: Workspace, following: str) -> None:
        def done(opened: OpenedCase) -> None:
            self._loading.discard(following)
            if workspace is self._session.workspace and self._shown != following:
                self._ahead[following] = opened

        def failed(_: Exception) -> None:  # it says so when it is asked for
            self._loading.discard(following)

        self._loading.add(following)
        self._errands.run(lambda: open_case(workspace, following, self._keeping.owner), done, failed)
