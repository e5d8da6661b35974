"""Ways into a project: menu, recent list, dropped files, the assistant, the example with its tour."""

import shutil
from pathlib import Path

import gdstk
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QCheckBox, QDialog, QLineEdit, QMenu, QWizard

from semiview.files.case_list import read_case_list
from semiview.ui.assistant import Assistant
from semiview.ui.guide import Guide, guide_pages
from semiview.ui.importing import Paths, sorted_paths
from semiview.ui.main_window import MainWindow
from semiview.ui.settings_dialog import SettingsDialog, wanted_scale

OPENEBL = Path(__file__).parents[3] / "shared" / "data" / "openebl"


def drop(user, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(QPoint(5, 5)), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    user.window.dropEvent(event)


def test_that_a_dropped_project_opens_and_stands_among_the_recent_ones(user, small: Path) -> None:
    drop(user, small / "cases.csv")
    user.until(lambda: user.session.case is not None)
    assert user.session.workspace.project.folder == small
    menu = QMenu()
    user.window.projects.fill(menu)
    (entry,) = menu.actions()
    user.session.set_workspace(None)
    entry.trigger()
    user.until(lambda: user.session.case is not None)
    shutil.move(small, small.with_name("moved"))
    assert user.window.projects.recent() == []


def test_that_what_cannot_be_a_project_is_said(user, tmp_path: Path) -> None:
    (tmp_path / "letter.docx").write_text("Dear all")
    drop(user, tmp_path / "letter.docx")
    assert "letter.docx is neither a project" in user.window.status_line.currentMessage()


def test_that_dropped_parts_open_the_assistant_with_each_in_its_place(user, small: Path) -> None:
    (small / "sites.csv").write_text("site,x,y\nc0,0,0\n")
    drop(user, small / "c0.tif", small / "lines.gds", small / "sites.csv")
    assistant = user.window.findChild(Assistant)
    assert assistant.importing.paths == Paths(small, small / "sites.csv", small / "lines.gds")
    user.until(lambda: assistant.sources.isComplete())
    assistant.reject()


@pytest.mark.skipif(not OPENEBL.is_dir(), reason="the openEBL data are not beside the project")
def test_that_the_assistant_makes_a_project_of_a_stage_list_and_opens_it(user, tmp_path: Path) -> None:
    project = tmp_path / "review"
    user.window.projects.new(Paths(OPENEBL, OPENEBL / "WF150ULLL.txt", OPENEBL / "WF150UL_SEM_LL.gds"))
    assistant = user.window.findChild(Assistant)
    user.until(lambda: assistant.sources.isComplete())
    assert "21 images, 27 sites" in assistant.sources.status.text()
    assistant.next()
    mapping = assistant.mapping
    assert mapping.file_name.text() == "LL_{site}"
    assert mapping.joins["site"].currentText() == "Image #"
    assert "21 cases; 0 images and 6 lines have no partner" in mapping.matched.text()
    assert mapping.table.item(0, list(assistant.importing.plan.columns).index("x_nm")).text() == "-13294220.0"
    assert mapping.table.rowCount() == 5
    mapping.unit.setCurrentText("nm")
    mapping.unit.activated.emit(mapping.unit.currentIndex())
    assert "outside the design" in mapping.left.item(0).text()
    mapping.unit.setCurrentText("um")
    mapping.unit.activated.emit(mapping.unit.currentIndex())
    assistant.next()  # the places are known: they are passed over
    assert assistant.currentPage() is assistant.look
    entry = assistant.look.pixel_size
    entry.setText("21.875")
    entry.editingFinished.emit()
    for layer, role in (("1/0", "target"), ("200/0", "not used")):
        assistant.look.roles[layer].setCurrentText(role)
    assistant.look.roles["200/0"].activated.emit(0)
    assistant.look.tone.setCurrentIndex(1)
    assistant.look.tone.activated.emit(1)
    user.until(lambda: "21.875 nm per px" in assistant.look.size_words.text())
    assistant.next()
    assistant.save.folder.entry.setText(str(project))
    assistant.button(QWizard.WizardButton.FinishButton).click()
    user.until(lambda: user.session.case is not None and user.session.workspace.project.folder == project)
    assert user.session.case.design.tone == "raised"
    assert user.session.case.design.target
    ours, theirs = (read_case_list(folder / "cases.csv")[0] for folder in (project, OPENEBL))
    assert [(row.case_id, row.x_nm, row.y_nm, row.tone, row.layers) for row in ours] == [
        (row.case_id, row.x_nm, row.y_nm, row.tone, row.layers) for row in theirs
    ]


def test_that_places_nobody_knows_are_clicked_on_the_layout(user, small: Path, tmp_path: Path) -> None:
    (small / "cases.csv").unlink()
    user.window.projects.new(Paths(small, None, small / "lines.gds"))
    assistant = user.window.findChild(Assistant)
    user.until(lambda: assistant.sources.isComplete())
    assistant.next()
    assistant.next()
    assert assistant.currentPage() is assistant.places
    places = assistant.places
    user.until(lambda: not places.map._latest.busy and places.map._outlines)
    target = places.map.to_screen(160.0, -500.0).toPoint()
    user.qtbot.mouseClick(places.map, Qt.MouseButton.LeftButton, pos=target)
    assert places.cases.currentRow() == 1  # on to the next
    x_nm, y_nm = assistant.importing.places["c0"]
    assert (x_nm, y_nm) == pytest.approx((160.0, -500.0), abs=places.map._nm_per_px)
    assistant.next()
    assistant.next()
    assert "3 have no place" in assistant.save.summary.text()
    assistant.save.folder.entry.setText(str(small))  # nothing is overwritten
    (small / "cases.csv").write_text("case_id,image\n")
    assistant.button(QWizard.WizardButton.FinishButton).click()
    assert "There is a project already" in assistant.save.problem.text()
    assistant.save.folder.entry.setText(str(tmp_path / "new"))
    assistant.button(QWizard.WizardButton.FinishButton).click()
    user.until(lambda: user.session.case is not None)
    assert user.session.workspace.project.row("c0").x_nm == x_nm


def test_that_of_several_top_cells_one_is_chosen_by_its_picture(user, small: Path, tmp_path: Path) -> None:
    library = gdstk.read_gds(small / "lines.gds")
    library.new_cell("OTHER").add(gdstk.rectangle((0, 0), (0.5, 0.5), layer=7))
    library.new_cell("EMPTY")
    library.write_gds(small / "lines.gds")
    (small / "cases.csv").unlink()
    user.window.projects.new(Paths(small, None, small / "lines.gds"))
    assistant = user.window.findChild(Assistant)
    user.until(lambda: assistant.sources.isComplete())
    assistant.next()
    assistant.next()
    page = assistant.cell
    assert assistant.currentPage() is page
    assert [page.cells.item(row).text() for row in range(page.cells.count())] == ["TOP", "OTHER"]
    user.until(page.isComplete)
    page.cells.setCurrentRow(1)
    user.until(lambda: "0.5 × 0.5 µm, layers 7/0" in page.words.text())
    page.cells.setCurrentRow(0)
    user.until(lambda: "layers 1/0" in page.words.text())
    user.until(lambda: len(page.map._outlines) == 13)
    assistant.next()
    assert assistant.currentPage() is assistant.places
    assistant.next()
    assistant.next()
    assistant.save.folder.entry.setText(str(tmp_path / "new"))
    assistant.button(QWizard.WizardButton.FinishButton).click()
    user.until(lambda: user.session.case is not None)
    assert {row.cell for row in user.session.workspace.project.rows} == {"TOP"}


def test_that_settings_act_at_once_and_are_there_again(user, small: Path) -> None:
    user.open_project(small)
    user.window.actions_["app.settings"].trigger()
    dialog = user.window.findChild(SettingsDialog)
    entry = dialog.findChild(QLineEdit, "settings_reviewer")
    entry.setText("anna")
    entry.editingFinished.emit()
    assert user.window.desk.reviewing.reviewer == "anna"
    dialog.scale.setCurrentIndex(2)
    dialog.scale.activated.emit(2)
    assert wanted_scale(user.window._settings) == 1.5
    dialog.autosave.setValue(3.0)
    assert user.window.desk.keeping._timer.interval() == 3000
    still = dialog.findChild(QCheckBox, "settings_view.still")
    before = user.session.view.still
    still.click()
    assert user.session.view.still is not before
    dialog.close()
    user.window.case_list.show_column("group", True)
    user.close()
    again = MainWindow(QSettings(user.window._settings.fileName(), QSettings.Format.IniFormat), "somebody")
    assert again.desk.reviewing.reviewer == "anna"
    assert again.desk.keeping._timer.interval() == 3000
    assert again.desk.session.view.still is not before
    again.open_project(small)
    user.qtbot.waitUntil(lambda: bool(again.desk.cases.lines) and not again.desk.opening.latest.busy)
    titles = [column.title for column in again.desk.cases.columns]
    assert not again.case_list.table.isColumnHidden(titles.index("group"))
    again.close()
    again.deleteLater()


def test_that_the_tour_goes_on_when_what_it_says_is_done(user, small: Path) -> None:
    assert not user.window.actions_["app.tour"].isEnabled()
    user.open_project(small)
    user.window.actions_["app.tour"].trigger()
    assert user.window.tour.step == 0
    user.key(Qt.Key.Key_C)
    assert user.window.tour.step == 1
    user.key(Qt.Key.Key_R)
    user.key(Qt.Key.Key_Right)
    assert user.window.tour.step == 2
    user.answer("tour", "Next")
    user.key(Qt.Key.Key_B)
    user.drag((20, 40), (60, 40))
    assert user.window.tour.step == 4
    user.answer("tour", "Done")
    assert "tour" not in user.window.questions_bar.names()


def test_that_the_guide_opens_without_a_network_and_its_pictures_and_links_are_there(user) -> None:
    user.window.actions_["app.guide"].trigger()
    guide = user.window.findChild(Guide)
    assert isinstance(guide, QDialog)
    assert guide.pages.count() == len(guide_pages()) >= 8
    for number, page in enumerate(guide_pages()):
        guide.pages.setCurrentRow(number)
        assert guide.page.toPlainText().strip()
        for part in page.read_text("utf-8").split("](")[1:]:
            target = part.split(")")[0].split("#")[0]
            assert target.startswith("http") or (page.parent / target).exists(), f"{page.name}: {target}"
    guide.close()


def test_that_dropped_files_are_sorted_by_their_kind(tmp_path: Path) -> None:
    assert sorted_paths([Path("/a/b.csv")]) == Paths(Path("/a"), Path("/a/b.csv"))
    assert sorted_paths([tmp_path, Path("/x/r.toml"), Path("/x/c.oas")]) == Paths(
        tmp_path, None, Path("/x/c.oas"), Path("/x/r.toml")
    )
