"""Start the window, or say in one sentence why there is none."""

import faulthandler
import getpass
import logging
import os
import socket
import sys
import traceback
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QSettings, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from semiview.ui.garbage import Garbage
from semiview.ui.main_window import MainWindow
from semiview.ui.panels.log import LOGGER
from semiview.ui.settings_dialog import wanted_scale
from semiview.ui.theme import icon

WRONG_USE = 2
HEADLESS = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")

logger = logging.getLogger(LOGGER)


def start(folder: Path | None) -> int:
    """Open the window, with a project if one is named, and return when it is closed.

    Returns
    -------
    0, or 2 where there is no display.
    """
    problem = display_problem()
    if problem is not None:
        sys.stderr.write(problem + "\n")
        return WRONG_USE
    faulthandler.enable()
    settings = QSettings("SemiView", "SemiView")
    scale = wanted_scale(settings)
    if scale != 1.0:
        os.environ.setdefault("QT_SCALE_FACTOR", f"{scale:g}")  # Qt reads it once, before the first window
    application = QApplication(sys.argv[:1])
    application.setApplicationName("SemiView")
    application.setOrganizationName("SemiView")
    application.setWindowIcon(icon("app"))
    garbage = Garbage(application)
    window = MainWindow(settings, reviewer=getpass.getuser())
    watch_exceptions(window)
    window.show()
    if folder is not None:
        window.open_project(folder)
    result = application.exec()
    sys.excepthook = sys.__excepthook__
    qInstallMessageHandler(None)
    garbage.stop()
    return result


def display_problem() -> str | None:
    """Why no window can be opened here, or None. Asked before Qt is, which would abort."""
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if sys.platform != "linux" or platform.split(":")[0] in HEADLESS:
        return None
    wayland, display = os.environ.get("WAYLAND_DISPLAY", ""), os.environ.get("DISPLAY", "")
    if not wayland and not display:
        return "There is no display to open a window on. Log in to a desktop, or use the commands: semiview --help."
    if not wayland and not _x_server_answers(display):
        return f"The display {display} does not answer, so no window can be opened. Is DISPLAY right?"
    return None


def watch_exceptions(window: MainWindow) -> None:
    """What no one caught is logged and told, and the program goes on."""

    def tell(kind: type[BaseException], problem: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.close()
            return
        logger.error("".join(traceback.format_exception(kind, problem, trace)))
        window.questions.tell(
            f"Something went wrong: {str(problem) or kind.__name__}. Your work is kept; the log has the details."
        )

    def note(_: QtMsgType, __: object, text: str) -> None:
        logger.warning(text)

    sys.excepthook = tell
    qInstallMessageHandler(note)


def _x_server_answers(display: str) -> bool:
    host, _, number = display.partition(":")
    try:
        screen = int(number.split(".")[0])
    except ValueError:
        return False
    if host in ("", "unix"):
        for path in (f"/tmp/.X11-unix/X{screen}", f"\0/tmp/.X11-unix/X{screen}"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
                channel.settimeout(2.0)
                if channel.connect_ex(path) == 0:
                    return True
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as channel:
        channel.settimeout(5.0)
        try:
            return channel.connect_ex((host, 6000 + screen)) == 0
        except OSError:
            return False
