"""Damaged files of every kind that the program reads: none may end it, and none may be read wrongly in silence.

    python -m benchmarks.fuzz_readers [files of each kind, 200] [--seed N] [--json]

Each file is cut, has bits flipped, grows, has blocks swapped or overwritten, and is read in a process of its own.

named      a FileProblem (or a problem beside the settings that were left at their defaults)
unharmed   read, and every value is that of the whole file
remembered read with another value, of a format without a checksum, and named by known_files.csv of the project, which
           holds the SHA-256 that the file had when it was opened first
edited     the same of a table that people edit: opening the project tells it once, by its SHA-256
SILENT     read with another value and told nowhere: a fault
CRASHED    another exception, a signal, or no answer within a minute: a fault of the reader
"""

import argparse
import hashlib
import io
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import gdstk
import numpy as np
import tifffile
from safetensors.numpy import load_file

from semiview.core.sem_image import SemImage
from semiview.feedback.hdf5_parts import sha256_of
from semiview.feedback.record import Record
from semiview.feedback.record_file import to_bytes
from semiview.feedback.record_id import make_record_id, uuid7
from semiview.feedback.store import FeedbackStore
from semiview.files.case_list import read_case_list
from semiview.files.csv_table import table_bytes
from semiview.files.design_file import DesignLibrary
from semiview.files.durable_file import SYSTEM_CALLS
from semiview.files.known_files import KnownFiles, sha256_of_file
from semiview.files.prediction_file import read_prediction
from semiview.files.problem import FileProblem
from semiview.files.project_settings import read_settings
from semiview.files.registration_table import (
    edited_registrations,
    read_registrations,
    recorded_registration,
    row_sha16,
    table_sha16,
)
from semiview.files.sem_image_file import load_sem_image
from semiview.learning.checkpoint_file import load_network
from semiview.learning.checkpoint_file import to_bytes as to_checkpoint
from semiview.learning.registry import check_content, read_reference, starter_path

OUTCOMES = ("named", "unharmed", "remembered", "edited", "SILENT", "CRASHED")
LONGEST_S = 60
_REPORT = 4096


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file.

    Attributes
    ----------
    read
        What a reader makes of the file, as something that can be compared; FileProblem where it says what is wrong.
    edited
        Whether people change such files, so that a change of their bytes is no fault by itself.
    remembered
        Whether the project remembers the SHA-256 of such a file; the others have hashes in themselves.
    """

    name: str
    suffix: str
    make: Callable[[Path], bytes]
    read: Callable[[Path], Any]
    edited: bool = False
    remembered: bool = True


def picture() -> np.ndarray:
    rng = np.random.default_rng(0)
    lines = 90 + 80 * (np.arange(96) // 12 % 2)
    return np.clip(rng.normal(np.broadcast_to(lines, (80, 96)), 9), 0, 255).astype(np.uint8)


def made_tiff(_: Path) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, picture().astype(np.uint16) * 200, compression="zlib", rowsperstrip=16)
    return buffer.getvalue()


def made_bare_tiff(_: Path) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, picture())
    return buffer.getvalue()


def made_picture(suffix: str) -> Callable[[Path], bytes]:
    return lambda _: bytes(cv2.imencode(suffix, picture())[1].tobytes())


def made_layout(suffix: str) -> Callable[[Path], bytes]:
    def make(folder: Path) -> bytes:
        library = gdstk.Library(unit=1e-9, precision=1e-12)
        leaf, top = library.new_cell("LEAF"), library.new_cell("TOP")
        leaf.add(gdstk.rectangle((0, 0), (40, 400), layer=1), gdstk.FlexPath([(0, 0), (90, 90)], 20, layer=2))
        leaf.add(gdstk.Label("name", (3, 4), layer=3))
        top.add(gdstk.Reference(leaf, (10, 20), columns=6, rows=3, spacing=(100, 500)))
        top.add(gdstk.Reference(leaf, (900, 20), rotation=np.pi / 2), gdstk.regular_polygon((5, 5), 50, 24, layer=1))
        path = folder / f"whole{suffix}"
        (library.write_gds if suffix == ".gds" else library.write_oas)(str(path))
        return path.read_bytes()

    return make


def made_npy(_: Path) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.linspace(0, 1, 80 * 96, dtype=np.float32).reshape(80, 96).astype(np.float16))
    return buffer.getvalue()


def made_cases(_: Path) -> bytes:
    head = "case_id,image,design,x_nm,y_nm,nm_per_px,pattern_type,group\n"
    row = "c{0},img/{0}.tif,d.gds,{1},{2},0.8,line,w{3}\n"
    return (head + "".join(row.format(n, 100 * n, -3.5 * n, n % 3) for n in range(30))).encode()


def made_registrations(_: Path) -> bytes:
    columns = (
        "case_id,image_sha16,x_nm,y_nm,nm_per_px,mirrored,shift_x_nm,shift_y_nm,rotation_deg,scale_x,scale_y,shear,"
    )
    names = [*f"{columns}transform,method,verdict,class,residual_nm".split(","), "row_sha16", "table_sha16"]
    rows = []
    for n in range(20):
        text = f"c{n},ab,{n},2,0.8,,{n / 3},1.5,0.1,1.001,0.999,0,affine,ncc,unique,subpixel,0.4"
        cells = text.split(",")
        rows.append([*cells, row_sha16(dict(zip(names, cells, strict=False))), ""])
    rows[0][-1] = table_sha16(dict(zip(names, row, strict=True)) for row in rows)
    return table_bytes(names, rows)


def made_settings(_: Path) -> bytes:
    return (
        b'nm_per_px = 0.8\ndesign = "chip.gds"\ncell = "TOP"\nlayers = "target:1/0"\ntone = "raised"\n'
        b'[measure]\nedge_algorithm = "threshold"\n'
    )


def made_record(_: Path) -> bytes:
    return to_bytes(Record.example(1, (64, 80)), _IDENTIFIER)


def made_checkpoint(_: Path) -> bytes:
    network, reference = load_network(starter_path())
    return to_checkpoint(network, reference.card)


_IDENTIFIER = uuid7()


def sem_values(path: Path) -> Any:
    image, info = load_sem_image(path)
    return image.pixels.dtype.str, image.pixels.shape, image.pixels.tobytes(), info.pages


def layout_values(path: Path) -> Any:
    library = DesignLibrary.open(path)
    drawn = []
    for top in library.top_cells:
        if library.layers(top):
            design = library.design((-1e4, -1e4, 1e4, 1e4), cell=top)
            drawn.append((top, [np.asarray(outline).round(3).tobytes() for outline in design.target]))
    return library.cells, drawn


def prediction_values(path: Path) -> Any:
    prediction = read_prediction(path, SemImage.from_pixels(picture(), 1.0), "x")
    return prediction.probability.tobytes(), prediction.probability.shape


def case_values(path: Path) -> Any:
    rows, problems = read_case_list(path)
    if problems:
        raise problems[0]
    return [repr(row) for row in rows]


def registration_values(path: Path) -> Any:
    edited = edited_registrations(path)  # told when a project is opened
    if edited is not None:
        raise edited
    return {name: repr(recorded_registration(row)) for name, row in read_registrations(path).items()}


def settings_values(path: Path) -> Any:
    settings, problems = read_settings(path)
    if problems:
        raise problems[0]
    return repr(settings)


def record_values(path: Path) -> Any:
    """As the store meets it: under the name that its whole bytes gave it."""
    name = make_record_id(_IDENTIFIER, made_record(path.parent))
    folder = path.parent / f"store {path.stem}"
    place = FeedbackStore(folder, False, SYSTEM_CALLS).path_of(name)
    place.parent.mkdir(parents=True)
    place.write_bytes(path.read_bytes())
    store = FeedbackStore.open(folder)
    report = store.verify()
    if not report.ok:
        raise FileProblem(path, report.damaged[0].reason if report.damaged else report.problems[0].reason)
    return repr(store.load(name).metadata), sha256_of(store.load(name).approved)  # type: ignore[arg-type]


def checkpoint_values(path: Path) -> Any:
    reference = read_reference(path)
    check_content(reference)
    return reference.id, {name: values.tobytes() for name, values in load_file(path).items()}


KINDS = (
    Kind("SEM TIFF", ".tif", made_tiff, sem_values),
    Kind("SEM TIFF, not packed", ".tif", made_bare_tiff, sem_values),
    Kind("SEM PNG", ".png", made_picture(".png"), sem_values),
    Kind("SEM JPEG", ".jpg", made_picture(".jpg"), sem_values),
    Kind("SEM BMP", ".bmp", made_picture(".bmp"), sem_values),
    Kind("GDS", ".gds", made_layout(".gds"), layout_values),
    Kind("OASIS", ".oas", made_layout(".oas"), layout_values),
    Kind("NPY", ".npy", made_npy, prediction_values),
    Kind("CSV case list", ".csv", made_cases, case_values, edited=True),
    Kind("CSV registrations", ".csv", made_registrations, registration_values, remembered=False),
    Kind("TOML", ".toml", made_settings, settings_values, edited=True),
    Kind("HDF5 record", ".h5", made_record, record_values, remembered=False),
    Kind("safetensors", ".safetensors", made_checkpoint, checkpoint_values, remembered=False),
)


def damaged(whole: bytes, rng: random.Random) -> tuple[str, bytes]:
    """How, and the damaged bytes; never the whole ones."""
    while True:
        how = rng.choice(("cut", "flipped", "flipped", "grown", "swapped", "overwritten"))
        data = bytearray(whole)
        place = rng.randrange(len(data))
        length = min(rng.choice((1, 4, 64, 512)), len(data) - place)
        if how == "cut":
            data = data[:place]
        elif how == "flipped":
            for _ in range(rng.choice((1, 1, 3, 20))):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif how == "grown":
            data[place:place] = rng.randbytes(length)
        elif how == "swapped":
            other = rng.randrange(len(data) - length + 1)
            data[place : place + length], data[other : other + length] = (
                data[other : other + length], data[place : place + length],
            )  # fmt: skip
        else:
            data[place : place + length] = rng.choice((bytes(length), b"\xff" * length, rng.randbytes(length)))
        if bytes(data) != whole:
            return how, bytes(data)


def fuzzed(kind: Kind, count: int, seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Outcomes of so many damaged files, and what went wrong with those that a reader must not take."""
    rng, outcomes, faults = random.Random(f"{kind.name} {seed}"), Counter[str](), []
    whole = kind.make(folder)
    path = folder / f"whole{kind.suffix}"
    path.write_bytes(whole)
    expected = digest(kind.read(path))
    project = folder / "project"
    project.mkdir()
    known = KnownFiles(project)
    for number in range(count):
        how, data = damaged(whole, rng)
        path = folder / f"{number}{kind.suffix}"
        path.write_bytes(data)
        if kind.remembered:
            known.remember({str(path): hashlib.sha256(whole).hexdigest()})
        outcome, said = read_apart(kind, path, expected)
        if outcome == "SILENT" and known.changed({str(path): sha256_of_file(path)}):
            outcome = "edited" if kind.edited else "remembered"
        outcomes[outcome] += 1
        if outcome in ("SILENT", "CRASHED"):
            faults.append(f"{kind.name} {number} ({how}): {said}")
        else:
            path.unlink()
    return outcomes, faults


def read_apart(kind: Kind, path: Path, expected: str) -> tuple[str, str]:
    """Outcome of one file, read in a child that may die."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads may run; the child asks nothing of them
        child = os.fork()
    if child == 0:
        answer_and_end(kind, path, writing)
    os.close(writing)
    end = time.monotonic() + LONGEST_S
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "CRASHED", f"no answer within {LONGEST_S} s"
        time.sleep(0.002)
    with os.fdopen(reading, "rb") as said:
        outcome, _, text = said.read().decode(errors="replace").partition("\n")
    if os.WIFSIGNALED(status):
        return "CRASHED", signal.Signals(os.WTERMSIG(status)).name
    if outcome != "read":
        return outcome or "CRASHED", text
    if text == expected:
        return "unharmed", ""
    return "SILENT", "another value"


def answer_and_end(kind: Kind, path: Path, writing: int) -> None:
    """In a child: read the file and tell; never returns."""
    warnings.simplefilter("ignore")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        answer = "read\n" + digest(kind.read(path))
    except FileProblem:
        answer = "named\n"
    except BaseException as error:
        answer = f"CRASHED\n{type(error).__name__}: {error} {traceback.format_exc().splitlines()[-2].strip()}"
    os.write(writing, answer.encode(errors="replace")[:_REPORT])
    os._exit(0)


def digest(values: Any) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("count", type=int, nargs="?", default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    table, every_fault = {}, []
    with tempfile.TemporaryDirectory() as temporary:
        if not chosen.json:
            print(f"{'kind':20}" + "".join(f"{name:>11}" for name in OUTCOMES))
        for kind in KINDS:
            folder = Path(temporary) / kind.name.replace(" ", "_")
            folder.mkdir()
            outcomes, faults = fuzzed(kind, chosen.count, chosen.seed, folder)
            table[kind.name] = {name: outcomes[name] for name in OUTCOMES}
            every_fault += faults
            if not chosen.json:
                print(f"{kind.name:20}" + "".join(f"{outcomes[name]:11}" for name in OUTCOMES), flush=True)
    if chosen.json:
        print(json.dumps({"table": table, "faults": every_fault}, indent=1))
    else:
        print("\n".join(every_fault))
    return 1 if every_fault else 0


if __name__ == "__main__":
    sys.exit(main())
