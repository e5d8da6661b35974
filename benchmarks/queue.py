"""How the queue feels: a list of 10,000 cases, the next case, start to window, and a sitting of 500 decisions.

    python -m benchmarks.queue [scroll start next sitting] [--cases 500]

Medians on the real window, offscreen unless a display is named. `start` runs the program in a process of its own, from
the call to the first painted window. `sitting` accepts cases one after another, each written durably, and tells by how
much the process grew from the 50th to the last.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import gdstk
import numpy as np
import tifffile
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from semiview.ui.case_line import EPE, CaseLine
from semiview.ui.case_model import CaseModel
from semiview.ui.latest import Errands
from semiview.ui.main_window import MainWindow
from semiview.ui.panels.case_list import CaseList
from semiview.ui.thumbnails import Thumbnails

Times = tuple[float, float]

ROWS = 10_000
FRAMES = 200
STARTS = 9
STEPS = 25
SHAPE = (512, 512)
NM_PER_PX = 2.0
IMAGES = 20
SETTLED = 50  # cases after which caches are full
PATIENCE_S = 120.0
STARTED = """
import gc, sys, time
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
gc.disable()  # as the command `open` does
from semiview.ui.main_window import MainWindow
gc.enable()
application = QApplication([])
window = MainWindow(QSettings(sys.argv[1], QSettings.Format.IniFormat), "bench")
window.show()
application.processEvents()
window.grab()
print(time.time(), "torch" in sys.modules, flush=True)
lines = open("/proc/self/status").read().splitlines()
print(next(line for line in lines if line.startswith("VmRSS")).split()[1])
window.close()
"""


def write_project(folder: Path, cases: int) -> Path:
    """Lines 80 nm wide at a pitch of 160 nm with a prediction each; images are shared, cases are not."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(7)
    library = gdstk.Library(unit=1e-6, precision=1e-11)
    cell = library.new_cell("TOP")
    for number in range(-12, 13):
        cell.add(gdstk.rectangle((0.160 * number - 0.040, -2.0), (0.160 * number + 0.040, 2.0), layer=1))
    library.write_gds(folder / "lines.gds")
    column = (np.arange(SHAPE[1]) - (SHAPE[1] - 1) / 2) * NM_PER_PX
    material = np.broadcast_to(np.abs((column + 80) % 160 - 80) < 40, SHAPE).astype(np.float32)
    np.save(folder / "p.npy", material.astype(np.float16))
    for number in range(IMAGES):
        grey = 60 + 120 * material + rng.normal(0, 6, SHAPE)
        tifffile.imwrite(folder / f"i{number}.tif", np.clip(grey, 0, 255).astype(np.uint8))
    rows = ["case_id,image,design,layers,tone,x_nm,y_nm,nm_per_px,prediction,group,pattern_type"]
    rows += [
        f"c{number:05},i{number % IMAGES}.tif,lines.gds,target:1/0,raised,0,0,{NM_PER_PX},p.npy,g{number},line_space"
        for number in range(cases)
    ]
    (folder / "cases.csv").write_text("\n".join(rows) + "\n")
    return folder


def scroll() -> None:
    """Rows pass by; thumbnails are asked for and come in meanwhile."""
    errands = Errands(1)
    thumbnails = Thumbnails(errands)
    model = CaseModel(thumbnails)
    panel = CaseList(model)
    panel.resize(480, 900)
    panel.show()
    rng = np.random.default_rng(1)
    kinds = ("logic", "contact", "line_space")
    lines = [
        CaseLine(f"case {n:05}", kinds[n % 3], worst_epe_nm=float(rng.normal(10, 3)), metadata={"lot": f"L{n % 7}"})
        for n in range(ROWS)
    ]
    print(f"{ROWS} cases")
    tell("  ranked and shown", timed(lambda: model.set_lines(lines)))
    tell("  sorted by EPE", timed(lambda: model.sort(EPE, Qt.SortOrder.DescendingOrder)))
    tell("  filtered by 'lot:l3 epe>9'", timed(lambda: panel.search.setText("lot:l3 epe>9")))
    panel.search.clear()
    panel.show_column("lot", True)
    bar = panel.table.verticalScrollBar()
    frames = []
    for step in range(FRAMES):
        begun = clocks()
        bar.setValue(bar.maximum() * step // FRAMES)
        panel.table.viewport().repaint()
        frames.append(since(begun))
        QApplication.processEvents()
    tell("  a frame while scrolling, median", medians(frames))
    tell("  a frame while scrolling, 95 of 100", tuple(np.percentile(frames, 95, axis=0)))
    panel.close()
    errands.close()


def start() -> None:
    """From the call of Python to a painted window, and what the process then holds."""
    seconds, memory, torch = [], [], set()
    with tempfile.TemporaryDirectory() as name:
        # Compiled code is kept between starts, as in any installation; the first one, not counted, compiles it.
        kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        kept["PYTHONPYCACHEPREFIX"] = str(Path(name) / "compiled")
        command = [sys.executable, "-c", STARTED, str(Path(name) / "u.ini")]
        subprocess.run(command, capture_output=True, check=True, env=kept)
        for _ in range(STARTS):
            begun = time.time()
            words = subprocess.run(command, capture_output=True, text=True, check=True, env=kept).stdout.split()
            seconds.append(float(words[0]) - begun)
            torch.add(words[1])
            memory.append(int(words[2]) / 1024)
    seen = f"{median(seconds):.2f} s (fastest {min(seconds):.2f})"
    print(f"start to window {seen}, {median(memory):.0f} MB, torch in the process: {torch}")


def following() -> None:
    """The next case on D, loaded ahead: from the key to the painted picture."""
    with tempfile.TemporaryDirectory() as name:
        window = opened(write_project(Path(name) / "p", STEPS + 5), name)
        times = []
        for _ in range(STEPS):
            until(lambda: not window.desk.errands.pending and window.desk.session.measurement is not None)
            before = window.desk.session.case
            begun = clocks()
            QTest.keyClick(window.views.views["sem"], Qt.Key.Key_D)
            until(lambda before=before: window.desk.session.case is not before)  # type: ignore[misc]
            window.views.repaint()
            QApplication.processEvents()
            times.append(since(begun))
        tell("next case, median", medians(times))
        tell("next case, slowest", max(times))
        window.close()


def sitting(cases: int) -> None:
    """Accept one case after another."""
    with tempfile.TemporaryDirectory() as name:
        window = opened(write_project(Path(name) / "p", cases + 1), name)
        desk, begun, at_first = window.desk, time.perf_counter(), 0.0
        for number in range(cases):
            until(lambda: desk.session.measurement is not None and not desk.opening.latest.busy)
            before = desk.session.case
            QTest.keyClick(window.views.views["sem"], Qt.Key.Key_Return)
            until(lambda before=before: desk.session.case is not before)  # type: ignore[misc]
            if number + 1 == min(SETTLED, cases // 2):
                until(lambda: not desk.saving.pending)
                at_first = resident_mb()
        until(lambda: not desk.saving.pending)
        decided = sum(line.state == "accepted" for line in desk.cases.lines)
        print(
            f"{decided} cases accepted in {time.perf_counter() - begun:.0f} s; the process grew from {at_first:.0f} MB "
            f"after {min(SETTLED, cases // 2)} to {resident_mb():.0f} MB"
        )
        window.close()


def opened(project: Path, scratch: str) -> MainWindow:
    """The window with a project, its first case measured."""
    window = MainWindow(QSettings(f"{scratch}/u.ini", QSettings.Format.IniFormat), "bench")
    window.desk.predicting.toggle()
    window.resize(1280, 800)
    window.show()
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    window.open_project(project)
    until(lambda: window.desk.session.measurement is not None)
    return window


def until(seen: Callable[[], object]) -> None:
    """Wait, with the window alive."""
    end = time.monotonic() + PATIENCE_S
    while not seen():
        if time.monotonic() > end:
            raise TimeoutError("the window never came to show what was waited for")
        QApplication.processEvents()
        time.sleep(0.0005)


def clocks() -> Times:
    """Seconds on the wall and of work on this thread; on a busy machine only the second tells something."""
    return time.perf_counter(), time.thread_time()


def since(begun: Times) -> Times:
    """Milliseconds since."""
    now = clocks()
    return 1000 * (now[0] - begun[0]), 1000 * (now[1] - begun[1])


def timed(act: Callable[[], object]) -> Times:
    """Milliseconds that a call takes."""
    begun = clocks()
    act()
    return since(begun)


def medians(times: list[Times]) -> Times:
    """The median of each clock."""
    return median(time[0] for time in times), median(time[1] for time in times)


def tell(what: str, milliseconds: Times) -> None:
    """One line."""
    print(f"{what}: {milliseconds[0]:.1f} ms, {milliseconds[1]:.1f} ms of work", flush=True)


def resident_mb() -> float:
    """Memory that the process holds."""
    words = Path("/proc/self/statm").read_text().split()
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Run the parts named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=[], help="scroll, start, next, sitting; none: all")
    parser.add_argument("--cases", type=int, default=500, help="decisions of the sitting")
    options = parser.parse_args()
    if not {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication(sys.argv[:1])
    parts: dict[str, Callable[[], None]] = {
        "scroll": scroll, "start": start, "next": following, "sitting": lambda: sitting(options.cases)
    }  # fmt: skip
    for name in options.parts or parts:
        parts[name]()
    application.quit()


if __name__ == "__main__":
    main()
