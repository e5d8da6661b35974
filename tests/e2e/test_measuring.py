"""Reading numbers in the real window: tables that show places, follow edits, are copied; gauges by hand; markers."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QFrame, QLabel

from semiview.core.coverage import Coverage
from semiview.core.edits import set_shape
from semiview.feedback.store import FeedbackStore
from semiview.metrology.measurement import measure
from semiview.tasks.mark_places import read_marks
from semiview.ui.scale_bar_dialog import ScaleBarDialog

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
WIDTH_NM, PITCH_NM, NM_PER_PX = 80.0, 160.0, 2.0


@pytest.fixture
def reading(user, small: Path):
    """The first small field, registered by hand where it is, with its numbers in sight."""
    user.open_project(small)
    user.open_case("c0")
    user.key(Qt.Key.Key_R)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Left):
        user.key(key)
    user.key(Qt.Key.Key_Escape)
    user.window.readings.setCurrentWidget(user.window.measurements)
    measured(user)
    return user


def measured(user) -> None:
    user.until(lambda: user.session.measurement is not None)


def gauges(user):
    panel = user.window.measurements
    panel.tabs.setCurrentWidget(panel.gauges)
    return panel.gauges


def click_row(user, table, row: int, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    cell = table.rows.index(row, 0)
    table.scrollTo(cell)
    user.qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, modifier, pos=table.visualRect(cell).center())


def test_that_a_click_on_a_row_and_the_arrow_keys_show_the_place_of_the_gauge(reading) -> None:
    table = gauges(reading).table
    assert table.rows.rowCount() == 3
    for go in (lambda: click_row(reading, table, 1), lambda: reading.qtbot.keyClick(table, Qt.Key.Key_Down)):
        go()
        row = table.currentIndex().row()
        place = reading.session.document.registration.to_px([table.rows.place_nm(row)])[0]
        camera = reading.window.views.camera
        assert (camera.u, camera.v) == pytest.approx(place)
        assert reading.window.desk.gauging.selected == table.current()
    assert table.currentIndex().row() == 2


def test_that_an_edit_moves_the_figures_and_the_chosen_gauge_stays_chosen(reading) -> None:
    panel, tab = reading.window.measurements, gauges(reading)
    widest = tab.table
    number = next(row for row in range(widest.rows.rowCount()) if str(widest.rows.key(row)).startswith("line-"))
    click_row(reading, widest, number)
    chosen = widest.current()
    prediction = reading.session.case.prediction.probability
    wider = np.maximum.reduce([np.roll(prediction, step, axis=1) for step in (-1, 0, 1)])  # 1 px on each side
    reading.session.apply("Paint", lambda document: set_shape(document, "correction", Coverage.from_probability(wider)))
    measured(reading)
    assert "approved" in reading.session.measurement.outlines_px
    assert panel.source.currentText() == "Correction"
    titles = [column.title for column in widest.rows.columns]
    assert [title for title in titles if title.startswith("Δ")] == ["Δ SEM", "Δ Pred.", "Δ Appr."]
    row = widest.rows.row_of(chosen)
    assert widest.current() == chosen
    shown = {title: widest.rows.index(row, column).data() for column, title in enumerate(titles)}
    assert float(shown["Design"]) == WIDTH_NM
    assert float(shown["Pred."]) == pytest.approx(WIDTH_NM, abs=0.1)
    assert float(shown["Δ Appr."]) == pytest.approx(2 * NM_PER_PX, abs=0.1)
    reading.key(Qt.Key.Key_Z, CTRL)
    measured(reading)
    assert "Δ Appr." not in [column.title for column in widest.rows.columns]


def test_that_copied_rows_are_a_tab_separated_table_with_a_header(reading) -> None:
    tab = gauges(reading)
    click_row(reading, tab.table, 0)
    click_row(reading, tab.table, 2, CTRL)
    reading.key(Qt.Key.Key_C, CTRL)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 3
    head, first, second = (line.split("\t") for line in lines)
    assert head[:4] == ["Gauge", "Design", "SEM", "Δ SEM"]
    assert head[-3:] == ["x nm", "y nm", "reason"]
    assert len(first) == len(second) == len(head)
    assert {first[0], second[0]} == set(tab.table.chosen())
    cd = next(row.cd_nm for row in reading.session.measurement.cd if (row.gauge_id, row.source) == (first[0], "sem"))
    assert float(first[head.index("SEM")]) == pytest.approx(cd, abs=1e-4)


def test_that_a_click_with_m_places_a_gauge_with_the_width_that_measure_finds_and_undo_takes_it_back(reading) -> None:
    first = reading.session.document
    reading.key(Qt.Key.Key_M)
    reading.window.views.fit()
    centre = reading.session.case.sem.centre_px
    reading.qtbot.mouseClick(
        reading.view.viewport(), Qt.MouseButton.LeftButton, pos=reading.place(centre[0] + 5.0, centre[1])
    )
    reading.until(lambda: reading.session.document.gauges)
    (gauge,) = reading.session.document.gauges
    assert (gauge.mode, reading.window.desk.gauging.selected) == ("line", gauge.gauge_id)
    measured(reading)
    mine = [row for row in measure(reading.session.case, reading.session.document).cd if row.gauge_id == gauge.gauge_id]
    by_source = {row.source: row.cd_nm for row in mine}
    assert by_source["prediction"] == pytest.approx(WIDTH_NM, abs=0.1)
    table = gauges(reading).table
    row = table.rows.row_of(gauge.gauge_id)
    shown = [table.rows.index(row, column).data() for column in range(table.rows.columnCount())]
    assert f"{by_source['sem']:.1f}" in shown
    assert f"{by_source['prediction']:.1f}" in shown
    reading.key(Qt.Key.Key_Delete)
    assert reading.session.document.gauges == ()
    reading.key(Qt.Key.Key_Z, CTRL)
    reading.key(Qt.Key.Key_Z, CTRL)
    assert reading.session.document is first


def test_that_two_ctrl_clicks_or_a_drag_lay_a_ruler_and_esc_drops_one_that_has_begun(reading) -> None:
    gauging, viewport = reading.window.desk.gauging, reading.view.viewport()
    reading.key(Qt.Key.Key_M)
    reading.window.views.one_to_one()
    for u, v in ((60.0, 80.0), (90.0, 40.0)):
        reading.qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, CTRL, pos=reading.place(u, v))
    reading.drag((60, 80), (90, 40))
    assert len(gauging.rulers) == 2
    assert gauging.rulers[0] == pytest.approx(np.array(gauging.rulers[1]))
    assert gauging.marks().rulers[0].text == "100.0 nm, 50.0 px, 53.1°"
    reading.qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, CTRL, pos=reading.place(60, 80))
    assert gauging.drafting
    reading.key(Qt.Key.Key_Escape)
    assert (gauging.drafting, reading.session.tool) == (False, "measure")
    reading.key(Qt.Key.Key_Delete)
    assert len(gauging.rulers) == 1
    assert reading.session.document.gauges == ()


def test_that_a_gauge_by_hand_is_dragged_by_its_grips_in_one_undo_step(reading) -> None:
    reading.key(Qt.Key.Key_M)
    reading.window.views.one_to_one()
    centre = reading.session.case.sem.centre_px
    reading.qtbot.mouseClick(reading.view.viewport(), Qt.MouseButton.LeftButton, pos=reading.place(*centre))
    reading.until(lambda: reading.session.document.gauges)
    before = reading.session.document
    corners = reading.window.desk.gauging.marks().box_px
    end = (corners[1] + corners[2]) / 2
    outward = (end - corners.mean(axis=0)) / np.hypot(*(end - corners.mean(axis=0)))
    reading.drag(tuple(end), tuple(end + 10 * outward))
    (longer,) = reading.session.document.gauges
    assert longer.length_nm == pytest.approx(before.gauges[0].length_nm + 2 * 10 * NM_PER_PX, abs=3.0)
    assert longer.width_nm == before.gauges[0].width_nm
    reading.key(Qt.Key.Key_Z, CTRL)
    assert reading.session.document is before


def test_that_markers_are_gone_through_by_key_and_their_marks_outlive_the_window(reading, small: Path) -> None:
    panel = reading.window.measurements
    box = panel.settings.tolerance
    panel.settings.summary.click()
    box.setValue(0.1)  # the noise alone makes faults now
    measured(reading)
    panel.source.setCurrentIndex(panel.source.findData("sem"))
    panel.source.activated.emit(panel.source.currentIndex())
    reading.key(Qt.Key.Key_K)
    tab = panel.epe
    assert panel.tabs.currentWidget() is tab
    first = tab.table.current()
    assert first is not None
    reading.key(Qt.Key.Key_W)
    reading.key(Qt.Key.Key_K)
    second = tab.table.current()
    assert second != first
    reading.key(Qt.Key.Key_Y)
    reading.key(Qt.Key.Key_K, SHIFT)
    assert tab.table.current() == first
    assert tab.counts.text().startswith("2 of ")
    assert tab.counts.text().endswith("1 important · 1 waived")
    reading.key(Qt.Key.Key_D)  # another case, and back
    reading.until(lambda: reading.session.case.case_id == "c1")
    reading.open_case("c0")
    reading.until(lambda: "1 waived" in tab.counts.text())
    reading.close()
    marks = read_marks(FeedbackStore.open(small / "feedback", read_only=True), "c0")
    assert sorted((place.visited, place.important, place.waived) for place in marks.places) == [
        (True, False, True), (True, True, False),
    ]  # fmt: skip
    assert FeedbackStore.open(small / "feedback", read_only=True).review("c0").state == "undecided"


def test_that_another_edge_algorithm_is_one_undo_step_and_is_said_while_it_lasts(reading) -> None:
    strip, first = reading.window.measurements.settings, reading.session.document
    strip.summary.click()
    strip.algorithm.setCurrentIndex(strip.algorithm.findData("sigmoid"))
    assert reading.session.document.settings.edge_algorithm == "sigmoid"
    assert "do not compare" in strip.mixed.text()
    assert strip.mixed.isVisible()
    assert not strip.percent.isEnabled()
    assert "sigmoid has no threshold" in strip.percent.toolTip()
    measured(reading)
    assert {row.edge_algorithm for row in reading.session.measurement.cd if row.source == "sem"} == {"sigmoid"}
    reading.key(Qt.Key.Key_Z, CTRL)
    assert reading.session.document is first
    assert not strip.mixed.isVisible()


def test_that_gauges_go_into_a_file_and_come_back_from_it(reading, tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "mine.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    reading.key(Qt.Key.Key_M)
    reading.qtbot.mouseClick(
        reading.view.viewport(), Qt.MouseButton.LeftButton, pos=reading.place(*reading.session.case.sem.centre_px)
    )
    reading.until(lambda: reading.session.document.gauges)
    measured(reading)
    placed = reading.session.document.gauges
    reading.window.actions_["measure.save"].trigger()
    reading.until(path.exists)
    reading.key(Qt.Key.Key_Delete)
    measured(reading)
    reading.window.actions_["measure.load"].trigger()
    reading.until(lambda: reading.session.document.gauges)
    (gauge,) = reading.session.document.gauges  # those of the design stand there already
    assert (gauge.gauge_id, gauge.x_nm, gauge.width_nm) == pytest.approx(
        (placed[0].gauge_id, placed[0].x_nm, placed[0].width_nm)
    )
    assert reading.session.history.undo_label == "Load gauges"


def test_that_another_tools_values_stand_in_the_table_and_in_a_plot_with_their_line(
    reading, tmp_path: Path, monkeypatch
) -> None:
    rows = [row for row in reading.session.measurement.cd if row.source == "sem" and row.mode == "line"][:4]
    rows += [row for row in reading.session.measurement.cd if row.source == "sem" and row.mode == "space"][:4]
    path = tmp_path / "other tool.csv"
    lines = ["gauge_id,mode,x_nm,y_nm,angle_deg,length_nm,width_nm,cd_reference_nm"]
    for row in rows:
        place = f"{row.mode},{row.x_nm},{row.y_nm},{row.angle_deg},{row.length_nm},{row.width_nm}"
        lines.append(f"other {row.gauge_id},{place},{(row.cd_nm - 1.5) / 1.02}")
    path.write_text("\n".join(lines))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    tab = gauges(reading)
    assert not tab.plots.isTabVisible(tab.plots.indexOf(tab.matching_plot))
    reading.window.actions_["measure.load"].trigger()
    reading.until(lambda: reading.session.document.gauges)
    measured(reading)
    assert tab.plots.isTabVisible(tab.plots.indexOf(tab.matching_plot))
    head = [column.title for column in tab.table.rows.columns]
    assert "Ref." in head
    assert f"{len(rows)} pairs: slope 1.02" in tab.matching_plot.words.text()
    gauge = reading.session.document.gauges[0]
    shown = tab.table.rows.index(tab.table.rows.row_of(gauge.gauge_id), head.index("Ref."))
    assert float(shown.data()) == pytest.approx(gauge.reference_nm, abs=0.06)


def test_that_a_broken_gauge_file_is_told_above_the_views_and_changes_nothing(
    reading, tmp_path: Path, monkeypatch
) -> None:
    path = tmp_path / "broken.csv"
    path.write_text("gauge_id,x_nm,y_nm,length_nm,width_nm\na,1,oops,2,3\n")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    reading.expects_trouble = True
    before = reading.session.document
    reading.window.actions_["measure.load"].trigger()
    reading.until(lambda: "told" in reading.window.questions_bar.names())
    bar = reading.window.questions_bar.findChild(QFrame, "question_told")
    assert 'line 2: y_nm is a number, not "oops"' in bar.findChild(QLabel).text()
    assert reading.session.document is before


@pytest.mark.parametrize(
    ("scope", "source"), [("kind", "told for 300 x 200 px"), ("case", "case list"), ("project", "project default")]
)
def test_that_two_clicks_on_the_scale_bar_and_its_length_give_the_pixel_size(
    user, tmp_path: Path, scope: str, source: str
) -> None:
    folder = tmp_path / "unknown"
    folder.mkdir()
    pixels = np.full((200, 300), 40, np.uint8)
    pixels[20:120, 60:140] = 170
    pixels[180:183, 50:251] = 250  # 200 px from tick to tick
    pixels[174:189, [50, 250]] = 250
    Image.fromarray(pixels).save(folder / "a.png")
    (folder / "cases.csv").write_text('case_id,image,crop\na,a.png,"0,0,300,160"\n')
    user.open_project(folder)
    user.until(lambda: user.session.case is not None)
    assert not user.session.case.sem.pixel_size.known
    user.window.actions_["measure.scale_bar"].trigger()
    dialog = user.window.findChild(ScaleBarDialog)
    user.until(dialog.search.isEnabled)
    assert not dialog.take.isEnabled()
    for u in (47.0, 253.0):
        place = dialog.view.to_screen(u, 182.0).toPoint()
        user.qtbot.mouseClick(dialog.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    user.until(lambda: dialog.bar is not None)
    assert dialog.bar.length_px == pytest.approx(200.0, abs=0.1)
    user.qtbot.keyClicks(dialog.entry, "500")
    scopes = [dialog.scope.itemData(number) for number in range(dialog.scope.count())]
    assert scopes == ["kind", "case", "project"]  # a calibration corrects a known size, and there is none
    dialog.scope.setCurrentIndex(scopes.index(scope))
    user.click(dialog.take)
    user.until(lambda: user.session.case is not None and user.session.case.sem.pixel_size.known)
    assert user.session.case.sem.pixel_size.x_nm == pytest.approx(2.5, abs=0.002)
    assert user.session.case.sem.pixel_size.source == source
    assert ("nm_per_px" in (folder / "cases.csv").read_text()) is (scope == "case")


def test_that_the_contests_sites_are_chosen_and_left_again_as_undo_steps(reading) -> None:
    strip, first = reading.window.measurements.settings, reading.session.document
    strip.summary.click()
    assert strip.preset.currentText() == "all along the edges"
    points = len(reading.session.measurement.epe)
    strip.preset.setCurrentIndex(strip.preset.findText("ICCAD 2013 contest"))
    measured(reading)
    settings = reading.session.document.settings
    assert (settings.epe_step_nm, settings.short_edge_nm, settings.tolerance_nm) == (40.0, 80.0, 15.0)
    assert settings.epe_preset == "ICCAD13"
    assert 0 < len(reading.session.measurement.epe) < points / 4
    strip.tolerance.setValue(8.0)
    assert strip.preset.currentText() == "ICCAD 2013 contest"
    assert "±8 nm" in strip.summary.text()
    strip.preset.setCurrentIndex(strip.preset.findText("all along the edges"))
    assert reading.session.document.settings == first.settings
