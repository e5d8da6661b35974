"""Calibrations in project.toml: one `[[calibration]]` table each, added and taken out without touching other lines."""

import json
import math
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from semiview.alignment.calibration import Calibration
from semiview.files.durable_file import exclusive_lock, write_durably
from semiview.files.problem import FileProblem

NUMBERS = {
    "nm_per_px": "stated_nm",
    "nm_per_px_x": "x_nm",
    "nm_per_px_y": "y_nm",
    "skew": "skew",
    "sigma_x_nm": "sigma_x_nm",
    "sigma_y_nm": "sigma_y_nm",
    "sigma_skew": "sigma_skew",
}
NEEDED = ("nm_per_px", "nm_per_px_x", "nm_per_px_y", "date")
_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*calibration[ \t]*\]\]", re.MULTILINE)
_ANY_HEADER = re.compile(r"^[ \t]*\[\[?[ \t]*[A-Za-z0-9_\"'][^=\n]*\]\]?[ \t]*(#.*)?$", re.MULTILINE)


def calibrations_in(value: Any) -> tuple[Calibration, ...]:
    """The entries under `calibration` of project.toml, in their order.

    Raises
    ------
    ValueError, TypeError
        If one is not what `entry_text` writes; a person may leave out all but NEEDED.
    """
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
        raise TypeError("each is a table of its own: [[calibration]]")
    return tuple(_calibration(entry, number) for number, entry in enumerate(value, 1))


def _calibration(entry: Mapping[str, Any], number: int) -> Calibration:
    known = {*NUMBERS, "tool", "date", "cases"}
    unknown, missing = sorted(entry.keys() - known), [key for key in NEEDED if key not in entry]
    if unknown or missing:
        said = f"the key {unknown[0]} is not known" if unknown else f"{missing[0]} is missing"
        raise ValueError(f"in entry {number} {said}; keys are {', '.join(('tool', 'date', *NUMBERS, 'cases'))}.")
    values = {}
    for key, name in NUMBERS.items():
        given = entry.get(key, 0.0 if key == "skew" else math.nan)
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise ValueError(f"in entry {number} {key} is a number, not {given!r}.")
        if key.startswith("nm_per_px") and not 0 < given < math.inf:
            raise ValueError(f"in entry {number} {key} is a positive number, not {given!r}.")
        values[name] = float(given)
    day = entry["date"]
    tool, cases = entry.get("tool", ""), entry.get("cases", [])
    if not isinstance(tool, str) or not isinstance(cases, list) or not all(isinstance(case, str) for case in cases):
        raise ValueError(f"in entry {number} tool is text in quotes, and cases a list of such.")
    if isinstance(day, str):  # without quotes it is a date in TOML already
        day = date.fromisoformat(day)
    if not isinstance(day, date):
        raise ValueError(f"in entry {number} date is a day such as 2026-05-01, not {day!r}.")
    return Calibration(tool, **values, case_ids=tuple(cases), date=f"{day:%Y-%m-%d}")


def entry_text(calibration: Calibration) -> str:
    """One entry as TOML."""
    lines = ["[[calibration]]", f"date = {calibration.date}", f"tool = {_quoted(calibration.tool)}"]
    numbers = [(key, getattr(calibration, name)) for key, name in NUMBERS.items()]
    lines += [f"{key} = {float(value)!r}" for key, value in numbers if math.isfinite(value)]
    lines.append(f"cases = [{', '.join(_quoted(case) for case in calibration.case_ids)}]")
    return "\n".join(lines) + "\n"


def add_calibrations(path: Path, calibrations: tuple[Calibration, ...]) -> None:
    """Append entries to project.toml, durably; every other line stays as it is.

    Raises
    ------
    FileProblem
        If the file cannot be read as TOML or not be written.
    """
    with exclusive_lock(path):
        text, table = _read(path)
        added = "\n".join(entry_text(each) for each in calibrations)
        new = f"{text.rstrip()}\n\n{added}" if text.strip() else added
        _write(
            path, new, {**table, "calibration": [*table.get("calibration", []), *tomllib.loads(added)["calibration"]]}
        )


def remove_calibrations(path: Path, calibrations: tuple[Calibration, ...]) -> None:
    """Take entries out of project.toml, durably; comments that follow them and every other line stay.

    Raises
    ------
    FileProblem
        If the file cannot be read, lacks one of them, or cannot be written.
    """
    with exclusive_lock(path):
        text, table = _read(path)
        try:
            kept = list(calibrations_in(table.get("calibration", [])))
        except (ValueError, TypeError) as error:
            raise FileProblem(path, f"calibration: {error}", "Put it right first.") from error
        entries = list(table.get("calibration", []))
        for each in calibrations:
            if each not in kept:
                raise FileProblem(path, f"The calibration of {each.date} for {each.tool or 'no tool'} is not there.")
            number = kept.index(each)
            text = _without(text, number)
            del kept[number], entries[number]
        expected = {key: value for key, value in table.items() if key != "calibration"}
        _write(path, text, {**expected, "calibration": entries} if entries else expected)


def _without(text: str, number: int) -> str:
    """The text without one entry: its header and the lines to its last key."""
    start = [found.start() for found in _HEADER.finditer(text)][number]
    body = text.index("\n", start) + 1 if "\n" in text[start:] else len(text)
    following = _ANY_HEADER.search(text, body)
    stop = len(text) if following is None else following.start()
    lines = text[body:stop].splitlines(keepends=True)
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    after = text[body + sum(map(len, lines)) :].lstrip("\n")
    before = text[:start].rstrip()
    return f"{before}\n\n{after}" if before and after else f"{before}\n" if before else after


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return text, tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileProblem(path, f"The settings cannot be read ({error}).", "Put it right first.") from error


def _write(path: Path, text: str, expected: Mapping[str, Any]) -> None:
    """Write the text if it says what is expected: a file in a form this program does not change stays as it is."""
    try:
        said: Mapping[str, Any] | None = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        said = None
    if said != expected:
        raise FileProblem(
            path, "Calibrations stand in a form this program does not change.", "Write them as [[calibration]] tables."
        )
    write_durably(path, text.encode())


def _quoted(text: str) -> str:
    """Text as TOML writes it: as JSON does, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
