"""The history of a case in the window: a dispute is seen, compared, settled and taken back."""

from dataclasses import replace
from pathlib import Path

from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore
from tests.e2e.conftest import User
from tests.e2e.small_project import write_small_project


def test_that_a_dispute_is_compared_settled_and_taken_back_in_the_window(user: User, tmp_path: Path) -> None:
    project = tmp_path / "project"
    write_small_project(project)
    user.open_project(project)
    case = user.session.case
    assert case is not None
    store = FeedbackStore.open(project / "feedback")
    example = replace(Record.example(1, case.sem.shape), case_id=case.case_id)
    moved = example.approved.copy()
    moved[4:9, 4:9] ^= 1
    store.append(replace(example, reviewer="Ada"))
    store.append(replace(example, reviewer="Bob", approved=moved))

    window = user.window
    window.desk.reviewing.reviewer = "Cy"
    window.docks["work"].show()
    panel = window.history
    said = []
    window.desk.tracing.changed.connect(lambda: said.append(panel.empty.text()))
    window.work.setCurrentWidget(window.history)
    user.until(lambda: panel.table.rowCount() == 2)
    assert set(said[:-1]) == {"Reading…"}, "nothing is said about decisions before they were read"
    assert not panel.take_back.isEnabled()
    assert panel.take_back.toolTip().startswith("Not now")
    panel.table.selectAll()
    user.until(lambda: "25 px" in panel.words.text() or "Orange" in panel.words.text())
    assert panel.picture.pixmap() is not None
    assert not panel.picture.pixmap().isNull()

    panel.table.selectRow(0)
    panel.settle.click()
    user.until(lambda: panel.table.rowCount() == 3 and user.session.review.state == "accepted")
    panel.table.selectRow(0)
    panel.take_back.click()
    user.until(lambda: panel.table.rowCount() == 4)
    assert user.session.review.state == "undecided"
    assert [line.standing for line in window.desk.tracing.lines][1:] == ["taken back", "replaced", "replaced"]
