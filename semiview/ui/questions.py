"""What the window asks or offers above the views: pixel size, tone, drafts, new predictions, failed writes."""

import math
from datetime import datetime

from PySide6.QtCore import QLocale, QObject
from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import QLineEdit

from semiview.alignment.calibration import Calibration
from semiview.core.case import Case
from semiview.core.edits import set_registration
from semiview.core.registration import Registration
from semiview.files.project import NO_PIXEL_SIZE, NO_TONE
from semiview.files.size_groups import SizeGroup
from semiview.tasks.calibrate import in_words
from semiview.ui.desk import Desk
from semiview.ui.key_guard import KeyGuard
from semiview.ui.panels.question_bar import QuestionBar
from semiview.ui.saving import Failure

LARGEST_NM_PER_PX = 10_000.0


class Questions(QObject):
    """Asks once; the answers are remembered in project.toml."""

    def __init__(self, desk: Desk, bar: QuestionBar, guard: KeyGuard, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._bar, self._guard = desk, bar, guard
        self._waved_off: set[str] = set()  # questions a person wants no more of in this project
        desk.session.case_changed.connect(self._ask_about_case)
        desk.session.workspace_changed.connect(self._workspace_changed)
        desk.predicting.offered.connect(self._offer_prediction)
        desk.predicting.failed.connect(
            lambda sentence: self._bar.ask("prediction_failed", sentence, [("Close", _nothing)])
        )
        desk.training.failed.connect(self._tell_training)
        desk.aligning.offered.connect(self._offer_registration)
        desk.aligning.failed.connect(lambda sentence: self._bar.ask("aligning", sentence, [("Close", _nothing)]))
        desk.company.met.connect(self._tell_company)
        desk.company.replaced.connect(self._tell_replaced)
        desk.gauging.failed.connect(self.tell)
        desk.calibrating.offered.connect(self._offer_calibration)
        desk.calibrating.kept.connect(self._tell_calibration)
        desk.exporting.failed.connect(lambda sentence: self._bar.ask("exporting", sentence, [("Close", _nothing)]))
        desk.saving.failed.connect(self._tell_failure)
        desk.saving.changed.connect(self._saving_changed)

    def tell(self, sentence: str) -> None:
        """Something went wrong that no panel knows of."""
        self._bar.ask("told", sentence, [("Close", _nothing)])

    def _workspace_changed(self) -> None:
        workspace = self._desk.session.workspace
        self._waved_off.clear()
        for name in self._bar.names():
            self._bar.close_question(name)
        if workspace is not None and workspace.store.read_only:
            self._bar.ask(
                "read_only",
                "Nothing may be written into this project: look and measure, but decide in a copy.",
                [("Close", _nothing)],
            )
        problems = () if workspace is None else (*workspace.project.problems, *workspace.store.problems)
        if problems:
            more = f" And {len(problems) - 1} more; the log names them." if len(problems) > 1 else ""
            self._bar.ask("problems", f"{problems[0]}{more}", [("Close", _nothing)])
            for problem in problems:
                self._desk.session.noted.emit(str(problem))
        if workspace is not None and workspace.project.edits:
            edits, answers = workspace.project.edits, [("Close", _nothing)]
            if not workspace.store.read_only:
                answers.insert(0, ("They are right" if len(edits) > 1 else "It is right", self._desk.accept_edits))
            self._bar.ask("edits", " ".join(str(edit) for edit in edits), answers)

    def _ask_about_case(self) -> None:
        for name in (
            "pixel_size",
            "tone",
            "draft",
            "prediction",
            "prediction_failed",
            "registration",
            "warnings",
            "company",
            "replaced",
        ):
            self._bar.close_question(name)
        case = self._desk.session.case
        if case is None:
            return
        if not case.sem.pixel_size.known:
            self._ask_pixel_size(SizeGroup.of(case.sem, case.info))
        elif case.design is not None and case.design.tone is None:
            self._ask_tone()
        self._tell_warnings(case)
        draft = self._desk.session.draft
        if draft is not None:
            other = "" if draft.image_sha256 in ("", case.sem.sha256) else " The image was replaced since."
            self._bar.ask(
                "draft",
                f"There is unfinished work on {case.case_id}, saved {_when(draft.saved_at)}.{other}",
                [("Take it up", self._desk.keeping.take_draft), ("Throw it away", self._desk.keeping.turn_down_draft)],
            )

    def _tell_warnings(self, case: Case) -> None:
        """What is doubtful about the case, apart from what is asked."""
        warnings = [warning for warning in case.warnings if warning not in (NO_PIXEL_SIZE, NO_TONE)]
        for warning in warnings:
            self._desk.session.noted.emit(f"{case.case_id}: {warning}")
        key = f"warnings {case.case_id}"
        if warnings and key not in self._waved_off:
            self._bar.ask("warnings", " ".join(warnings), [("Close", lambda: self._waved_off.add(key))])

    def _ask_pixel_size(self, group: SizeGroup) -> None:
        """Asked once for each group of equal magnification and size."""
        waved_off = f"pixel_size {group.in_words}"
        if waved_off in self._waved_off:
            return
        entry = QLineEdit(placeholderText="nm per px")
        entry.setObjectName("pixel_size_entry")
        numbers = QDoubleValidator(1e-4, LARGEST_NM_PER_PX, 6, entry)
        numbers.setLocale(QLocale.c())
        numbers.setNotation(QDoubleValidator.Notation.StandardNotation)
        entry.setValidator(numbers)
        entry.installEventFilter(self._guard)
        self._bar.ask(
            "pixel_size",
            f"Nobody says how large a pixel of this image is ({group.in_words}). Until then there are no nanometres, "
            "no CD and no EPE.",
            [
                ("Use for all of this kind", lambda: self._take_pixel_size(entry, group, True)),
                ("Use for the whole project", lambda: self._take_pixel_size(entry, group, False)),
                ("Later", lambda: self._waved_off.add(waved_off)),
            ],
            entry,
        )

    def _take_pixel_size(self, entry: QLineEdit, group: SizeGroup, only_group: bool) -> None:
        if entry.hasAcceptableInput() and only_group:
            self._desk.set_group_size(group, float(entry.text()))
        elif entry.hasAcceptableInput():
            self._desk.set_pixel_size(float(entry.text()))
        else:
            self._ask_pixel_size(group)
            self._desk.session.said.emit("A pixel size is a positive number of nm, with a decimal point.")

    def _ask_tone(self) -> None:
        if "tone" in self._waved_off:
            return
        self._bar.ask(
            "tone",
            "What do the drawn polygons mean? EPE waits for the answer.",
            [
                ("Raised: what is drawn stands", lambda: self._desk.set_tone("raised")),
                ("Opening: what is drawn is a hole or trench", lambda: self._desk.set_tone("opening")),
                ("Later", lambda: self._waved_off.add("tone")),
            ],
        )

    def _offer_prediction(self, case: Case) -> None:
        checkpoint = "" if case.prediction is None else case.prediction.checkpoint_id
        self._bar.ask(
            "prediction",
            f"There is a new prediction by {checkpoint}. Your correction stays either way.",
            [("Show it", lambda: self._desk.session.swap_prediction(case)), ("Not now", _nothing)],
        )

    def _offer_registration(self, found: Registration) -> None:
        session = self._desk.session
        case, document = session.case, session.document
        if case is None or document is None:
            return
        held = document.registration
        away = math.hypot(found.shift_x_nm - held.shift_x_nm, found.shift_y_nm - held.shift_y_nm)
        self._bar.ask(
            "registration",
            f"All cases were aligned. For {case.case_id} it found: {found.trust.verdict}, {away:.1f} nm from here.",
            [
                ("Take it", lambda: self._take_registration(found)),
                ("Keep what stands", _nothing),
            ],
        )

    def _take_registration(self, found: Registration) -> None:
        self._desk.session.apply("Take the alignment", lambda document: set_registration(document, found))

    def _offer_calibration(self, proposals: tuple[Calibration, ...]) -> None:
        if "calibration" in self._waved_off:
            return
        first = in_words(proposals[0])
        more = f" {len(proposals) - 1} more in the log." if len(proposals) > 1 else ""
        self._bar.ask(
            "calibration",
            f"Calibrate the pixel size? {first}.{more}",
            [
                ("Keep in the project", lambda: self._desk.calibrating.keep(proposals)),
                ("Not now", lambda: self._waved_off.add("calibration")),
            ],
        )

    def _tell_calibration(self, entries: tuple[Calibration, ...]) -> None:
        many = "The calibration is" if len(entries) == 1 else f"{len(entries)} calibrations are"
        self._bar.ask(
            "calibration",
            f"{many} kept in project.toml under {entries[0].date}. CD and roughness are read with it; registrations "
            "and EPE are as they were.",
            [("Take it back", lambda: self._desk.calibrating.take_back(entries)), ("Close", _nothing)],
        )

    def _tell_training(self, reason: str, tail: str) -> None:
        self._bar.ask(
            "training", f"Training ended: {reason} The current checkpoint is as it was.", [("Close", _nothing)]
        )
        if tail:
            self._desk.session.noted.emit(tail)

    def _tell_company(self, case_id: str, name: str) -> None:
        self._bar.ask(
            "company",
            f"{name} has {case_id} open in another window. Both decisions are kept; if they differ it is disputed.",
            [("Go to another", self._desk.open_most_valuable), ("Stay", _nothing)],
        )

    def _tell_replaced(self, case_id: str, path: str) -> None:
        self._bar.ask(
            "replaced",
            f"{path} was replaced on the disk. What you see and decide is the image of {case_id} as it was opened. "
            "Your work on it is kept as a draft.",
            [("Open it anew", self._desk.opening.reload), ("Stay", _nothing)],
        )

    def _tell_failure(self, failure: Failure) -> None:
        self._bar.ask(
            "not_saved",
            f"Not saved: {failure.what}. {failure.why} It is kept here until it can be written.",
            [("Try again", self._desk.saving.retry), ("Close", _nothing)],
        )

    def _saving_changed(self) -> None:
        if not self._desk.saving.failures and not self._desk.saving.pending:
            self._bar.close_question("not_saved")


def _nothing() -> None:
    """The bar closes; there is nothing else to do."""


def _when(iso: str) -> str:
    try:
        return datetime.fromisoformat(iso).astimezone().strftime("%d %b %H:%M")
    except ValueError:
        return "earlier"
