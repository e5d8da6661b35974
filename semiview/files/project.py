"""A project folder: its case list, its settings, and its cases as loaded values."""

import math
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import numpy as np

from semiview.alignment.calibration import Calibration, calibration_for
from semiview.core.case import Case
from semiview.core.design import Design, Tone
from semiview.core.document import MeasureSettings
from semiview.core.prediction import Prediction
from semiview.core.registration import Registration, nominal_registration
from semiview.core.sem_image import PixelSize, SemImage
from semiview.files.calibration_entries import add_calibrations, remove_calibrations
from semiview.files.case_cells import set_case_cells
from semiview.files.case_file_name import case_file_name
from semiview.files.case_list import CaseRow, paired_by_name, read_case_list
from semiview.files.design_file import GDS_SUFFIXES, DesignLibrary, layer_warnings
from semiview.files.known_files import KnownFiles, inputs_of, sha256_of_file
from semiview.files.mask_file import MASK_SUFFIXES, mask_design
from semiview.files.prediction_file import read_prediction
from semiview.files.problem import FileProblem
from semiview.files.project_settings import ProjectSettings, read_settings, write_setting
from semiview.files.registration_table import edited_registrations, update_registrations
from semiview.files.sem_image_file import load_sem_image, size_differences
from semiview.files.size_groups import GroupSize, SizeGroup, add_group_size, size_of_group

SETTINGS = "project.toml"
CASE_LIST = "cases.csv"
REGISTRATIONS = "registrations.csv"
MARGIN, MOST_MARGIN_NM = 0.2, 10_000.0  # the stage may be off by that: of the field, and at most
SCALE_ROOM, ROTATION_ROOM_DEG = 1.03, 3.0  # what alignment may find beyond the nominal frame
IMPORTED = "imported"  # checkpoint of a prediction that came with the case list
NO_PIXEL_SIZE = "The pixel size is unknown: set `nm_per_px`; until then nothing is measured in nm."
NO_TONE = "The tone is not set: say in `tone` whether what is drawn stands (raised) or is an opening."


class _Libraries:
    """Designs of a project, each parsed once even if several threads ask for it at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: dict[Path, Future[DesignLibrary]] = {}

    def open(self, path: Path) -> DesignLibrary:
        with self._lock:
            future = self._opened.get(path)
            mine = future is None
            if future is None:
                future = self._opened[path] = Future()
        if mine:
            try:
                future.set_result(DesignLibrary.open(path))
            except BaseException as problem:  # whoever waits must not wait for ever
                with self._lock:
                    del self._opened[path]  # the user may put the file right
                future.set_exception(problem)
        return future.result()


@dataclass(frozen=True, eq=False)
class Project:
    """An opened project folder; never changed, `set_...` gives a new one.

    Attributes
    ----------
    rows
        The usable rows of the case list, in its order.
    problems
        Rows, columns and settings that are not used, each with its reason.
    edits
        Tables that changed outside this program since it saw them last: told once, for a person may edit them.
    """

    folder: Path
    settings: ProjectSettings
    rows: tuple[CaseRow, ...]
    problems: tuple[FileProblem, ...] = ()
    edits: tuple[FileProblem, ...] = ()
    _libraries: _Libraries = field(default_factory=_Libraries, repr=False)

    @property
    def remarks(self) -> tuple[FileProblem, ...]:
        """All that is to be said when it is opened."""
        return (*self.problems, *self.edits)

    @classmethod
    def open(cls, folder: Path) -> "Project":
        """Open a folder with cases.csv, or with images and designs that pair by name.

        Raises
        ------
        FileProblem
            If there is no such folder, its cases.csv lacks a needed column, or there are no images.
        """
        folder = folder.absolute()
        if folder.name == CASE_LIST and folder.is_file():
            folder = folder.parent
        if not folder.is_dir():
            raise FileProblem(folder, "There is no such folder.", "Choose a folder with images or a cases.csv.")
        settings, problems = read_settings(folder / SETTINGS)
        case_list = folder / CASE_LIST
        rows, more = read_case_list(case_list) if case_list.exists() else paired_by_name(folder)
        problems = (*problems, *more)
        try:
            edits = _edits(folder)
        except FileProblem as problem:  # what tells of edits is damaged itself
            edits, problems = (), (*problems, problem)
        return cls(folder, settings, rows, problems, edits)

    @cached_property
    def known_files(self) -> KnownFiles:
        """What the project's files were when they were first opened."""
        return KnownFiles(self.folder)

    def remember_tables(self, accept: bool = False) -> None:
        """Note the case list and the settings as they are, if they are new or, with `accept`, if they changed.

        Raises
        ------
        FileProblem
            If it could not be written.
        """
        self.known_files.remember(own_tables(self.folder), accept)
        if accept and self.registrations_path.exists():
            update_registrations(self.registrations_path, {})

    @property
    def settings_path(self) -> Path:
        """What holds for every case."""
        return self.folder / SETTINGS

    @property
    def registrations_path(self) -> Path:
        """What align found or a person set."""
        return self.folder / REGISTRATIONS

    @property
    def feedback_folder(self) -> Path:
        """The feedback store."""
        return self.folder / "feedback"

    @property
    def checkpoints_folder(self) -> Path:
        """Checkpoints of this project."""
        return self.folder / "checkpoints"

    @property
    def predictions_folder(self) -> Path:
        """One folder of predictions a checkpoint."""
        return self.folder / "predictions"

    @property
    def runs_folder(self) -> Path:
        """One folder a training run."""
        return self.folder / "runs"

    @property
    def drift_folder(self) -> Path:
        """References of the drift monitor."""
        return self.folder / "drift"

    def prediction_path(self, checkpoint_id: str, case_id: str) -> Path:
        """Where the prediction that a checkpoint makes of a case is kept."""
        return self.predictions_folder / quote(checkpoint_id, safe="") / f"{case_file_name(case_id)}.npy"

    def measure_settings(self) -> MeasureSettings:
        """How edges are found and what counts, from project.toml."""
        return self.settings.measure

    @cached_property
    def _by_id(self) -> Mapping[str, CaseRow]:
        return {row.case_id: row for row in self.rows}

    def row(self, case_id: str) -> CaseRow:
        """One row of the case list; raises FileProblem if there is none of that name."""
        if case_id not in self._by_id:
            raise FileProblem(self.folder, f"There is no case {case_id} in the project.")
        return self._by_id[case_id]

    def load(self, case_id: str, checkpoint_id: str | None = None) -> Case:
        """One field of view with its design and its prediction; safe to call from several threads.

        Parameters
        ----------
        checkpoint_id
            Whose prediction is wanted; one named in the case list wins.

        Raises
        ------
        FileProblem
            If the case is not in the project or its image cannot be used. A design or prediction that cannot be used
            is a warning of the case, which then has none.
        """
        row = self.row(case_id)
        sem, info = load_sem_image(row.image, row.area, row.pixel_size, row.page)
        told = size_of_group(self.settings.group_sizes, SizeGroup.of(sem, row.info)) or self.settings.pixel_size
        warnings = [*info.warnings, *size_differences(info.pixel_size, told)]
        if not sem.pixel_size.known:
            sem = replace(sem, pixel_size=told)
        if not sem.pixel_size.known:
            warnings.append(NO_PIXEL_SIZE)
        nominal, design = self._design(row, sem, warnings)
        prediction = self._prediction(row, sem, checkpoint_id, warnings)
        calibrated = self.calibrated_size(row.info.tool, sem.pixel_size)
        case = Case(row.info, sem, nominal, design, prediction, tuple(warnings), calibrated)
        return replace(case, warnings=(*case.warnings, *self._changes(case)))

    def foreign_inputs(self, case: Case) -> dict[str, str]:
        """SHA-256 by path of the files of a case that others made: all but a checkpoint's prediction."""
        imported = case.prediction is not None and case.prediction.checkpoint_id == IMPORTED
        return inputs_of(case if imported else case.with_prediction(None))

    def _changes(self, case: Case) -> tuple[str, ...]:
        """Which of the case's files are not those that were opened first."""
        try:
            return tuple(self.known_files.changed(self.foreign_inputs(case)).values())
        except FileProblem as problem:
            return (str(problem),)

    def calibrated_size(self, tool: str, nominal: PixelSize) -> PixelSize | None:
        """Pixel size by the newest calibration of a tool at the magnification of a nominal size; None without one."""
        found = calibration_for(self.settings.calibrations, tool, nominal.x_nm) if nominal.known else None
        return None if found is None else PixelSize(found.x_nm, found.y_nm, f"calibration of {found.date}")

    def set_pixel_size(self, nm_per_px: float) -> "Project":
        """The project with another default pixel size, written to project.toml.

        Raises
        ------
        FileProblem
            If it could not be written.
        """
        return self._with_setting("nm_per_px", float(nm_per_px))

    def set_group_size(self, group: SizeGroup, nm_per_px: float) -> "Project":
        """The project with the pixel size of images of one kind that bring none, written to project.toml.

        Raises
        ------
        FileProblem
            If it could not be written.
        """
        add_group_size(self.settings_path, GroupSize(group, nm_per_px))
        return self._read_again()

    def set_case_size(self, case_id: str, nm_per_px: float) -> "Project":
        """The project with a pixel size that the case list states of one case, written to cases.csv.

        Raises
        ------
        FileProblem
            If it could not be written, or the project has no case list.
        """
        path = self.folder / CASE_LIST
        stated = self.row(case_id).pixel_size.known
        both = {"nm_per_px_x": "", "nm_per_px_y": ""} if stated else {}
        set_case_cells(path, case_id, {"nm_per_px": repr(float(nm_per_px)), **both})
        self._written(path)
        rows, problems = read_case_list(path)
        kept = tuple(problem for problem in self.problems if problem.path != path)
        return replace(self, rows=rows, problems=(*kept, *problems), edits=())

    def set_tone(self, tone: Tone) -> "Project":
        """The project with another default tone, written to project.toml; raises FileProblem if that failed."""
        return self._with_setting("tone", tone)

    def add_calibrations(self, calibrations: tuple[Calibration, ...]) -> "Project":
        """The project with further calibrations, written to project.toml; raises FileProblem if that failed."""
        add_calibrations(self.settings_path, calibrations)
        return self._read_again()

    def remove_calibrations(self, calibrations: tuple[Calibration, ...]) -> "Project":
        """The project without those calibrations, in project.toml too; raises FileProblem if that failed."""
        remove_calibrations(self.settings_path, calibrations)
        return self._read_again()

    def _with_setting(self, key: str, value: float | str) -> "Project":
        write_setting(self.settings_path, key, value)
        return self._read_again()

    def _read_again(self) -> "Project":
        path = self.settings_path
        self._written(path)
        settings, problems = read_settings(path)
        kept = tuple(problem for problem in self.problems if problem.path != path)
        return replace(self, settings=settings, problems=(*problems, *kept), edits=())

    def _written(self, path: Path) -> None:
        """Note what the program itself has just written: it is no edit to tell of."""
        with suppress(FileProblem):  # then it is told of, needlessly
            self.known_files.remember({str(path): sha256_of_file(path)}, accept=True)

    def _design(self, row: CaseRow, sem: SemImage, warnings: list[str]) -> tuple[Registration, Design | None]:
        """The nominal registration, and the design if there is one that can be used."""
        centre = (row.x_nm, row.y_nm)
        path = row.design
        if path is None and self.settings.design:
            path = self.folder / self.settings.design

        def nominal(centre_nm: tuple[float, float]) -> Registration:
            x_nm, y_nm = (0.0 if math.isnan(value) else value for value in centre_nm)
            return nominal_registration(sem.shape, sem.pixel_size, (x_nm, y_nm), row.rotation_deg, row.mirrored)

        if path is None:
            return nominal(centre), None
        tone = row.tone or self.settings.tone
        if tone is None:
            warnings.append(NO_TONE)
        try:
            if path.suffix.lower() in MASK_SUFFIXES:
                registration = nominal(centre)
                design = mask_design(path, registration, sem.shape, tone)
                if not design.target:
                    warnings.append(f"{path}: The mask draws nothing.")
                return registration, design
            if path.suffix.lower() not in GDS_SUFFIXES:
                kinds = ", ".join((*GDS_SUFFIXES, *MASK_SUFFIXES))
                raise FileProblem(path, "Designs of this kind are not read here.", f"It may be {kinds}.")
            library = self._libraries.open(path)
            cell, layers = library.resolved(row.layers or self.settings.layers, row.cell or self.settings.cell)
            warnings.extend((*library.warnings, *layer_warnings(layers)))
            if math.isnan(row.x_nm):
                x_min, y_min, x_max, y_max = library.bounds_nm(layers, cell)
                centre = ((x_min + x_max) / 2, (y_min + y_max) / 2)
            registration = nominal(centre)
            if not sem.pixel_size.known:
                return registration, None
            design = library.design(design_field_nm(registration, sem.shape), layers, tone, cell)
            if not design.target:
                x_nm, y_nm = centre
                warnings.append(f"Nothing is drawn near {x_nm:.0f}, {y_nm:.0f} nm: check `x_nm`, `y_nm` and `layers`.")
            return registration, design
        except FileProblem as problem:
            warnings.append(str(problem))
            return nominal(centre), None

    def _prediction(
        self, row: CaseRow, sem: SemImage, checkpoint_id: str | None, warnings: list[str]
    ) -> Prediction | None:
        made = None if checkpoint_id is None else self.prediction_path(checkpoint_id, row.case_id)
        try:
            if row.prediction is not None:
                return read_prediction(row.prediction, sem, IMPORTED)
            if made is not None and checkpoint_id is not None and made.exists():
                return read_prediction(made, sem, checkpoint_id)
        except FileProblem as problem:
            warnings.append(str(problem))
        return None


def own_tables(folder: Path) -> dict[str, str]:
    """SHA-256 by path of the tables of a project that a person edits; empty where there is none."""
    return {str(folder / name): sha256_of_file(folder / name) for name in (CASE_LIST, SETTINGS)}


def _edits(folder: Path) -> tuple[FileProblem, ...]:
    known = KnownFiles(folder)
    advice = "If you edited it, all is well; if not, put it back."
    changed = [
        FileProblem(Path(path), f"It changed since {day}.", advice)
        for path, day in known.days(own_tables(folder)).items()
    ]
    path = folder / REGISTRATIONS
    registrations = edited_registrations(path) if path.exists() else None
    return (*changed, *([registrations] if registrations else []))


def design_field_nm(nominal: Registration, shape: tuple[int, int]) -> tuple[float, float, float, float]:
    """Box in design nm that holds all the design which alignment may bring into the picture.

    The picture and 20 % of it (at most 10 um) on each side, with room for 3 % scale and 3 degrees.
    """
    height, width = shape
    margin_px = np.minimum(MARGIN * np.array([width, height]), MOST_MARGIN_NM / nominal.frame.nm_per_px)
    half = (np.array([width, height]) / 2 + margin_px) * SCALE_ROOM
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half + np.array(nominal.frame.centre_px)
    placed = np.concatenate(
        [nominal.turned(turn).to_nm(corners) for turn in (-ROTATION_ROOM_DEG, 0.0, ROTATION_ROOM_DEG)]
    )
    (x_min, y_min), (x_max, y_max) = placed.min(axis=0).tolist(), placed.max(axis=0).tolist()
    return x_min, y_min, x_max, y_max
