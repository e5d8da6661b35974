"""Hold a project's pictures against the reference that was made of the accepted ones."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from semiview.core.sem_image import SemImage
from semiview.feedback.record import Record
from semiview.files.case_list import CaseRow
from semiview.files.problem import FileProblem
from semiview.files.project import Project
from semiview.files.reference_file import (
    SeenPicture,
    read_reference,
    read_seen,
    reference_numbers,
    write_reference,
    write_seen,
)
from semiview.files.sem_image_file import read_sem_image
from semiview.monitoring.drift import StratumDrift, watch
from semiview.monitoring.features import FEATURES, GreyRange, grey_range, image_features
from semiview.monitoring.reference import FEWEST_IMAGES, Observation, Profile, Reference, Stratum
from semiview.tasks.pool import each_case
from semiview.tasks.progress import CaseFailed, Progress, Task
from semiview.tasks.workspace import Workspace

WORTH_PROCESSES = 200  # pictures from which on starting further processes pays


@dataclass(frozen=True, slots=True, eq=False)
class DriftReport:
    """What the monitor says of a project.

    Attributes
    ----------
    reference
        Number of the reference; 0: there is none, because too little has been accepted. `made_utc` says when.
    strata
        One entry a stratum that the reference knows and the project has pictures of.
    unknown
        Number of pictures by stratum that the reference knows nothing of.
    failed
        Reason by case whose picture could not be used.
    """

    reference: int
    made_utc: str
    strata: tuple[StratumDrift, ...]
    unknown: Mapping[Stratum, int]
    failed: Mapping[str, str]

    @property
    def drifting(self) -> tuple[StratumDrift, ...]:
        """The strata that drift or change slowly now."""
        return tuple(one for one in self.strata if one.state in ("drift", "slow change"))

    def as_json(self) -> dict[str, Any]:
        """What `drift --json` prints."""
        return {
            "reference": self.reference,
            "made_utc": self.made_utc,
            "strata": [_stratum_json(one) for one in self.strata],
            "unknown": [{**asdict(stratum), "images": count} for stratum, count in self.unknown.items()],
            "failed": dict(self.failed),
        }


def watch_project(workspace: Workspace, new_reference: bool = False) -> Task[DriftReport]:
    """Watch every picture of the case list that the reference was not made of, in the order they were taken.

    The first call makes the reference; `new_reference` makes a further one of what is accepted now.

    Raises
    ------
    FileProblem
        If the reference is damaged or a new one cannot be written.
    """
    folder = workspace.project.drift_folder
    reference = None if new_reference else read_reference(folder)
    if reference is None:
        reference = yield from make_reference(workspace)
    if reference is None:
        return DriftReport(0, "", (), {}, {})
    rows = _in_order(workspace.project.rows)
    bins = {stratum: profile.bins for stratum, profile in reference.profiles.items()}
    remembered = read_seen(folder)
    keys = {row.case_id: picture_key(row) for row in rows}
    pictures = {
        case_id: remembered[key]
        for case_id, key in keys.items()
        if key in remembered and bins.get(remembered[key].stratum) == remembered[key].bins
    }
    wanted = [row.case_id for row in rows if row.case_id not in pictures]
    unknown: dict[Stratum, int] = defaultdict(int)
    failed: dict[str, str] = {}
    for number, outcome in enumerate(
        each_case(workspace, look_at, wanted, bins, 1 if len(wanted) < WORTH_PROCESSES else 0)
    ):
        yield Progress(number + 1, len(wanted), outcome.case_id)
        if outcome.answer is None:
            failed[outcome.case_id] = outcome.reason
            yield CaseFailed(outcome.case_id, outcome.reason)
        elif isinstance(outcome.answer, Stratum):
            unknown[outcome.answer] += 1
        else:
            pictures[outcome.case_id] = outcome.answer
    if wanted and pictures and not workspace.store.read_only:
        write_seen(folder, {keys[case_id]: one for case_id, one in pictures.items() if keys[case_id]})
    strata = tuple(
        watch(profile, _watched(rows, profile, pictures)) for _, profile in sorted(reference.profiles.items())
    )
    return DriftReport(reference.number, reference.made_utc, strata, dict(unknown), failed)


def make_reference(workspace: Workspace) -> Task[Reference | None]:
    """Make and keep a reference of every sample of the feedback store; None while no stratum has two.

    Raises
    ------
    FileProblem
        If it cannot be written.
    """
    store, folder = workspace.store, workspace.project.drift_folder
    ids = [record_id for record_id, _ in store.snapshot()]
    found: dict[Stratum, dict[str, tuple[GreyRange, Observation]]] = defaultdict(dict)
    for number, record_id in enumerate(ids):
        yield Progress(number, len(ids), f"reference: {record_id}")
        try:
            record = store.load(record_id)
            if record.sem is not None:
                own = grey_range(record.sem)
                found[_stratum_of(record)][record_id] = (own, _observation(record, own))
        except (FileProblem, ValueError) as problem:
            yield CaseFailed(record_id, str(problem))
    profiles: dict[Stratum, Profile] = {}
    for stratum, pictures in sorted(found.items()):
        if len(pictures) < FEWEST_IMAGES:
            continue
        ranges = [own for own, _ in pictures.values()]
        bins = GreyRange(min(one.low for one in ranges), max(one.high for one in ranges))
        # Pictures whose own range was narrower are looked at again with the bins that suit all.
        seen = [
            one if own == bins else _observation(store.load(record_id), bins)
            for record_id, (own, one) in pictures.items()
        ]
        profiles[stratum] = Profile.of(stratum, bins, seen)
    if not profiles:
        return None
    number = max(reference_numbers(folder), default=0) + 1
    reference = Reference(number, datetime.now(UTC).isoformat(timespec="seconds"), tuple(ids), profiles)
    write_reference(folder, reference)
    return Reference.from_json(reference.to_json())  # rounded as every later reading will find it


def look_at(workspace: Workspace, case_id: str, bins: Mapping[Stratum, GreyRange]) -> SeenPicture | Stratum:
    """Numbers of a case's picture; only its stratum where there are no bins for it.

    Raises
    ------
    FileProblem
        If the picture cannot be used.
    """
    row = workspace.project.row(case_id)
    sem = _picture(workspace.project, row)
    info, size = row.info, sem.pixel_size
    stratum = Stratum.of(info.tool, info.layer_name, info.pattern_type, float(np.sqrt(size.x_nm * size.y_nm)))
    if stratum not in bins:
        return stratum
    try:
        return SeenPicture(stratum, bins[stratum], image_features(sem.pixels, bins[stratum]))
    except ValueError as error:
        raise FileProblem(row.image, f"{error}.") from error


def _watched(rows: Sequence[CaseRow], profile: Profile, pictures: Mapping[str, SeenPicture]) -> list[Observation]:
    """The pictures of a stratum in their order, without those that the reference was made of."""
    known = set(profile.names)
    seen = []
    for row in rows:
        picture = pictures.get(row.case_id)
        if picture is not None and picture.stratum == profile.stratum and row.case_id not in known:
            group = row.info.group or row.info.lot or row.case_id
            seen.append(Observation(row.case_id, group, picture.features))
    return seen


def _picture(project: Project, row: CaseRow) -> SemImage:
    size = row.pixel_size if row.pixel_size.known else project.settings.pixel_size
    sem = read_sem_image(row.image, row.area, row.pixel_size, row.page)
    if sem.pixel_size.known or not size.known:
        return sem
    return replace(sem, pixel_size=size)


def _in_order(rows: Sequence[CaseRow]) -> list[CaseRow]:
    """By the time they were taken where every row says it, else as listed."""
    if rows and all(row.info.acquired_at for row in rows):
        return sorted(rows, key=lambda row: row.info.acquired_at)
    return list(rows)


def picture_key(row: CaseRow) -> str:
    """Changes when the picture may have changed; empty: its file cannot be looked at."""
    try:
        said = row.image.stat()
    except OSError:
        return ""
    return f"{row.image}|{said.st_size}|{said.st_mtime_ns}|{row.area}|{row.page}"


def _stratum_of(record: Record) -> Stratum:
    nm_per_px = float(np.sqrt(record.nm_per_px_x * record.nm_per_px_y))
    return Stratum.of(record.tool, record.metadata.get("layer_name", ""), record.pattern_type, nm_per_px)


def _observation(record: Record, bins: GreyRange) -> Observation:
    if record.sem is None:
        raise ValueError("the record holds no picture")
    group = record.group or record.metadata.get("lot", "") or record.case_id
    return Observation(record.case_id, group, image_features(record.sem, bins))


def _stratum_json(one: StratumDrift) -> dict[str, Any]:
    windows = [
        {
            "first": window.names[0],
            "last": window.names[-1],
            "state": window.state,
            "mean": dict(zip(FEATURES, window.mean.tolist(), strict=True)),
            "z": dict(zip(FEATURES, window.z.tolist(), strict=True)),
            "z_limit": window.z_limit,
            "kl": window.kl,
            "kl_limit": window.kl_limit,
            "average_z": dict(zip(FEATURES, window.average_z.tolist(), strict=True)),
        }
        for window in one.windows
    ]
    return {
        **asdict(one.stratum),
        "state": one.state,
        "words": one.words,
        "feature": one.feature,
        "change": one.change,
        "since": one.since,
        "examples": one.examples,
        "reference_examples": one.reference_examples,
        "reference_images": one.reference_images,
        "reference_groups": one.reference_groups,
        "waiting": one.waiting,
        "expected_false_alarms": one.expected_false_alarms,
        "smallest_change": dict(zip(FEATURES, one.smallest_change.tolist(), strict=True)),
        "note": one.note,
        "windows": windows,
    }
