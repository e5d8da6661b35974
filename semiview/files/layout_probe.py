"""Read a layout in another process first, where damage could end this one."""

import subprocess
import sys
from pathlib import Path

LONGEST_S = 600.0

# Touches everything that is used later; a limit on memory stops counts that a damaged file makes up.
_PROBE = """
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (2**34, 2**34))
except (ImportError, ValueError, OSError):
    pass
import gdstk
library = getattr(gdstk, sys.argv[1])(sys.argv[2], unit=1e-9)
for cell in library.cells:
    cell.name, cell.dependencies(False)
    for polygon in cell.polygons:
        polygon.points, polygon.repetition
    for path in cell.paths:
        [each.points for each in path.to_polygons()]
    for reference in cell.references:
        reference.cell_name, reference.origin, reference.repetition
library.top_level()
"""


def can_be_read(path: Path, reader: str) -> bool:
    """True if gdstk's `read_gds` or `read_oas` reads the file to its end and lives."""
    command = [sys.executable, "-W", "ignore", "-c", _PROBE, reader, str(path)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LONGEST_S, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
