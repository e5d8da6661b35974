"""Unfinished work on a case, kept within a second of an edit and offered again after a crash."""

import contextlib
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from semiview.core.coverage import Coverage
from semiview.core.document import Document, MeasureSettings
from semiview.feedback.hdf5_parts import (
    get_array,
    get_gauges,
    get_registration,
    new_group,
    new_image,
    opened_image,
    put_array,
    put_gauges,
    put_registration,
)
from semiview.feedback.user_block import NO_SHA256, parse_user_block, read_user_block, user_block_bytes, with_user_block
from semiview.files.case_file_name import case_file_name
from semiview.files.durable_file import SYSTEM_CALLS, SystemCalls, make_folder, write_durably
from semiview.files.problem import FileProblem

WHAT = "draft"
FORMAT = 1
FOLDER_NAME = "drafts"
_SUFFIX = ".h5"


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """What a reviewer had in hand.

    Attributes
    ----------
    document
        Registration, correction, ignore region, gauges and settings.
    checkpoint_id
        Whose prediction was shown; empty for none.
    image_sha256
        Of the SEM file it was drawn on; a draft of another picture is of no use.
    saved_at
        ISO 8601, UTC.
    owner
        The window that keeps it: several may have unfinished work on one case.
    tool, corners_px
        The tool that is drawing a polygon, and its (x, y) corners so far in image px; none is being drawn: empty.
    """

    case_id: str
    document: Document
    checkpoint_id: str = ""
    image_sha256: str = ""
    saved_at: str = ""
    owner: str = ""
    tool: str = ""
    corners_px: tuple[tuple[float, float], ...] = ()


def save_draft(folder: Path, draft: Draft, calls: SystemCalls = SYSTEM_CALLS) -> None:
    """Keep a draft in place of the older one of the same case and owner.

    Parameters
    ----------
    folder
        The feedback folder of the project.

    Raises
    ------
    FileProblem
        If it cannot be written; the older draft is then still there.
    """
    facts = {
        "format": FORMAT,
        "case_id": draft.case_id,
        "checkpoint_id": draft.checkpoint_id,
        "image_sha256": draft.image_sha256,
        "saved_at": draft.saved_at,
        "owner": draft.owner,
        "tool": draft.tool,
        "body_sha256": NO_SHA256,
    }
    image = new_image(partial(_put, draft=draft), user_block_bytes(WHAT, facts))
    facts["body_sha256"] = hashlib.sha256(image).hexdigest()
    path = draft_path(folder, draft.case_id, draft.owner)
    make_folder(path.parent, calls)
    write_durably(path, with_user_block(WHAT, facts, image), calls)


def load_draft(folder: Path, case_id: str, but: Collection[str] = ()) -> Draft | None:
    """The newest draft of a case, or None.

    Parameters
    ----------
    but
        Owners who still work on theirs.

    Raises
    ------
    FileProblem
        If it is damaged; it is moved aside (to `<name>.damaged`) and not offered again.
    """
    drafts = [_read_draft(path) for path in _draft_paths(folder, case_id)]
    found = [draft for draft in drafts if draft is not None and draft.owner not in but]
    return max(found, key=lambda draft: draft.saved_at, default=None)


def _read_draft(path: Path) -> Draft | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileProblem(path, f"the draft cannot be read ({error.strerror}).") from error
    try:
        facts, _ = parse_user_block(data, WHAT)
        if facts["format"] > FORMAT:
            raise FileProblem(path, "the draft comes from a newer version of the program.", "Update this program.")
        with opened_image(data) as file:
            if hashlib.sha256(data[file.userblock_size :]).hexdigest() != facts["body_sha256"]:
                raise ValueError("its bytes are not those that were written")
            return _draft(file, facts)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        aside = path.with_suffix(".damaged")
        try:
            path.replace(aside)
        except OSError:
            aside = path
        raise FileProblem(aside, f"the draft is damaged ({error}).", "Start the correction afresh.") from error


def drop_draft(folder: Path, case_id: str, owner: str = "") -> None:
    """Forget an owner's draft of a case, after the decision or at the reviewer's wish; nothing happens without one.

    Raises
    ------
    FileProblem
        If it cannot be removed.
    """
    path = draft_path(folder, case_id, owner)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise FileProblem(path, f"the draft cannot be removed ({error.strerror}).") from error


def list_drafts(folder: Path) -> tuple[str, ...]:
    """Ids of the cases that have a draft, sorted."""
    found = []
    for path in (folder / FOLDER_NAME).glob("*" + _SUFFIX):
        with contextlib.suppress(OSError, ValueError):  # a damaged one is reported when its case is opened
            facts, _ = read_user_block(path, WHAT)
            found.append(str(facts["case_id"]))
    return tuple(sorted(set(found)))


def draft_path(folder: Path, case_id: str, owner: str = "") -> Path:
    """Where an owner's draft of a case lies; the @ stands in no name of a case.

    Beside its usual place if another case's draft lies there: a disk may take "A" and "a" for one name.
    """
    name, suffix = case_file_name(case_id), (f"@{owner}" if owner else "") + _SUFFIX
    path = folder / FOLDER_NAME / (name + suffix)
    return path if _case_of(path) in (case_id, "") else path.with_name(_beside(name, case_id) + suffix)


def _draft_paths(folder: Path, case_id: str) -> list[Path]:
    name = case_file_name(case_id)
    try:
        paths = sorted((folder / FOLDER_NAME).iterdir())
    except OSError:
        return []
    names = (name, _beside(name, case_id))
    mine = [path for path in paths if path.suffix == _SUFFIX and path.stem.split("@")[0] in names]
    return [path for path in mine if _case_of(path) in (case_id, "")]


def _beside(name: str, case_id: str) -> str:
    """Another name for a draft where the disk has given the usual one to another case."""
    return f"{name}~{hashlib.sha256(case_id.encode()).hexdigest()[:16]}"


def _case_of(path: Path) -> str:
    """Whose draft a file is; empty where there is none, or a damaged one, which is reported when it is read."""
    try:
        return str(read_user_block(path, WHAT)[0].get("case_id", ""))
    except (OSError, ValueError):
        return ""


def _put(file: h5py.File, draft: Draft) -> None:
    document = draft.document
    put_registration(new_group(file, "registration"), document.registration)
    for name in ("correction", "ignore"):
        layer = getattr(document, name)
        if layer is not None:
            put_array(file, name, layer.to_array())
    if draft.corners_px:
        put_array(file, "corners_px", np.array(draft.corners_px, np.float64))
    if document.gauges:
        put_gauges(new_group(file, "gauges"), document.gauges)
    settings = file.create_group("settings").attrs
    for name, value in asdict(document.settings).items():
        settings[name] = value


def _draft(file: h5py.File, facts: Mapping[str, Any]) -> Draft:
    layers = {
        name: Coverage.from_array(get_array(file, name)) if name in file else None for name in ("correction", "ignore")
    }
    kept = file["settings"].attrs
    defaults = asdict(MeasureSettings())
    settings = {name: type(value)(kept[name]) for name, value in defaults.items() if name in kept}
    document = Document(
        registration=get_registration(file["registration"]),
        correction=layers["correction"],
        ignore=layers["ignore"],
        gauges=get_gauges(file["gauges"]) if "gauges" in file else (),
        settings=MeasureSettings(**settings),
    )
    return Draft(
        facts["case_id"],
        document,
        facts["checkpoint_id"],
        facts["image_sha256"],
        facts["saved_at"],
        facts.get("owner", ""),
        facts.get("tool", ""),
        tuple((float(x), float(y)) for x, y in get_array(file, "corners_px")) if "corners_px" in file else (),
    )
