"""All cases aligned beside the review: progress, results taken in, the open case only offered, stop and close."""

from pathlib import Path

from PySide6.QtCore import Qt

from semiview.files.registration_table import read_registrations
from tests.e2e.conftest import children


def test_that_all_are_aligned_beside_the_review_and_the_open_case_is_offered(user, small: Path) -> None:
    window, session = user.window, user.session
    user.open_project(small)
    user.open_case("c1")  # looked at and left: it comes back as the disk has it
    user.open_case("c2")
    user.key(Qt.Key.Key_R)
    user.key(Qt.Key.Key_Right)  # set by hand: it stays
    user.key(Qt.Key.Key_Escape)
    by_hand = session.document.registration
    user.open_case("c0")
    nominal = session.document.registration
    strip = window.align_strip
    assert not strip.bar.isVisible()
    user.click(strip.start)
    user.until(lambda: strip.bar.isVisible() and strip.bar.maximum() == 3)
    assert not window.actions_["register.align_all"].isEnabled()
    user.until(lambda: not window.desk.aligning.running)
    assert window.desk.aligning.done == 3
    user.until(lambda: "registration" in window.questions_bar.names())
    assert session.document.registration is nominal
    lines = {line.case_id: line.registration for line in window.desk.cases.lines}
    assert lines["c2"] == "by hand"
    assert lines["c3"] not in ("", "by hand")
    user.answer("registration", "Take it")
    assert (
        session.document.registration.trust.verdict == read_registrations(small / "registrations.csv")["c0"]["verdict"]
    )
    user.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.document.registration is nominal
    user.open_case("c1")
    assert session.document.registration.trust.verdict is not None
    user.open_case("c2")
    assert session.document.registration is by_hand


def test_that_a_stop_ends_the_run_and_leaves_no_child(user, make_small) -> None:
    folder = make_small(count=40)
    user.open_project(folder)
    user.click(user.window.align_strip.start)
    user.until(lambda: user.window.desk.aligning.done >= 3)
    user.click(user.window.align_strip.stop)
    user.until(lambda: not user.window.desk.aligning.running)
    assert 0 < user.window.desk.aligning.done < 40
    written = read_registrations(folder / "registrations.csv")
    assert len(written) >= user.window.desk.aligning.done  # what was aligned stays
    user.until(lambda: all(user.window.desk.cases.line(case_id).registration for case_id in written if case_id != "c0"))
    assert children() == []
    assert user.window.actions_["register.align_all"].isEnabled()


def test_that_closing_the_window_ends_the_run(user, make_small) -> None:
    user.open_project(make_small(count=40))
    user.click(user.window.align_strip.start)
    user.until(lambda: user.window.desk.aligning.total)
    user.close()
    assert children() == []


def test_that_a_run_that_breaks_off_is_a_sentence(user, small: Path) -> None:
    user.expects_trouble = True
    user.open_project(small)
    (small / "cases.csv").unlink()
    for image in small.glob("*.tif"):
        image.unlink()
    user.click(user.window.align_strip.start)
    user.until(lambda: "aligning" in user.window.questions_bar.names())
    assert not user.window.desk.aligning.running
