"""What the actions of measuring do, and why they cannot be done now."""

from semiview.ui.desk import Desk
from semiview.ui.measurement_models import IMPORTANT, WAIVED
from semiview.ui.panels.measurements.panel import MeasurementsPanel
from semiview.ui.window_actions import Binding


def measure_bindings(desk: Desk, panel: MeasurementsPanel) -> dict[str, Binding]:
    """Bindings of tables, markers and gauges."""
    return {
        "app.copy": Binding(panel.copy, panel.why_not_copy),
        "markers.next": Binding(lambda: panel.step_marker(1), panel.why_no_marker),
        "markers.previous": Binding(lambda: panel.step_marker(-1), panel.why_no_marker),
        "markers.important": Binding(lambda: panel.epe.toggle(IMPORTANT), panel.epe.why_not_mark),
        "markers.waive": Binding(lambda: panel.epe.toggle(WAIVED), panel.epe.why_not_mark),
        "measure.delete": Binding(desk.gauging.delete, desk.gauging.why_not_delete),
    }
