"""What the actions of measuring do, and why they cannot be done now."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from semiview.files.case_file_name import case_file_name
from semiview.ui.desk import Desk
from semiview.ui.measurement_models import IMPORTANT, WAIVED
from semiview.ui.panels.measurements.panel import MeasurementsPanel
from semiview.ui.scale_bar_dialog import ScaleBarDialog
from semiview.ui.window_actions import Binding

LISTS = "Lists of gauges (*.csv *.txt)"


def measure_bindings(desk: Desk, panel: MeasurementsPanel, window: QWidget) -> dict[str, Binding]:
    """Bindings of tables, markers and gauges; `window` is what dialogs stand over."""
    session, gauging = desk.session, desk.gauging

    def folder() -> str:
        return "" if session.workspace is None else str(session.workspace.project.folder)

    def load() -> None:
        path, _ = QFileDialog.getOpenFileName(window, "Load gauges", folder(), f"{LISTS};;All files (*)")
        if path:
            gauging.load(Path(path))

    def save() -> None:
        begin = str(Path(folder()) / f"gauges-{case_file_name(session.case.case_id)}.csv") if session.case else folder()
        path, _ = QFileDialog.getSaveFileName(window, "Save gauges", begin, LISTS)
        if path:
            gauging.save(Path(path))

    def scale_bar() -> None:
        if session.case is not None:
            ScaleBarDialog(desk, session.case, window).show()

    def no_case() -> str | None:
        return desk.opening.why_not() or ("no case is open" if session.case is None else None)

    return {
        "measure.load": Binding(load, no_case),
        "measure.save": Binding(save, lambda: no_case() or gauging.why_not_save()),
        "measure.scale_bar": Binding(scale_bar, no_case),
        "app.copy": Binding(panel.copy, panel.why_not_copy),
        "markers.next": Binding(lambda: panel.step_marker(1), panel.why_no_marker),
        "markers.previous": Binding(lambda: panel.step_marker(-1), panel.why_no_marker),
        "markers.important": Binding(lambda: panel.epe.toggle(IMPORTANT), panel.epe.why_not_mark),
        "markers.waive": Binding(lambda: panel.epe.toggle(WAIVED), panel.epe.why_not_mark),
        "measure.delete": Binding(desk.gauging.delete, desk.gauging.why_not_delete),
    }
