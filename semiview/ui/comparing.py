"""What the case is held against: another checkpoint's prediction, the SEM picture that the design should give."""

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from semiview.core.case import Case
from semiview.files.expected_sem_file import find_expected, read_expected
from semiview.files.problem import FileProblem
from semiview.learning.generators import newest_generator
from semiview.learning.registry import CheckpointRef
from semiview.tasks.guests import chosen_of, maker_of, others_that_could, others_that_predicted, read_other
from semiview.tasks.workspace import Workspace
from semiview.ui.canvas.pictures import Guests
from semiview.ui.compare_modes import Kind, Pair, guest
from semiview.ui.latest import Errands, Latest
from semiview.ui.predicting import Predicting
from semiview.ui.session import Session

NO_OTHER = "Only one checkpoint has predicted this case.\nChoose another one under Display, Compare, and press Predict."
NO_EXPECTED = "There is no predicted SEM picture of this case.\n"
MAKE_ONE = "Compare, Predict the SEM picture, makes one of its design."
NO_GENERATOR = "First train a checkpoint that makes them: Training, Learns, Design to SEM."
READING = "Reading the picture…"
NONE = Guests(why_no_other=READING, why_no_expected=READING)


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """What there is for a case, and what of it was read."""

    ready: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    chosen: str = ""
    expects: bool = False
    generator: CheckpointRef | None = None
    guests: Guests = NONE


class Comparing(QObject):
    """Looks what there is whenever a case is opened, and reads only what is compared.

    Attributes
    ----------
    changed
        Other checkpoints, or other pictures.
    """

    changed = Signal()

    def __init__(
        self, session: Session, predicting: Predicting, errands: Errands, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._predicting = session, predicting
        self.latest = Latest(errands, self)
        self._wanted = ""
        self._found = _Looked()
        session.case_changed.connect(self._case_changed)
        session.prediction_changed.connect(lambda _: self.look())
        session.view_changed.connect(lambda old, new: self.look() if new.pair != old.pair else None)
        predicting.predicted.connect(self._predicted)

    @property
    def guests(self) -> Guests:
        """The pictures, as far as they are read."""
        return self._found.guests

    @property
    def checkpoints(self) -> dict[str, bool]:
        """Every checkpoint that may be held against the one that is shown: whether its prediction is there."""
        found = self._found
        return {one: one in found.ready for one in (*found.ready, *(o for o in found.possible if o not in found.ready))}

    @property
    def chosen(self) -> str:
        """The other checkpoint; empty: there is none."""
        return self._found.chosen

    def choose(self, checkpoint_id: str) -> None:
        """Hold this checkpoint against the one that is shown."""
        self._wanted = checkpoint_id
        self.look()

    def why_not(self, pair: Pair) -> str | None:
        """Why a pair cannot be compared."""
        case, found = self._session.case, self._found
        if case is None:
            return "no case is open"
        if guest(pair) == "other":
            if case.prediction is None:
                return "the case has no prediction"
            return None if found.chosen in found.ready else _in_a_tip(found.guests.why_no_other)
        if guest(pair) == "expected":
            return None if found.expects else _in_a_tip(found.guests.why_no_expected)
        return None

    def why_not_predict(self) -> str | None:
        """Why the chosen checkpoint cannot predict the case now."""
        if self._session.case is None:
            return "no case is open"
        if not self._found.chosen:
            return "there is no other checkpoint"
        if self._found.chosen in self._found.ready:
            return "it has predicted this case"
        return self._predicting.why_not()

    def predict(self) -> None:
        """Have the chosen checkpoint predict the case."""
        if self.why_not_predict() is None:
            self._predicting.predict_beside(self._found.chosen)

    @property
    def expected_by(self) -> str:
        """Which checkpoint made the predicted SEM picture; empty: there is none."""
        return self._found.guests.expected_by

    def why_not_expect(self) -> str | None:
        """Why no SEM picture can be made of the design now."""
        case = self._session.case
        if case is None:
            return "no case is open"
        if self._found.generator is None:
            return _in_a_tip(NO_GENERATOR)
        return "the case has no design" if case.design is None else self._predicting.why_not()

    def expect(self) -> None:
        """Have the SEM picture made that the design should give."""
        if self._found.generator is not None and self.why_not_expect() is None:
            self._predicting.expect_open(self._found.generator)

    def look(self) -> None:
        """Look again what there is."""
        workspace, case = self._session.workspace, self._session.case
        if workspace is None or case is None:
            return
        visitor, wanted = guest(self._session.view.pair), self._wanted

        def done(found: _Looked) -> None:
            if self._session.case is case:
                self._found = found
                self.changed.emit()

        def failed(problem: Exception) -> None:
            raise problem

        self.latest.ask(lambda: _look(workspace, case, wanted, visitor), done, failed)

    def _case_changed(self) -> None:
        self.latest.forget()
        self._found = _Looked()
        self.changed.emit()
        self.look()

    def _predicted(self, case_id: str) -> None:
        if self._session.case is not None and self._session.case.case_id == case_id:
            self.look()


def _look(workspace: Workspace, case: Case, wanted: str, visitor: Kind | None) -> _Looked:
    ready, possible = others_that_predicted(workspace, case), others_that_could(workspace, case)
    chosen = chosen_of(wanted, ready, possible)
    path = find_expected(workspace.project.predictions_folder, case.case_id)
    generator = newest_generator(workspace.project.checkpoints_folder)
    other, expected, why_no_other, why_no_expected = None, None, READING, READING
    if chosen not in ready:
        why_no_other = NO_OTHER
    if path is None:
        why_no_expected = NO_EXPECTED + (NO_GENERATOR if generator is None else MAKE_ONE)
    try:
        if visitor == "other" and chosen in ready:
            other = read_other(workspace, case, chosen)
    except FileProblem as problem:
        ready, why_no_other = tuple(one for one in ready if one != chosen), str(problem)
    try:
        if visitor == "expected" and path is not None:
            expected = read_expected(path, case.sem)
    except FileProblem as problem:
        path, why_no_expected = None, str(problem)
    by = "" if path is None else maker_of(path)
    guests = Guests(other, expected, by, why_no_other, why_no_expected)
    return _Looked(ready, possible, chosen, path is not None, generator, guests)


def _in_a_tip(sentences: str) -> str:
    return sentences[0].lower() + sentences[1:].replace("\n", " ").rstrip(".")
