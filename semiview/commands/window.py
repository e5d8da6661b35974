"""Open the window."""

import gc
from pathlib import Path
from typing import Annotated

import typer

from semiview.commands.terminal import wrong_use

# Libraries of the system that Qt is linked to and that a bare machine lacks.
DEBIAN_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
}

app = typer.Typer()


@app.command(name="open")
def open_window(project: Annotated[Path | None, typer.Argument(help="Project folder.")] = None) -> None:
    """Open the window."""
    gc.disable()  # a thousand modules are born now and none dies; looking for garbage among them takes a fifth longer
    try:
        from semiview.ui.start import start
    except ImportError as error:
        wrong_use(missing_library(error))
    finally:
        gc.enable()
    raise typer.Exit(start(project))


def missing_library(error: ImportError) -> str:
    """What to install so that Qt can be loaded; an error that has nothing to do with it is raised again."""
    library = str(error).partition(": cannot open shared object file")[0]
    if library == str(error):
        raise error
    package = DEBIAN_PACKAGES.get(library, f"the package that holds {library}")
    return f"The window cannot be opened: {library} is missing. Install it: apt-get install {package}"
