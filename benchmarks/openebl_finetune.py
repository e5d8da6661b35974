"""Fine-tuning on corrected real fields, scored on groups it never saw: `python -m benchmarks.openebl_finetune FOLDER`.

FOLDER is the openEBL project; it is read, and everything is made in a copy. The fields are registered, corrected (see
`openebl_shapes`) and decided into a real feedback store; for each fold the groups are split, the worker of
`semiview train` trains on the rest, and candidate, start and Otsu's threshold are scored on the fold's own groups. Then
the gate's bootstrap over all groups says what is sure.

`--into DIR` keeps the projects and takes up what is done there; `--looks DIR` only draws the corrected shapes.
"""

import argparse
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.openebl_shapes import Hand, by_hand, printed_shape
from semiview.core.coverage import Coverage
from semiview.core.review import Approval, Decision
from semiview.feedback.splits import Group, Split, Splits
from semiview.files.case_list import CaseRow
from semiview.learning.chosen_samples import sample_of
from semiview.learning.evaluation import score
from semiview.learning.gate import METRIC_WORDS, Figure, GateReport, SampleScores, compare
from semiview.learning.messages import TrainingOptions
from semiview.learning.predictors import classical
from semiview.learning.runs import SCORES_FILE, read_scores
from semiview.tasks.align import AlignOptions, align_project
from semiview.tasks.decide import decide
from semiview.tasks.open import OpenedCase, open_case
from semiview.tasks.progress import Result, Task
from semiview.tasks.train import train_project
from semiview.tasks.workspace import Workspace, open_workspace

REVIEWER = "the correcting engineer"
COPIED = ("*.jpg", "*.gds", "cases.csv", "semiview.toml")
SHOWN = ("iou", "dice", "epe_abs", "epe_mean", "epe_3sigma", "faults")


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """A case, open, with what was printed in it."""

    opened: OpenedCase
    share: Coverage
    ignored: Coverage
    seconds: float


def corrected_cases(folder: Path) -> list[Corrected]:
    """Register the cases of a project and correct them."""
    workspace = open_workspace(folder)
    exhausted(align_project(workspace, AlignOptions(jobs=1)))
    hands = by_hand()
    found = []
    for row in workspace.project.rows:
        opened = open_case(workspace, row.case_id)
        share, ignored = printed_shape(opened.case, opened.document.registration, hands.get(row.case_id, Hand()))
        ignore = Coverage.from_array(ignored.astype(np.uint8) * np.uint8(255))
        found.append(Corrected(opened, Coverage.from_array(share), ignore, 60.0))
    return found


def prepared(source: Path, folder: Path) -> None:
    """Copy what a project needs, with the pixel sizes that the hand list mends."""
    folder.mkdir(parents=True, exist_ok=True)
    for pattern in COPIED:
        for path in source.glob(pattern):
            shutil.copy2(path, folder / path.name)
    lines = (folder / "cases.csv").read_text().splitlines()
    column = lines[0].split(",").index("nm_per_px")
    for number, line in enumerate(lines[1:], 1):
        hand = by_hand().get(line.split(",")[0], Hand())
        if hand.nm_per_px == hand.nm_per_px:
            cells = line.split(",")
            cells[column] = str(hand.nm_per_px)
            lines[number] = ",".join(cells)
    (folder / "cases.csv").write_text("\n".join(lines) + "\n")


def fold_of_groups(rows: Sequence[CaseRow], folds: int) -> Mapping[str, int]:
    """The fold in which each group is held out: dealt round within the pattern types, so that each fold has of all."""
    of_type: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        groups = of_type[row.info.pattern_type]
        if row.info.group not in groups:
            groups.append(row.info.group)
    dealt = [group for _, groups in sorted(of_type.items()) for group in sorted(groups)]
    return {group: number % folds for number, group in enumerate(dealt)}


def decide_all(workspace: Workspace, cases: Sequence[Corrected], splits: Splits) -> None:
    """Write the corrections into a project's store, with these splits."""
    workspace.store.merge_splits(splits)
    for one in cases:
        document = replace(one.opened.document, correction=one.share, ignore=one.ignored)
        usable = document.registration.unusable_because is None
        approval = Approval(shape=True, registration=usable)
        decision = Decision("correct", REVIEWER, approval, seconds_spent=one.seconds)
        decide(workspace, one.opened.case, document, None, decision)


def splits_of_fold(rows: Sequence[CaseRow], held_out: Mapping[str, int], fold: int, folds: int) -> Splits:
    """Test: the fold's groups; validation: those of the next fold, as long as their pattern type is trained on too."""
    types = {row.info.group: row.info.pattern_type for row in rows}
    named: dict[str, Split] = {group: "test" if held_out[group] == fold else "train" for group in types}
    for group, kind in types.items():
        trained = sum(types[other] == kind and split == "train" for other, split in named.items())
        if held_out[group] == (fold + 1) % folds and trained > 2:
            named[group] = "validation"
    return Splits({group: Group(types[group], split) for group, split in named.items()})


def scores_of_fold(
    folder: Path, cases: Sequence[Corrected], splits: Splits, options: TrainingOptions
) -> list[dict[str, SampleScores]]:
    """Train in a project's copy and score start, candidate and Otsu on what was held out."""
    workspace = open_workspace(folder)
    if not workspace.store.snapshot():
        decide_all(workspace, cases, splits)
    runs = sorted(path.parent for path in workspace.project.runs_folder.glob(f"*/{SCORES_FILE}"))
    if not runs:
        result = exhausted(train_project(workspace, options, promote=False), say=True)
        if result.failed:
            raise SystemExit(result.failed)
        runs = [result.run]
    current, candidate = read_scores(runs[-1])
    return [
        {"start": old, "tuned": new, "otsu": otsu_score(workspace, old.sample_id)}
        for old, new in zip(current, candidate, strict=True)
    ]


def otsu_score(workspace: Workspace, record_id: str) -> SampleScores:
    """How Otsu's threshold does on a sample of the store."""
    record = workspace.store.load(record_id)
    sample = sample_of(record_id, record)
    if isinstance(sample, str) or record.sem is None:
        raise SystemExit(f"{record_id}: {sample}")
    return score(sample, classical(record.sem, None, sample.nm_per_px))


def exhausted(task: Task[Result], say: bool = False) -> Result:
    """The result of a task; its progress is printed if wanted."""
    while True:
        try:
            event = next(task)
            if say:
                print(f"  {event}", flush=True)
        except StopIteration as stop:
            result: Result = stop.value
            return result


def print_cases(found: Sequence[Mapping[str, SampleScores]]) -> None:
    """One line a case."""
    print(f"\n{'case':8} {'pattern type':17} {'group':11} {'IoU: Otsu':>9} {'start':>7} {'tuned':>7}   "
          f"{'|EPE| nm: Otsu':>14} {'start':>7} {'tuned':>7}   {'faults: start':>13} {'tuned':>6}")  # fmt: skip
    for one in sorted(found, key=lambda scores: scores["start"].case_id):
        otsu, start, tuned = one["otsu"], one["start"], one["tuned"]
        print(f"{start.case_id:8} {start.pattern_type:17} {start.group:11} {otsu.iou:9.4f} {start.iou:7.4f} "
              f"{tuned.iou:7.4f}   {otsu.epe_abs_nm:14.2f} {start.epe_abs_nm:7.2f} {tuned.epe_abs_nm:7.2f}   "
              f"{start.faults:13d} {tuned.faults:6d}")  # fmt: skip


def print_report(title: str, report: GateReport) -> None:
    """The figures of a comparison, over all and by pattern type."""
    print(f"\n{title}")
    print(f"{'pattern type':17} {'metric':22} {'samples':>7} {'groups':>6} {'before':>9} {'after':>9} {'gain':>9}"
          f"   {'5 % bounds':>19}")  # fmt: skip
    for figure in report.figures:
        if figure.metric in SHOWN:
            print(line_of(figure))
    print("; ".join((report.verdict, *report.reasons)))


def line_of(figure: Figure) -> str:
    """One figure of a comparison."""
    name = next(words for name, words in METRIC_WORDS.items() if name == figure.metric)
    return (
        f"{figure.pattern_type or 'all':17} {name:22} {figure.samples:7d} {figure.groups:6d} {figure.current:9.4f} "
        f"{figure.candidate:9.4f} {figure.gain:+9.4f}   {figure.lower:+9.4f} {figure.upper:+9.4f}"
    )


def draw_looks(cases: Sequence[Corrected], folder: Path) -> None:
    """Pictures for an eye to check: material red, its contour green, ignored blue."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in cases:
        pixels = one.opened.case.sem.pixels.astype(np.float32)
        low, high = np.percentile(pixels, (0.5, 99.5))
        grey = np.clip((pixels - low) / (high - low) * 255, 0, 255)
        inside, ignored = one.share.mask(), one.ignored.mask()
        edge = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        picture = np.stack([grey + 90 * ignored, np.where(edge, 255, grey), grey + 70 * inside], axis=-1)
        cv2.imwrite(str(folder / f"{one.opened.case.case_id}.png"), np.clip(picture, 0, 255).astype(np.uint8))


def main() -> None:
    """Correct, train each fold, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--into", type=Path)
    parser.add_argument("--looks", type=Path)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--fold", type=int, action="append", help="only this one, from 0; may be given again")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--steps", type=int, default=24, help="an epoch")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--patch", type=int, default=384, help="px")
    parser.add_argument("--learning-rate", type=float, default=1.5e-4)
    asked = parser.parse_args()
    options = TrainingOptions(
        asked.epochs, asked.steps, asked.learning_rate, patch_px=asked.patch, batch=asked.batch, patience=asked.epochs
    )
    with tempfile.TemporaryDirectory(prefix="semiview-openebl-") as scratch:
        into = asked.into or Path(scratch)
        prepared(asked.folder, into / "corrected")
        cases = corrected_cases(into / "corrected")
        if asked.looks:
            draw_looks(cases, asked.looks)
            return
        rows = open_workspace(into / "corrected").project.rows
        held_out = fold_of_groups(rows, asked.folds)
        found = []
        for fold in asked.fold or range(asked.folds):
            print(
                f"fold {fold}: held out {', '.join(g for g, number in held_out.items() if number == fold)}", flush=True
            )
            folder = into / f"fold-{fold}"
            prepared(asked.folder, folder)
            splits = splits_of_fold(rows, held_out, fold, asked.folds)
            found += scores_of_fold(folder, cases, splits, options)
        found.sort(key=lambda scores: scores["start"].case_id)
        print_cases(found)
        start, tuned, otsu = ([one[name] for one in found] for name in ("start", "tuned", "otsu"))
        print_report("shipped checkpoint -> fine-tuned on the other groups", compare(start, tuned))
        print_report("Otsu's threshold -> fine-tuned", compare(otsu, tuned))


if __name__ == "__main__":
    main()
