"""Measure again what a feedback record holds, and say what comes out different, and under which conditions."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt

from semiview.core.case import Case, CaseInfo
from semiview.core.coverage import Coverage
from semiview.core.design import Design, DesignLayer, Tone
from semiview.core.document import Document, MeasureSettings
from semiview.core.outline import Points, as_outline, bounds
from semiview.core.prediction import Prediction
from semiview.core.registration import nominal_registration
from semiview.core.sem_image import PictureArea, PixelSize, SemImage
from semiview.feedback.record import Record
from semiview.files.problem import FileProblem
from semiview.files.project_settings import parse_tone
from semiview.metrology.measurement import measure
from semiview.tasks.decide import FIELD_COLUMNS, IGNORE_LAYERS, epe_columns, row_columns
from semiview.tasks.workspace import Workspace

# Numbers of the SEM's own edges come back to the last digits. A prediction is kept as half floats: its contours come
# back within some thousandths of a pixel.
SAME_NM, SAME_SHARE, SAME_PX = 1e-6, 1e-6, 0.02
EPE_KEY, CD_KEY, SCORE_KEY = ("source", "feature_id", "x_nm", "y_nm"), ("source", "gauge_id"), ("against",)
ROUGHNESS_KEY = ("gauge_id", "kind")
TABLES: Mapping[str, tuple[str, ...]] = {
    "epe": EPE_KEY,
    "cd": CD_KEY,
    "scores": SCORE_KEY,
    "roughness": ROUGHNESS_KEY,
}
PLACES_NM = 3  # digits to which two points are one

Columns = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Condition:
    """Something a number depends on: as it was when the record was made, and as it is now."""

    what: str
    recorded: str
    now: str

    @property
    def differs(self) -> bool:
        """True if it has changed; what the record does not tell has not."""
        return bool(self.recorded) and self.recorded != self.now


@dataclass(frozen=True, slots=True)
class Deviation:
    """A column of numbers that came out different.

    `rows` of `of` differ, most by `largest`, there from `recorded` to `now`; None where there is no value.
    `mean_recorded` and `mean_now` are over the rows that have both values.
    """

    table: str
    column: str
    source: str
    rows: int
    of: int
    largest: float
    where: str
    recorded: float | None
    now: float | None
    mean_recorded: float
    mean_now: float


@dataclass(frozen=True, slots=True)
class Remeasured:
    """The outcome: `same` if every number was reproduced under the record's own conditions.

    `compared` counts the numbers; `unmatched` says which rows only one side has.
    """

    record_id: str
    case_id: str
    same: bool
    compared: int
    deviations: tuple[Deviation, ...]
    unmatched: tuple[str, ...]
    conditions: tuple[Condition, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        told = [{**asdict(each), "differs": each.differs} for each in self.conditions]
        return {**asdict(self), "conditions": told}


def remeasure(workspace: Workspace, record: str) -> Remeasured:
    """Measure a record again from what it holds.

    Parameters
    ----------
    record
        A record's id, the beginning of one, or a case whose newest standing decision is meant.

    Raises
    ------
    FileProblem
        If there is no such record, it is damaged, or it holds no measurement.
    """
    record_id = _found(workspace, record)
    held = workspace.store.load(record_id)
    if held.sem is None or held.registration is None or (not held.tables.get("epe", {}) and not held.tables.get("cd")):
        reason = f"The record ({held.kind}) holds no measurement."
        raise FileProblem(workspace.store.path_of(record_id), reason, "Choose one that was accepted or corrected.")
    approved = workspace.store.shape_of(record_id)
    case, document = held_case(held), held_document(held, None if approved is None else approved[0])
    measurement = measure(case, document)
    found: dict[str, Columns] = {
        "epe": epe_columns(measurement),
        "cd": row_columns(measurement.cd),
        "scores": row_columns(measurement.scores),
        "roughness": row_columns(measurement.roughness),
    }
    deviations, unmatched, compared = [], [], 0
    for name, key in TABLES.items():
        if name == "roughness" and name not in held.tables:
            continue  # of before roughness was kept
        differing, alone, count = compare_tables(name, held.tables.get(name, {}), found[name], key, held.nm_per_px_x)
        deviations += differing
        unmatched += alone
        compared += count
    return Remeasured(
        record_id,
        held.case_id,
        not deviations and not unmatched,
        compared,
        tuple(deviations),
        tuple(unmatched),
        _conditions(workspace, held, document.settings),
    )


def held_case(record: Record) -> Case:
    """The case as the record holds it: picture, pixel size, target polygons, prediction.

    Raises
    ------
    ValueError
        If the record shows no picture.
    """
    if record.sem is None or record.registration is None:
        raise ValueError("the record holds no picture or no registration")
    height, width = record.sem.shape
    size = PixelSize(record.nm_per_px_x, record.nm_per_px_y, record.nm_per_px_source)
    area = PictureArea(0, 0, width, height)
    sem = SemImage(record.sem, size, area, (height, width), sha256=record.image_sha256)
    frame = record.registration.frame
    nominal = nominal_registration((height, width), size, frame.centre_nm, mirrored=frame.mirrored)
    tone: Tone | None = parse_tone(record.design_tone)
    design = None
    if record.design_outlines_nm:
        told = record.tables.get("conditions", {})
        edges = tuple(float(told[name][0]) for name in FIELD_COLUMNS if name in told)
        field_nm = edges if len(edges) == 4 else bounds(record.design_outlines_nm)
        layers = [DesignLayer("record", "target", record.design_outlines_nm)]
        ignored = held_ignore_layers(record)
        layers += [DesignLayer("record", "ignore", ignored)] if ignored else []
        x_min, y_min, x_max, y_max = field_nm
        design = Design(record.design_outlines_nm, tuple(layers), tone, (x_min, y_min, x_max, y_max))
    prediction = None
    if record.prediction is not None:
        prediction = Prediction(record.prediction.astype(np.float32), record.checkpoint_id)
    info = CaseInfo(record.case_id, record.pattern_type, record.group, record.tool)
    return Case(info, sem, nominal, design, prediction, calibrated=_scale(record))


def held_ignore_layers(record: Record) -> tuple[Points, ...]:
    """Outlines of the design's ignore layers, nm; none in records of before they were kept."""
    table = record.tables.get(IGNORE_LAYERS)
    if table is None:
        return ()
    points = np.column_stack([table["x_nm"], table["y_nm"]])
    ends = np.flatnonzero(np.diff(table["outline"])) + 1
    return tuple(as_outline(part) for part in np.split(points, ends))


def held_document(record: Record, approved: Coverage | None) -> Document:
    """Registration, correction, ignored region, gauges and settings as the record holds them.

    `approved` is the record's shape as its outlines tell it; the coverage itself, where the record holds it, is exact.
    """
    if record.registration is None:
        raise ValueError("the record holds no registration")
    sources = {str(name) for table in ("epe", "cd") for name in record.tables.get(table, {}).get("source", ())}
    correction = approved if "approved" in sources else None
    if correction is not None and "correction" in record.tables:
        correction = Coverage.from_array(record.tables["correction"]["coverage"])
    ignore = None if record.ignore is None else Coverage.from_array(record.ignore * np.uint8(255))
    return Document(record.registration, correction, ignore, record.gauges, held_settings(record))


def held_settings(record: Record) -> MeasureSettings:
    """The settings a record was measured under; of one that does not tell them the defaults, with its algorithm."""
    told = record.tables.get("conditions", {})
    known = {each.name: told[each.name][0].item() for each in fields(MeasureSettings) if each.name in told}
    if not known and record.edge_algorithm:
        known = {"edge_algorithm": record.edge_algorithm}
    return replace(MeasureSettings(), **known)


def compare_tables(
    name: str, recorded: Columns, now: Columns, key: tuple[str, ...], nm_per_px: float
) -> tuple[list[Deviation], list[str], int]:
    """Columns that differ, rows that only one side has, and how many numbers were compared.

    Rows are matched by their key, places rounded to a thousandth of a nanometre.
    """
    old, new = _keys(recorded, key), _keys(now, key)
    common = [each for each in old if each in new]
    alone = []
    for side, here, there in (("the record", old, new), ("today's measurement", new, old)):
        only = [each for each in here if each not in there]
        if only:
            told = ", ".join(str(part) for part in only[0])
            alone.append(f"{len(only)} of {len(here)} rows of {name} are only in {side}, such as {told}")
    if not common:
        return [], alone, 0
    rows_old = np.array([old[each] for each in common])
    rows_new = np.array([new[each] for each in common])
    # Roughness is always read from the picture.
    sources = np.array(["sem" if key == ROUGHNESS_KEY else str(each[0]) for each in common])
    deviations, compared = [], 0
    for column in recorded:
        if column in key or column not in now:
            continue
        a, b = recorded[column][rows_old], now[column][rows_new]
        compared += len(common)
        differs, apart = _differing(a, b, sources, column, nm_per_px)
        for source in sorted(set(sources[differs].tolist())):
            chosen = np.flatnonzero(differs & (sources == source))
            worst = chosen[int(np.argmax(apart[chosen]))]
            both = _valued(a) & _valued(b) & (sources == source)
            deviations.append(
                Deviation(
                    name, column, source, len(chosen), int(np.sum(sources == source)),
                    float(apart[worst]) if np.isfinite(apart[worst]) else float("nan"),
                    ", ".join(str(part) for part in common[worst]),
                    _number(a[worst]), _number(b[worst]), _mean(a, both), _mean(b, both),
                )
            )  # fmt: skip
    return deviations, alone, compared


def _differing(
    a: npt.NDArray[Any], b: npt.NDArray[Any], sources: npt.NDArray[Any], column: str, nm_per_px: float
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Where two columns differ by more than they may, and by how much; inf where only one has a value."""
    if a.dtype.kind in "US" or b.dtype.kind in "US":
        unlike = a.astype(str) != b.astype(str)
        return unlike, np.where(unlike, np.inf, 0.0)
    first, second = a.astype(np.float64), b.astype(np.float64)
    apart = np.abs(first - second)
    one_only = np.isnan(first) != np.isnan(second)
    apart = np.where(one_only, np.inf, np.nan_to_num(apart))
    room = SAME_NM + SAME_SHARE * np.nan_to_num(np.abs(first))
    if column.endswith("_nm"):
        room = np.where(sources == "sem", room, np.maximum(room, SAME_PX * np.nan_to_num(nm_per_px)))
    elif a.dtype.kind == "f":
        room = np.where(sources == "sem", room, np.maximum(room, 1e-3 * np.maximum(np.nan_to_num(np.abs(first)), 1.0)))
    differs = apart > room
    return differs, apart


def _keys(table: Columns, key: tuple[str, ...]) -> dict[tuple[Any, ...], int]:
    """Row number by key; rows of one key are told apart by their order."""
    if not table or any(name not in table for name in key):
        return {}
    columns = [
        np.round(table[name], PLACES_NM).tolist() if table[name].dtype.kind == "f" else table[name].tolist()
        for name in key
    ]
    found: dict[tuple[Any, ...], int] = {}
    seen: dict[tuple[Any, ...], int] = {}
    for number, row in enumerate(zip(*columns, strict=True)):
        again = seen.get(row, 0)
        seen[row] = again + 1
        found[row if again == 0 else (*row, again)] = number
    return found


def _conditions(workspace: Workspace, record: Record, settings: MeasureSettings) -> tuple[Condition, ...]:
    """What the numbers depend on, then and now: the program, the project's settings, the scale."""
    told = record.tables.get("conditions", {})
    project = workspace.project
    present = project.measure_settings()
    found = [Condition("program version", record.program_version, version("semiview"))]
    for each in fields(MeasureSettings):
        known = each.name in told or (each.name == "edge_algorithm" and record.edge_algorithm)
        recorded = str(getattr(settings, each.name)) if known else ""
        found.append(Condition(each.name, recorded, str(getattr(present, each.name))))
    scale = _in_words(_scale(record) or PixelSize(record.nm_per_px_x, record.nm_per_px_y, record.nm_per_px_source))
    try:
        case = project.load(record.case_id)
    except FileProblem as problem:
        return (*found, Condition("case", record.case_id, str(problem)))
    nominal = PixelSize(record.nm_per_px_x, record.nm_per_px_y, record.nm_per_px_source)
    found.append(Condition("pixel size", _in_words(nominal), _in_words(case.sem.pixel_size)))
    offered = case.calibrated or case.sem.pixel_size
    if settings.scale != "registration":
        found.append(Condition("scale of CD", scale, _in_words(offered)))
    found.append(Condition("image sha256", record.image_sha256, case.sem.sha256))
    if told and int(told["ignore_outlines"][0]) and IGNORE_LAYERS not in record.tables:
        found.append(Condition("ignore layers", f"{int(told['ignore_outlines'][0])} outlines", "not in the record"))
    return tuple(found)


def _scale(record: Record) -> PixelSize | None:
    """The scale that CD was in, where it was not the nominal size."""
    told = record.tables.get("conditions", {})
    if "scale_source" not in told or str(told["scale_source"][0]) in (record.nm_per_px_source, "registration"):
        return None
    return PixelSize(float(told["scale_x_nm"][0]), float(told["scale_y_nm"][0]), str(told["scale_source"][0]))


def _in_words(size: PixelSize) -> str:
    return f"{size.x_nm:.6g} x {size.y_nm:.6g} nm ({size.source})" if size.known else "unknown"


def _found(workspace: Workspace, wanted: str) -> str:
    """The id of the record that is meant."""
    store = workspace.store
    ids = [header.record_id for headers in store.histories().values() for header in headers]
    if wanted in ids:
        return wanted
    head = store.head(wanted)
    if head:
        return head
    begun = sorted(each for each in ids if wanted and each.startswith(wanted))
    if len(begun) == 1:
        return begun[0]
    if begun:
        reason = f"{len(begun)} records begin with {wanted}: {', '.join(begun[:3])}."
        raise FileProblem(store.folder, reason, "Write more of the id.")
    raise FileProblem(store.folder, f"There is no record {wanted}.", "Name a record's id or a case that was decided.")


def _valued(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    if values.dtype.kind != "f":
        return np.zeros(len(values), dtype=bool)
    finite: npt.NDArray[np.bool_] = np.isfinite(values)
    return finite


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, np.number) and np.isfinite(value) else None


def _mean(values: npt.NDArray[Any], chosen: npt.NDArray[np.bool_]) -> float:
    return float(values[chosen].mean()) if chosen.any() else float("nan")
