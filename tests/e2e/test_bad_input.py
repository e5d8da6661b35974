"""Bad input is a sentence where the user is; the rest of the project stays usable and nothing is lost."""

import errno
import sys
import tomllib
from pathlib import Path

import gdstk
import numpy as np
import pytest
from PySide6.QtCore import Qt, qInstallMessageHandler
from PySide6.QtWidgets import QLineEdit

from semiview.feedback.drafts import list_drafts
from semiview.feedback.store import FeedbackStore
from semiview.files.durable_file import SystemCalls
from semiview.tasks.workspace import Workspace
from semiview.ui.start import watch_exceptions


class FullDisk(SystemCalls):
    """Takes nothing while it is full."""

    full = True

    def write(self, descriptor: int, data: memoryview) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(descriptor, data)


def with_disk(user, disk: SystemCalls) -> None:
    """Let the window's store write on another disk."""
    old = user.session.workspace
    store = FeedbackStore.open(old.project.feedback_folder, calls=disk)
    user.session.set_workspace(Workspace(old.project, store, old.registry), keep_case=True)


@pytest.mark.parametrize("harm", ["gone", "truncated", "no image"])
def test_that_an_image_that_cannot_be_read_is_a_sentence_and_the_others_open(user, small: Path, harm: str) -> None:
    image = small / "c1.tif"
    if harm == "gone":
        image.unlink()
    else:
        image.write_bytes(image.read_bytes()[:3000] if harm == "truncated" else b"this is a text")
    user.open_project(small)
    user.open_case("c1")
    assert user.session.case is None
    assert user.window.middle.currentWidget() is user.window.message
    assert "c1" in user.window.message.heading.text()
    assert "c1.tif" in user.window.message.sentence.text()
    assert "case" in user.window.actions_["review.accept"].toolTip()
    user.open_case("c2")
    assert user.session.case.case_id == "c2"
    assert user.window.middle.currentWidget() is user.window.views


def test_that_a_folder_without_a_project_is_a_sentence(user, tmp_path: Path) -> None:
    user.window.open_project(tmp_path / "nothing here")
    user.until(lambda: "no such folder" in user.window.message.sentence.text().lower())


def test_that_a_broken_row_is_named_and_the_rest_opens(user, small: Path) -> None:
    with (small / "cases.csv").open("a") as file:
        file.write("c9,c0.tif,lines.gds,1/0,raised,zero,0,2.0,,g9\n")
    user.open_project(small)
    assert "problems" in user.window.questions_bar.names()
    assert "x_nm" in user.window.questions_bar.findChild(object, "question_problems").children()[1].text()
    assert user.session.case.case_id == "c0"


def test_that_an_unknown_pixel_size_is_asked_once_and_remembered(user, make_small) -> None:
    folder = make_small(nm_per_px="")
    user.open_project(folder)
    assert user.window.status_line.pixel_size.text() == "pixel size unknown"
    assert "pixel size" in user.window.actions_["tools.register"].toolTip()
    entry = user.window.questions_bar.findChild(QLineEdit, "pixel_size_entry")
    user.qtbot.keyClicks(entry, "2.0")
    user.qtbot.keyClick(entry, Qt.Key.Key_Return)
    user.until(lambda: user.session.case is not None and user.session.case.sem.pixel_size.known)
    assert "2 nm/px" in user.window.status_line.pixel_size.text()
    (told,) = tomllib.loads((folder / "project.toml").read_text())["pixel_size"]
    assert told == {"width_px": 224, "height_px": 160, "nm_per_px": 2.0}
    user.open_case("c1")
    assert "pixel_size" not in user.window.questions_bar.names()


def test_that_a_missing_tone_is_asked_and_epe_waits_for_it(user, make_small) -> None:
    folder = make_small(tone="")
    user.open_project(folder)
    user.window.registration.boxes["shift_x_nm"].setValue(0.5)
    user.until(lambda: user.session.measurement is not None)
    assert "one" in user.window.measurements.reasons.text()
    user.answer("tone", "Raised")
    user.until(lambda: user.session.case is not None and user.session.case.design.tone == "raised")
    assert tomllib.loads((folder / "project.toml").read_text())["tone"] == "raised"
    user.window.registration.boxes["shift_x_nm"].setValue(0.5)
    user.until(lambda: "edge points" in user.window.measurements.figures.text())


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("empty layout", "lines.gds: The design file is empty"),
        ("layout without a cell", "There is no cell in the design"),
        ("prediction with NaN", "1 values are not finite"),
        ("prediction of another shape", "The prediction is 9 x 7 px, the picture 224 x 160 px"),
        ("bare layers", "The layers 1/0, 2/0 have no role and are united"),
    ],
)
@pytest.mark.parametrize("asked", ["", "tone"])
def test_that_doubtful_input_is_said_above_the_picture_which_stays_usable(
    user, make_small, harm: str, words: str, asked: str
) -> None:
    folder = make_small(tone="" if asked else "raised")
    prediction = np.load(folder / "c0_p.npy")
    if harm == "empty layout":
        (folder / "lines.gds").write_bytes(b"")
    elif harm == "layout without a cell":
        gdstk.Library().write_gds(folder / "lines.gds")
    elif harm == "prediction with NaN":
        prediction[3, 4] = np.nan
        np.save(folder / "c0_p.npy", prediction)
    elif harm == "prediction of another shape":
        np.save(folder / "c0_p.npy", prediction[:7, :9])
    else:
        library = gdstk.read_gds(folder / "lines.gds")
        library.cells[0].add(gdstk.rectangle((-2.0, -2.0), (-1.9, 2.0), layer=2))
        library.write_gds(folder / "lines.gds")
        text = (folder / "cases.csv").read_text()
        (folder / "cases.csv").write_text(text.replace(",1/0,", ",1/0; 2/0,"))
    user.open_project(folder)
    user.open_case("c0")
    assert words in user.window.questions_bar.findChild(object, "question_warnings").children()[1].text()
    assert ("tone" in user.window.questions_bar.names()) == bool(asked and "layout" not in harm)
    # Where there is no design, nothing is said to stand anywhere.
    assert ("No design" in user.window.registration.verdict.text()) == ("layout" in harm)
    assert user.window.middle.currentWidget() is user.window.views
    user.until(lambda: user.session.measurement is not None)


def test_that_a_missing_column_is_named_where_the_project_was_to_open(user, small: Path) -> None:
    text = (small / "cases.csv").read_text()
    (small / "cases.csv").write_text(text.replace("case_id,image", "case_id,picture"))
    user.window.open_project(small)
    user.until(lambda: "The column image is missing" in user.window.message.sentence.text())


def test_that_a_full_disk_at_accept_is_said_once_and_loses_nothing(user, small: Path) -> None:
    user.expects_trouble = True
    user.open_project(small)
    user.open_case("c0")
    disk = FullDisk()
    with_disk(user, disk)
    user.key(Qt.Key.Key_Return)
    user.until(lambda: "not_saved" in user.window.questions_bar.names())
    assert user.window.desk.cases.line("c0").saving == "not saved"
    assert "disk is full" in user.window.questions_bar.findChild(object, "question_not_saved").children()[1].text()
    assert "not saved" in user.window.status_line.saved.text()
    assert FeedbackStore.open(small / "feedback", read_only=True).history("c0") == ()
    disk.full = False
    user.answer("not_saved", "Try again")
    user.until(lambda: user.window.desk.cases.line("c0").state == "accepted")
    assert len(FeedbackStore.open(small / "feedback", read_only=True).history("c0")) == 1
    assert "not_saved" not in user.window.questions_bar.names()


def test_that_the_window_does_not_close_in_silence_over_unsaved_work(user, small: Path, monkeypatch) -> None:
    user.expects_trouble = True
    user.open_project(small)
    user.open_case("c0")
    disk = FullDisk()
    with_disk(user, disk)
    user.key(Qt.Key.Key_Return)
    user.until(lambda: user.window.desk.saving.failures)
    asked: list[list[str]] = []
    monkeypatch.setattr(user.window.dialogs, "close_anyway", lambda sentences: asked.append(sentences))
    user.close()
    assert user.window.isVisible()
    assert "the decision about c0" in asked[0][0]
    disk.full = False
    user.key(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    user.until(lambda: not user.window.desk.saving.failures and not user.window.desk.saving.pending)
    user.close()
    assert not user.window.isVisible()
    assert len(asked) == 1


def test_that_closing_waits_for_a_decision_still_being_written(user, small: Path, monkeypatch) -> None:
    user.expects_trouble = True
    user.open_project(small)
    user.open_case("c0")
    with_disk(user, FullDisk())
    asked: list[list[str]] = []
    monkeypatch.setattr(user.window.dialogs, "close_anyway", lambda sentences: asked.append(sentences))
    user.key(Qt.Key.Key_Return)
    user.close()
    assert user.window.isVisible()
    assert "the decision about c0" in asked[0][0]


def test_that_an_exception_in_a_slot_is_told_and_the_program_goes_on(user, small: Path) -> None:
    user.expects_trouble = True
    user.open_project(small)
    hook, handler = sys.excepthook, qInstallMessageHandler(None)
    watch_exceptions(user.window)
    try:
        sys.excepthook(ZeroDivisionError, ZeroDivisionError("by nothing"), None)
    finally:
        sys.excepthook = hook
        qInstallMessageHandler(handler)
    bar = user.window.questions_bar.findChild(object, "question_told")
    assert "by nothing" in bar.children()[1].text()
    user.until(lambda: "ZeroDivisionError" in user.window.log.text.toPlainText())
    user.open_case("c1")
    assert user.session.case.case_id == "c1"


def test_that_a_draft_is_kept_within_a_second_and_offered_never_forced(user, qtbot, small: Path) -> None:
    user.open_project(small)
    user.open_case("c0")
    user.key(Qt.Key.Key_B)
    user.drag((20, 40), (200, 40))
    user.until(lambda: list_drafts(small / "feedback") == ("c0",), 1_000)
    painted = user.session.document.correction.mask()
    # A crash: what the session knew is gone, the folder is as it was.
    user.session._left.clear()
    user.session.set_workspace(None)
    user.window.desk.cases.set_lines(())
    user.open_project(small)
    user.open_case("c0")
    assert user.session.document.correction is None
    user.answer("draft", "Take it up")
    assert (user.session.document.correction.mask() == painted).all()
    user.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert user.session.document.correction is None
