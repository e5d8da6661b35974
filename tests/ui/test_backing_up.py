"""Backups from the window: by hand, once a day, and back again with a look at it first."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QSettings, Signal
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from semiview.feedback.backups import backup_lists
from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore
from semiview.ui.backing_up import BackingUp
from semiview.ui.backup_dialog import BackupDialog
from semiview.ui.latest import Errands


class OneWorkspace(QObject):
    """As much of a session as backups ask for."""

    workspace_changed = Signal()
    said = Signal(str)

    def __init__(self, store: FeedbackStore) -> None:
        super().__init__()
        self.workspace = self
        self.store = store


Made = tuple[OneWorkspace, BackingUp, list[str]]


@pytest.fixture
def made(qapp: QApplication, tmp_path: Path) -> Iterator[Made]:
    store = FeedbackStore.open(tmp_path / "feedback")
    ids = [store.append(Record.example(seed, (24, 32))) for seed in range(3)]
    session, errands = OneWorkspace(store), Errands(1)
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    yield session, BackingUp(session, errands, settings), ids  # type: ignore[arg-type]
    errands.close()


def finished(qtbot: QtBot, backing_up: BackingUp, act: Callable[[], None]) -> None:
    act()
    qtbot.waitUntil(lambda: not backing_up.running, timeout=10_000)


def test_that_what_was_lost_is_shown_first_and_then_comes_back(qtbot: QtBot, made: Made, tmp_path: Path) -> None:
    session, backing_up, ids = made
    dialog = BackupDialog(backing_up)
    qtbot.addWidget(dialog)
    assert not dialog.now.isEnabled()
    backing_up.set_folder(tmp_path / "backup")
    finished(qtbot, backing_up, dialog.now.click)
    assert "3 decisions are whole in the backup, 3 of them new" in dialog.sentence.text()
    session.store.path_of(ids[0]).unlink()
    data = bytearray(session.store.path_of(ids[1]).read_bytes())
    data[-9] ^= 1
    session.store.path_of(ids[1]).write_bytes(data)
    session.store.verify()
    dialog.list.setCurrentRow(0)
    qtbot.waitUntil(lambda: "1 missing here, 1 damaged here" in dialog.preview.text())
    assert "example-000000, example-000001" in dialog.preview.text()
    with qtbot.waitSignal(backing_up.restored):
        dialog.restore.click()
    assert session.store.verify().ok
    assert set(session.store.record_ids()) == set(ids)
    dialog.list.setCurrentRow(0)
    qtbot.waitUntil(lambda: "are here and whole" in dialog.preview.text())
    assert not dialog.restore.isEnabled()


def test_that_the_first_opening_of_a_day_makes_one_backup(qtbot: QtBot, made: Made, tmp_path: Path) -> None:
    session, backing_up, _ = made
    session.workspace_changed.emit()
    assert not backing_up.running, "nobody has said where to"
    backing_up.set_folder(tmp_path / "backup")
    finished(qtbot, backing_up, session.workspace_changed.emit)
    assert len(backup_lists(tmp_path / "backup")) == 1
    session.workspace_changed.emit()
    assert not backing_up.running, "today has one"
    backing_up.back_up_if_due(datetime.now(UTC) + timedelta(days=1))
    assert backing_up.running
    qtbot.waitUntil(lambda: not backing_up.running, timeout=10_000)
    backing_up.set_automatic(False)
    backing_up.back_up_if_due(datetime.now(UTC) + timedelta(days=2))
    assert not backing_up.running


def test_that_a_backup_that_cannot_be_made_is_said(qtbot: QtBot, made: Made, tmp_path: Path) -> None:
    session, backing_up, _ = made
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    backing_up.set_folder(tmp_path / "full")
    with qtbot.waitSignal(session.said):
        finished(qtbot, backing_up, backing_up.back_up)
    assert "is not empty and holds no backup" in backing_up.sentence


def test_that_a_backup_ends_when_the_window_closes(qtbot: QtBot, made: Made, tmp_path: Path) -> None:
    _, backing_up, _ = made
    backing_up.set_folder(tmp_path / "backup")
    gate = threading.Event()
    backing_up._errands.run(gate.wait, lambda _: None, lambda _: None)  # the backup waits behind it
    backing_up.back_up()
    backing_up.stop()
    gate.set()
    qtbot.waitUntil(lambda: not backing_up.running, timeout=10_000)
    assert backup_lists(tmp_path / "backup") == ()
    finished(qtbot, backing_up, backing_up.back_up)
    assert len(backup_lists(tmp_path / "backup")) == 1
