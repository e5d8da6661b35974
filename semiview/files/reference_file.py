"""drift/reference-N.json: what the accepted pictures were like. Written once, never changed; the highest N counts."""

import json
import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from semiview.files.durable_file import exclusive_lock, make_folder, write_durably
from semiview.files.problem import FileProblem
from semiview.monitoring.features import FEATURES, GreyRange, ImageFeatures
from semiview.monitoring.reference import Reference, Stratum

NAME = re.compile(r"reference-(\d+)\.json")
SEEN_FILE = "pictures.json"
SEEN_FORMAT = 1


def reference_numbers(folder: Path) -> tuple[int, ...]:
    """Numbers of the references in a project's drift folder, ascending."""
    found = (NAME.fullmatch(path.name) for path in folder.glob("reference-*.json"))
    return tuple(sorted(int(match.group(1)) for match in found if match))


def read_reference(folder: Path, number: int | None = None) -> Reference | None:
    """The reference of that number, or the newest; None if there is none.

    Raises
    ------
    FileProblem
        If it cannot be read or is damaged.
    """
    numbers = reference_numbers(folder)
    if not numbers:
        return None
    path = reference_path(folder, numbers[-1] if number is None else number)
    try:
        return Reference.from_json(path.read_bytes())
    except OSError as error:
        raise FileProblem(path, f"The reference cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise FileProblem(
            path, f"The reference is damaged: {error}.", "Restore it from a copy, or make a new reference."
        ) from error


def write_reference(folder: Path, reference: Reference) -> Path:
    """Write a reference under its own number.

    Raises
    ------
    FileProblem
        If there is one of that number, or it cannot be written.
    """
    make_folder(folder)
    path = reference_path(folder, reference.number)
    with exclusive_lock(path):
        if path.exists():
            raise FileProblem(path, "There is a reference of this number already; it is never changed.", "Try again.")
        write_durably(path, reference.to_json())
    return path


def reference_path(folder: Path, number: int) -> Path:
    """Where the reference of a number lies."""
    return folder / f"reference-{number}.json"


@dataclass(frozen=True, slots=True, eq=False)
class SeenPicture:
    """A picture's numbers, with the stratum and the histogram's bins that they hold for."""

    stratum: Stratum
    bins: GreyRange
    features: ImageFeatures


def read_seen(folder: Path) -> dict[str, SeenPicture]:
    """What is remembered of pictures by the key their reader gave; empty if nothing, or nothing usable, is there."""
    found = {}
    try:
        said = json.loads((folder / SEEN_FILE).read_bytes())
        if said["format"] != SEEN_FORMAT or said["features"] != list(FEATURES):
            return {}
        for key, (stratum, bins, values, histogram) in said["pictures"].items():
            features = ImageFeatures.of(values, histogram)
            found[str(key)] = SeenPicture(Stratum(*map(str, stratum)), GreyRange(*map(float, bins)), features)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return found


def write_seen(folder: Path, pictures: Mapping[str, SeenPicture]) -> None:
    """Remember pictures' numbers, so that they need not be read again; the file may be deleted at any time.

    Raises
    ------
    FileProblem
        If it cannot be written.
    """
    make_folder(folder)
    said = {
        key: [
            list(astuple(one.stratum)),
            list(astuple(one.bins)),
            one.features.values().tolist(),
            one.features.histogram.tolist(),
        ]
        for key, one in pictures.items()
    }
    content = {"format": SEEN_FORMAT, "features": list(FEATURES), "pictures": said}
    write_durably(folder / SEEN_FILE, json.dumps(content).encode())
