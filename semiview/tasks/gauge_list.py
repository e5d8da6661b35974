"""The gauges of one case from a file, and into one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from semiview.core.case import Case
from semiview.core.document import Document
from semiview.core.gauge import Gauge
from semiview.files.gauge_file import read_gauges
from semiview.files.measured_case import MeasuredCase
from semiview.files.table import Table
from semiview.files.table_rows import tables_of
from semiview.files.tables import write_table
from semiview.metrology.measurement import Measurement
from semiview.tasks.measure import gauges_of_case


@dataclass(frozen=True, slots=True)
class GaugesRead:
    """Gauges of a file that are new to a case, how many stood there before, and how many belong elsewhere."""

    gauges: tuple[Gauge, ...]
    known: int
    elsewhere: int


def load_gauges(path: Path, case: Case, document: Document, names: Sequence[str]) -> GaugesRead:
    """The gauges of a file that name the case, or name none and lie in its picture.

    Parameters
    ----------
    names
        gauge_id of what is measured already; a gauge of that name is left as it is.

    Raises
    ------
    FileProblem
        If the file cannot be read or a line of it not be used.
    """
    listed = read_gauges(path)
    mine = [each.gauge for each in gauges_of_case(listed, case, document)]
    fresh = tuple(gauge for gauge in mine if gauge.gauge_id not in set(names))
    return GaugesRead(fresh, len(mine) - len(fresh), len(listed) - len(mine))


def save_gauges(path: Path, case: Case, document: Document, measurement: Measurement) -> int:
    """Write gauges.csv of one case, which can be loaded again; the number of its gauges.

    Raises
    ------
    FileProblem
        If it cannot be written.
    """
    measured = MeasuredCase.of(case, document, "", measurement)
    table: Table = next(table for table in tables_of([measured]) if table.name == "gauges")
    write_table(path, table)
    return len({row.gauge_id for row in measurement.cd})
