"""Ask the rules whether a project should be retrained now, from its store, its checkpoints and its drift."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from semiview.feedback.record_file import RecordHeader
from semiview.files.problem import FileProblem
from semiview.files.reference_file import read_seen
from semiview.monitoring.decision_table import Holdings, TableRow, table_row
from semiview.monitoring.features import IN_WORDS
from semiview.monitoring.random_share import Rate, random_share, rate_of
from semiview.monitoring.reference import Stratum
from semiview.monitoring.triggers import Advice, StratumReview, advise
from semiview.tasks.drift import DriftReport, picture_key, watch_project
from semiview.tasks.progress import Task
from semiview.tasks.workspace import Workspace

RUN_NAME = "%Y%m%d-%H%M%S-%f"
SUBPIXEL = "subpixel"


@dataclass(frozen=True, slots=True)
class TriggerReport:
    """What the rules say, and what they were told.

    Attributes
    ----------
    row
        Which row of the decision table the project is in, and what to do there.
    all_cases, at_random
        How many of the current checkpoint's predictions were corrected: of all that were decided, and of those that
        are a random sample of the project.
    """

    advice: Advice
    strata: tuple[StratumReview, ...]
    row: TableRow
    all_cases: Rate
    at_random: Rate

    def as_json(self) -> dict[str, Any]:
        """What `train --if-triggered --json` prints beside the run."""
        return {
            "train": self.advice.train,
            "reasons": self.advice.reasons,
            "waits": self.advice.waits,
            "review_first": self.advice.review_first,
            "asks": self.advice.asks,
            "table_row": self.row.words,
            "table_advice": self.row.advice,
            "corrected": {"all_cases": _rate_json(self.all_cases), "at_random": _rate_json(self.at_random)},
            "strata": [
                {
                    "stratum": one.stratum.words,
                    "new_corrections": one.new_corrections,
                    "accepted": one.accepted,
                    "corrected": one.corrected,
                    "correction_rate": one.all_cases.share,
                    "at_random": _rate_json(one.at_random),
                    "moved": one.moved,
                }
                for one in self.strata
            ],
        }


def _rate_json(rate: Rate) -> dict[str, Any]:
    low, high = rate.bounds()
    return {"corrected": rate.corrected, "decided": rate.decided, "share": rate.share, "low": low, "high": high}


@dataclass(slots=True)
class _Count:
    new_corrections: int = 0
    accepted: int = 0
    corrected: int = 0
    at_random: list[bool] = field(default_factory=list)
    moved: str = ""
    to_review: list[str] = field(default_factory=list)


def look_for_trigger(workspace: Workspace) -> Task[TriggerReport]:
    """Watch the pictures and ask the rules.

    Raises
    ------
    FileProblem
        If store, checkpoints or reference cannot be read.
    """
    drift = yield from watch_project(workspace)
    return trigger_report(workspace, drift, datetime.now(UTC))


def trigger_report(workspace: Workspace, drift: DriftReport, now: datetime) -> TriggerReport:
    """Ask the rules, with a drift report that is at hand.

    Raises
    ------
    FileProblem
        If store or checkpoints cannot be read.
    """
    store = workspace.store
    strata = strata_of_cases(workspace)
    learned = learned_records(workspace)
    current = workspace.registry.current().id
    counts: dict[Stratum, _Count] = defaultdict(_Count)
    samples = [store.header(record_id) for record_id, _ in store.snapshot()]
    said = {header.case_id: header.kind == "correct" for header in samples if header.checkpoint_id == current}
    decided = {case_id for case_id, review in store.reviews().items() if review.state != "undecided"}
    sampled = random_share([row.case_id for row in workspace.project.rows], said, decided)
    for header in samples:
        if header.kind == "correct" and header.record_id not in learned:
            counts[strata.get(header.case_id, Stratum())].new_corrections += 1
        if header.checkpoint_id == current:
            count = counts[strata.get(header.case_id, Stratum())]
            count.accepted += header.kind == "accept"
            count.corrected += header.kind == "correct"
            if header.case_id in sampled:
                count.at_random.append(sampled[header.case_id])
    for one in drift.drifting:
        count = counts[one.stratum]
        count.moved = IN_WORDS[one.feature] if one.feature else "something"
        newest = [name for window in reversed(one.windows) for name in window.names]
        count.to_review = [name for name in dict.fromkeys((*one.examples, *newest)) if name not in decided]
    reviews = tuple(
        StratumReview(
            stratum,
            one.new_corrections,
            one.accepted,
            one.corrected,
            rate_of(one.at_random),
            one.moved,
            tuple(one.to_review),
        )
        for stratum, one in sorted(counts.items())
    )
    advice = advise(reviews, now, last_run(workspace), workspace.project.settings.retrain)
    row = table_row(holdings(workspace, samples, strata))
    return TriggerReport(advice, reviews, row, rate_of(said.values()), rate_of(sampled.values()))


def holdings(
    workspace: Workspace, samples: Sequence[RecordHeader], strata: Mapping[str, Stratum] | None = None
) -> Holdings:
    """What a project has to learn from, as the decision table asks for it."""
    known = strata_of_cases(workspace) if strata is None else strata
    of_samples = [known.get(header.case_id, Stratum()) for header in samples]
    subpixel = [header.registration_class == SUBPIXEL for header in samples if header.registration_class]
    return Holdings(
        len(samples),
        len({header.group or header.case_id for header in samples}),
        sum(subpixel) / len(subpixel) if subpixel else float("nan"),
        Counter(Stratum(tool=one.tool, nm_per_px=one.nm_per_px).words for one in of_samples),
        sum(not one.nm_per_px for one in of_samples),
        workspace.project.settings.judge,
    )


def strata_of_cases(workspace: Workspace) -> Mapping[str, Stratum]:
    """The stratum of every case: as its picture was last read, else as far as the case list tells it."""
    project = workspace.project
    seen = read_seen(project.drift_folder)
    found = {}
    for row in project.rows:
        picture = seen.get(picture_key(row))
        if picture is not None:
            found[row.case_id] = picture.stratum
        else:
            size = row.pixel_size if row.pixel_size.known else project.settings.pixel_size
            nm_per_px = (size.x_nm * size.y_nm) ** 0.5
            found[row.case_id] = Stratum.of(row.info.tool, row.info.layer_name, row.info.pattern_type, nm_per_px)
    return found


def learned_records(workspace: Workspace) -> frozenset[str]:
    """Ids of the records that some checkpoint of this project was trained on, promoted or not."""
    return frozenset(str(record_id) for each in workspace.registry.list() for record_id in each.card.get("records", ()))


def last_run(workspace: Workspace) -> datetime | None:
    """When the newest training run of the project began; None: there is none.

    Raises
    ------
    FileProblem
        If the folder of the runs cannot be read.
    """
    folder = workspace.project.runs_folder
    try:
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    except OSError as error:
        raise FileProblem(folder, f"The runs cannot be listed ({error.strerror}).") from error
    begun = []
    for name in names:
        try:
            begun.append(datetime.strptime(name, RUN_NAME).replace(tzinfo=UTC))
        except ValueError:
            continue
    return max(begun, default=None)
