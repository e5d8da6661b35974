"""Hours of review at speed: decisions without end while the worker trains, and what memory does meanwhile.

    python -m benchmarks.soak [decisions, 5000] [--side PX] [--project FOLDER]

Each decision opens a case of the example project (other open cases are left), draws a little correction, saves a
draft, decides, asks for the states of all cases as the window does, and drops the draft; every tenth is taken back.
Beside it `semiview train` runs again and again on the same store. At the end every byte is read and compared with what
was acknowledged. Measurements are left out: what is looked for here is the store, the drafts and the worker.
"""

import argparse
import gc
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from semiview.core.coverage import FULL, Coverage
from semiview.core.review import REJECT_REASONS, Approval, Decision
from semiview.core.sem_image import SemImage
from semiview.feedback.drafts import Draft, drop_draft, save_draft
from semiview.feedback.store import FeedbackStore
from semiview.tasks.decide import decide, retract
from semiview.tasks.demo import unpack_example
from semiview.tasks.open import OpenedCase, open_case
from semiview.tasks.workspace import Workspace, open_workspace

ROWS = 20


def main(decisions: int, folder: Path, side: int) -> int:
    workspace = open_workspace(unpack_example(folder))
    ids = [row.case_id for row in workspace.project.rows]
    rng, acknowledged = random.Random(0), set[str]()
    # As many cases as the window keeps histories.
    opened = {case_id: cropped(open_case(workspace, case_id), side) for case_id in ids[:8]}
    first_mb, last_mb, first_number, began = 0.0, 0.0, 0, time.monotonic()
    print(f"{'decisions':>9} {'s':>7} {'memory MB':>10} {'files open':>11} {'trainings':>10} {'records':>8}")
    trainings = Trainings(folder)
    try:
        for number in range(1, decisions + 1):
            trainings.look()
            case_id = rng.choice(list(opened))
            acknowledged.add(one_decision(workspace, opened[case_id], rng))
            if number % max(decisions // ROWS, 1) == 0 or number == 1:
                gc.collect()
                memory_mb = resident_mb()
                last_mb = memory_mb
                if number > 1 and not first_mb:  # what is loaded once is loaded by then
                    first_mb, first_number = memory_mb, number
                files = len(list(Path("/proc/self/fd").iterdir()))
                print(
                    f"{number:9} {time.monotonic() - began:7.0f} {memory_mb:10.1f} {files:11} "
                    f"{len(trainings.codes):10} {len(acknowledged):8}",
                    flush=True,
                )
    finally:
        trainings.stop()
    store = FeedbackStore.open(workspace.project.feedback_folder)
    report, lost = store.verify(), acknowledged - set(store.record_ids())
    per_thousand = (last_mb - first_mb) / max(decisions - first_number, 1) * 1000
    print(
        f"{report.checked} records read again: {len(report.damaged)} damaged, {len(lost)} of {len(acknowledged)} lost"
    )
    print(f"exit codes of the trainings that ended: {trainings.codes}")
    for complaint in trainings.complaints:
        print(complaint)
    print(f"memory grew by {per_thousand:.1f} MB per 1,000 decisions (each record's header is kept)")
    return 1 if lost or not report.ok else 0


def cropped(opened: OpenedCase, side: int) -> OpenedCase:
    """The case with the upper left corner of its picture alone; as it is where the picture is no larger."""
    sem = opened.case.sem
    if max(sem.shape) <= side:
        return opened
    corner = SemImage.from_pixels(sem.pixels[:side, :side].copy(), sem.pixel_size.x_nm)
    return replace(opened, case=replace(opened.case, sem=corner, prediction=None))


def one_decision(workspace: Workspace, opened: OpenedCase, rng: random.Random) -> str:
    """Draft, decide, look at the states; returns the newest record's id."""
    case, document = opened.case, opened.document
    feedback = workspace.project.feedback_folder
    kind = rng.choice(("accept", "correct", "correct", "reject", "skip"))
    if kind == "correct" or (kind == "accept" and case.prediction is None):
        painted = np.zeros(case.sem.shape, np.uint8)
        top, left = (rng.randrange(max(side - 64, 1)) for side in case.sem.shape)
        painted[top : top + 64, left : left + 64] = FULL
        document = replace(document, correction=Coverage.from_array(painted))
    save_draft(feedback, Draft(case.case_id, document, image_sha256=case.sem.sha256))
    approval = Approval(kind in ("accept", "correct"), False, False)
    reason = rng.choice(REJECT_REASONS) if kind == "reject" else ""
    decision = Decision(kind, "soak", approval, reason, seconds_spent=1.0)  # type: ignore[arg-type]
    record = decide(workspace, case, document, None, decision)
    if rng.random() < 0.1:
        record = retract(workspace, record, "soak")
    workspace.store.review(case.case_id)
    drop_draft(feedback, case.case_id)
    return record


class Trainings:
    """Trainings one after the other in processes of their own, as long as it is asked for their number."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.codes, self.complaints = folder, list[int](), list[str]()
        self._process: subprocess.Popen[bytes] | None = None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115

    def look(self) -> None:
        """Note one that has ended, and start the next."""
        if self._process is not None and self._process.poll() is not None:
            self.codes.append(self._process.returncode)
            if self._process.returncode:
                self._said.seek(0)
                self.complaints.append(self._said.read().decode(errors="replace")[-2000:])
            self._process = None
        if self._process is None:
            command = [sys.executable, "-m", "semiview", "train", str(self._folder), "--epochs", "2", "--no-promote"]
            self._said.seek(0)
            self._said.truncate()
            self._process = subprocess.Popen(command, stdout=self._said, stderr=self._said, start_new_session=True)

    def stop(self) -> None:
        """End the one that runs."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait()


def resident_mb() -> float:
    """Memory of this process that lies in RAM."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("decisions", type=int, nargs="?", default=5000)
    parser.add_argument("--side", type=int, default=4096, help="crop pictures to so many px; smaller is quicker")
    parser.add_argument("--project", type=Path, help="where to unpack the example; a new folder")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(main(chosen.decisions, chosen.project or Path(temporary) / "example", chosen.side))
