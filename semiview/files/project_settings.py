"""project.toml: what holds for every case of a project unless the case list says otherwise."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_args

from semiview.alignment.calibration import Calibration
from semiview.core.design import Tone
from semiview.core.document import (
    SITE_SETTINGS,
    EdgeAlgorithm,
    EpePreset,
    MeasureSettings,
    Scale,
    with_epe_preset,
)
from semiview.core.sem_image import PixelSize
from semiview.files.calibration_entries import calibrations_in
from semiview.files.durable_file import exclusive_lock, write_durably
from semiview.files.layer_roles import LayerRole, parse_layers
from semiview.files.problem import FileProblem
from semiview.files.size_groups import GroupSize, group_sizes_in
from semiview.monitoring.decision_table import Judge
from semiview.monitoring.triggers import TriggerRules

KEYS = (
    "nm_per_px",
    "nm_per_px_x",
    "nm_per_px_y",
    "design",
    "cell",
    "layers",
    "tone",
    "measure",
    "calibration",
    "pixel_size",
    "gate",
    "retrain",
)
SOURCE = "project default"


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """Defaults of a project; the keys of project.toml have the same names."""

    pixel_size: PixelSize = field(default_factory=PixelSize)
    design: str = ""
    cell: str = ""
    layers: tuple[LayerRole, ...] = ()
    tone: Tone | None = None
    measure: MeasureSettings = field(default_factory=MeasureSettings)
    calibrations: tuple[Calibration, ...] = ()
    group_sizes: tuple[GroupSize, ...] = ()  # [[pixel_size]]: told for images of one magnification and size
    worst_epe_nm: float = float("inf")  # of [gate]: no checkpoint whose largest |EPE| error is beyond it is promoted
    judge: Judge = "shape"  # of [gate]: what has to gain for a promotion
    retrain: TriggerRules = field(default_factory=TriggerRules)


def read_settings(path: Path) -> tuple[ProjectSettings, tuple[FileProblem, ...]]:
    """Read project.toml; a wrong value is a problem and leaves that setting at its default.

    No file gives the defaults.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ProjectSettings(), ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return ProjectSettings(), (
            FileProblem(
                path, f"The settings cannot be read ({error}).", "All are at their defaults until it is put right."
            ),
        )
    problems: list[FileProblem] = []

    def taken(key: str, read: Any, default: Any) -> Any:
        try:
            return default if key not in table else read(table[key])
        except (ValueError, TypeError) as error:
            problems.append(FileProblem(path, f"{key}: {error}", "The default is used until it is put right."))
            return default

    unknown = sorted(table.keys() - set(KEYS))
    problems.extend(
        FileProblem(path, f"The key {key} is not known.", f"Keys are {', '.join(KEYS)}.") for key in unknown
    )
    both = taken("nm_per_px", _positive, float("nan"))
    x_nm, y_nm = taken("nm_per_px_x", _positive, both), taken("nm_per_px_y", _positive, both)
    worst_epe_nm, judge = taken("gate", _gate, (float("inf"), "shape"))
    settings = ProjectSettings(
        PixelSize(x_nm, y_nm, SOURCE) if x_nm > 0 and y_nm > 0 else PixelSize(),
        taken("design", _text, ""),
        taken("cell", _text, ""),
        taken("layers", lambda value: parse_layers(_text(value)), ()),
        taken("tone", lambda value: parse_tone(_text(value)), None),
        taken("measure", _measure_settings, MeasureSettings()),
        taken("calibration", calibrations_in, ()),
        taken("pixel_size", group_sizes_in, ()),
        worst_epe_nm,
        judge,
        taken("retrain", _retrain_rules, TriggerRules()),
    )
    return settings, tuple(problems)


def write_setting(path: Path, key: str, value: float | str) -> None:
    """Set one key at the top of project.toml, durably; every other line, comments included, stays as it is.

    Raises
    ------
    FileProblem
        If the file cannot be read as TOML or not be written.
    """
    line = f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value!r}"
    with exclusive_lock(path):
        try:
            old = path.read_text(encoding="utf-8") if path.exists() else ""
            tomllib.loads(old)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise FileProblem(path, f"The settings cannot be read ({error}).", "Put it right first.") from error
        head, tables = _before_tables(old)
        pattern = re.compile(rf"^[ \t]*{key}[ \t]*=.*$", re.MULTILINE)
        if pattern.search(head):
            head = pattern.sub(lambda _: line, head, count=1)
        else:
            head = f"{head.rstrip()}\n{line}\n".lstrip() + ("\n" if tables else "")
        new = head + tables
        if tomllib.loads(new).get(key) != value:
            raise FileProblem(path, f"{key} stands in a form this program does not change.", f"Write {line} there.")
        write_durably(path, new.encode())


def parse_tone(text: str) -> Tone | None:
    """`raised`, `opening` or, for a blank, None; raises ValueError for anything else."""
    if not text:
        return None
    tone = next((each for each in get_args(Tone) if each == text), None)
    if tone is None:
        raise ValueError(f'the tone "{text}" is not known; it is raised (drawn = standing) or opening.')
    known: Tone = tone
    return known


def _before_tables(text: str) -> tuple[str, str]:
    found = re.search(r"^[ \t]*\[", text, re.MULTILINE)
    return (text, "") if found is None else (text[: found.start()], text[found.start() :])


def _measure_settings(table: Any) -> MeasureSettings:
    if not isinstance(table, Mapping):
        raise TypeError("it is a table: [measure]")
    known = {each.name: each.default for each in fields(MeasureSettings)}
    for key, value in table.items():
        if key not in known:
            raise ValueError(f"the key {key} is not known; keys are {', '.join(known)}.")
        if key == "edge_algorithm":
            if value not in get_args(EdgeAlgorithm):
                raise ValueError(
                    f'the edge algorithm "{value}" is not known; {", ".join(get_args(EdgeAlgorithm))} are.'
                )
        elif key == "scale":
            if value not in get_args(Scale):
                raise ValueError(f'the scale "{value}" is not known; {", ".join(get_args(Scale))} are.')
        elif key == "epe_preset":
            if value not in get_args(EpePreset):
                named = ", ".join(each for each in get_args(EpePreset) if each)
                raise ValueError(f'the EPE preset "{value}" is not known; {named} is.')
        elif key == "rows_averaged":
            if not (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
                raise ValueError(f"rows_averaged is a whole number from 1, not {value!r}.")
        else:
            _positive(value)
    preset: EpePreset = table.get("epe_preset", "")
    own = [name for name in SITE_SETTINGS if name in table]
    if preset and own:
        raise ValueError(f"{own[0]} is told by the EPE preset {preset} already; leave out one of the two.")
    return replace(with_epe_preset(MeasureSettings(), preset), **table)


def _gate(table: Any) -> tuple[float, Judge]:
    if not isinstance(table, Mapping) or table.keys() - {"worst_epe_nm", "judge"}:
        raise TypeError("it is a table, [gate], with the keys worst_epe_nm and judge.")
    judge: Judge = table.get("judge", "shape")
    if judge not in get_args(Judge):
        raise ValueError(f'the judge is "shape" (IoU decides) or "edges" (EPE decides), not {judge!r}.')
    return _positive(table["worst_epe_nm"]) if "worst_epe_nm" in table else float("inf"), judge


def _retrain_rules(table: Any) -> TriggerRules:
    if not isinstance(table, Mapping):
        raise TypeError("it is a table: [retrain]")
    known = {each.name: each.default for each in fields(TriggerRules)}
    for key, value in table.items():
        if key not in known:
            raise ValueError(f"the key {key} is not known; keys are {', '.join(known)}.")
        whole = isinstance(known[key], int)
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            raise ValueError(f"{key} is a {'whole ' if whole else ''}number, not {value!r}.")
    return TriggerRules(**table)


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ValueError(f"a positive number is wanted, not {value!r}.")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text in quotes is wanted, not {value!r}.")
    return value
