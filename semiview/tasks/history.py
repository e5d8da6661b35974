"""Who decided what of a case and when, how two decisions differ, and which checkpoints learned from them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from semiview.feedback import lineage
from semiview.feedback.record import IGNORED, INSIDE
from semiview.feedback.record_file import RecordHeader
from semiview.files.problem import FileProblem
from semiview.tasks.workspace import Workspace

Standing = Literal["stands", "disputed", "replaced", "taken back", "note", "damaged"]

ONLY_FIRST, ONLY_SECOND, BOTH = (230, 159, 0), (0, 114, 178), (240, 240, 240)  # Okabe and Ito: seen by everybody


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One record of a case.

    Attributes
    ----------
    standing
        What became of it.
    taught
        Checkpoints that were trained on it.
    """

    header: RecordHeader
    standing: Standing
    taught: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ShapeDifference:
    """How two approved shapes differ; what either leaves to be ignored is left out.

    Attributes
    ----------
    picture
        (H, W, 3) uint8: orange where only the first is inside, blue where only the second, pale where both.
    only_first_px, only_second_px
        Areas in px.
    overlap
        Intersection over union, 0 to 1; 1 where both are empty.
    mean_px, largest_px
        Distance of the one's edge pixels to the other's edge, both ways; NaN where a shape has no edge.
    nm_per_px
        NaN for unknown.
    """

    picture: npt.NDArray[np.uint8]
    only_first_px: int
    only_second_px: int
    overlap: float
    mean_px: float
    largest_px: float
    nm_per_px: float


@dataclass(frozen=True, slots=True)
class Taught:
    """A sample that a checkpoint was trained on; `header` is None where this store has it no more."""

    record_id: str
    header: RecordHeader | None
    standing: Standing | None


def case_history(workspace: Workspace, case_id: str) -> tuple[HistoryLine, ...]:
    """Every record of a case, newest first."""
    headers = workspace.store.history(case_id)
    standing = _standings(workspace, headers)
    taught: dict[str, list[str]] = {}
    for checkpoint in workspace.registry.list():
        for record_id in checkpoint.card.get("records", ()):
            taught.setdefault(str(record_id), []).append(checkpoint.id)
    lines = [HistoryLine(each, standing[each.record_id], tuple(taught.get(each.record_id, ()))) for each in headers]
    return tuple(reversed(lines))


def samples_of(workspace: Workspace, checkpoint_id: str) -> tuple[Taught, ...]:
    """The records that a checkpoint was trained or held to account on, by case.

    Raises
    ------
    FileProblem
        If there is no such checkpoint.
    """
    found = []
    for record_id in workspace.registry.get(checkpoint_id).card.get("records", ()):
        try:
            header = workspace.store.header(str(record_id))
        except (FileProblem, ValueError):
            found.append(Taught(str(record_id), None, None))
            continue
        standing = _standings(workspace, workspace.store.history(header.case_id))
        found.append(Taught(header.record_id, header, standing[header.record_id]))
    return tuple(sorted(found, key=lambda each: ("" if each.header is None else each.header.case_id, each.record_id)))


def shape_difference(workspace: Workspace, first_id: str, second_id: str) -> ShapeDifference:
    """Compare the shapes that two records approved.

    Raises
    ------
    FileProblem
        If a record is damaged, approves no shape, or the two are of pictures of different size.
    """
    first, second = (workspace.store.load(record_id) for record_id in (first_id, second_id))
    for record_id, record in ((first_id, first), (second_id, second)):
        if record.approved is None:
            path = workspace.store.path_of(record_id)
            raise FileProblem(path, f"{record.reviewer}'s decision ({record.kind}) holds no shape to compare.")
    assert first.approved is not None
    assert second.approved is not None
    if first.approved.shape != second.approved.shape:
        raise FileProblem(workspace.store.path_of(second_id), "the two decisions are of pictures of different size.")
    counts = (first.approved != IGNORED) & (second.approved != IGNORED)
    one, other = (first.approved == INSIDE) & counts, (second.approved == INSIDE) & counts
    union = int((one | other).sum())
    distances = np.concatenate([_to_edge_of(other, one), _to_edge_of(one, other)])
    sem = first.sem if first.sem is not None else np.zeros(one.shape, np.uint8)
    return ShapeDifference(
        picture=_drawn(sem, one, other),
        only_first_px=int((one & ~other).sum()),
        only_second_px=int((other & ~one).sum()),
        overlap=1.0 if union == 0 else int((one & other).sum()) / union,
        mean_px=float(distances.mean()) if distances.size else float("nan"),
        largest_px=float(distances.max()) if distances.size else float("nan"),
        nm_per_px=first.nm_per_px_x,
    )


def arbitrate(workspace: Workspace, record_id: str, reviewer: str) -> str:
    """Settle a dispute for one of its sides: a new record with the same content supersedes all that stand.

    Raises
    ------
    FileProblem
        If the record is damaged or the new one cannot be written.
    """
    chosen = workspace.store.load(record_id)
    settled = replace(
        chosen,
        reviewer=reviewer,
        time_utc=datetime.now(UTC).isoformat(timespec="milliseconds"),
        supersedes=workspace.store.heads(chosen.case_id),
        note=f"settled for the decision of {chosen.reviewer}" + (f": {chosen.note}" if chosen.note else ""),
        seconds_spent=0.0,
        program_version=version("semiview"),
    )
    return workspace.store.append(settled)


def _standings(workspace: Workspace, headers: tuple[RecordHeader, ...]) -> dict[str, Standing]:
    heads = {each.record_id for each in lineage.heads(headers)}
    disputed = lineage.review(headers).state == "disputed"
    taken_back = {old for each in headers if each.kind == "retract" for old in each.supersedes}
    damaged = workspace.store.damaged_ids()
    found: dict[str, Standing] = {}
    for each in headers:
        name = each.record_id
        if name in damaged:
            found[name] = "damaged"
        elif each.kind == "note":
            found[name] = "note"
        elif name in heads:
            found[name] = "disputed" if disputed else "stands"
        else:
            found[name] = "taken back" if name in taken_back else "replaced"
    return found


def _to_edge_of(shape: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Distance in px of each edge pixel of `other` to the edge of `shape`; empty if either has none."""
    edges = [mask & ~ndimage.binary_erosion(mask, border_value=1) for mask in (shape, other)]
    if not (edges[0].any() and edges[1].any()):
        return np.empty(0)
    distance: npt.NDArray[np.float64] = ndimage.distance_transform_edt(~edges[0])
    return distance[edges[1]]


def _drawn(
    sem: npt.NDArray[np.generic], one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint8]:
    """The picture, dimmed, with the shapes over it."""
    grey = sem.astype(np.float64)
    low, high = float(grey.min()), float(grey.max())
    base = np.repeat((110 * (grey - low) / max(high - low, 1e-9))[..., None], 3, axis=2)
    for region, colour, strength in ((one & other, BOTH, 0.25), (one & ~other, ONLY_FIRST, 0.85),
                                     (other & ~one, ONLY_SECOND, 0.85)):  # fmt: skip
        base[region] = (1 - strength) * base[region] + strength * np.array(colour, dtype=np.float64)
    return np.clip(np.rint(base), 0, 255).astype(np.uint8)
