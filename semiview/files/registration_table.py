"""Table registrations.csv: what align found or a person set, and what each row is relative to."""

import hashlib
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np

from semiview.core.case import Case
from semiview.core.registration import PARAMETERS, Frame, Registration, RegistrationClass, Transform, Trust, Verdict
from semiview.files.csv_table import cell_text, read_table, table_bytes
from semiview.files.durable_file import exclusive_lock, write_durably
from semiview.files.problem import FileProblem

TRUST_NUMBERS = ("residual_nm", "sigma_x_nm", "sigma_y_nm", "peak_ratio", "free_axis_deg")
RELATIVE_TO = ("x_nm", "y_nm", "nm_per_px", "image_sha16", "crop", "mirrored")
COLUMNS = (
    *("case_id", *PARAMETERS, "class", "verdict", *TRUST_NUMBERS, "method", "transform", "cov", "alternatives"),
    *(*RELATIVE_TO, "status", "reason", "row_sha16", "table_sha16"),
)
NEEDED = ("case_id", *PARAMETERS, "verdict", "method", "transform", *RELATIVE_TO[:4])
SENTENCES = " | "  # between the grounds in `reason`
SAME_NM, SAME_SHARE = 1e-3, 1e-6


def registration_columns(registration: Registration) -> dict[str, float | str | None]:
    """The cells of a row that tell the registration itself; None for NaN."""
    trust = registration.trust
    numbers = {
        **dict(zip(PARAMETERS, registration.parameters.tolist(), strict=True)),
        **{name: float(getattr(trust, name)) for name in TRUST_NUMBERS},
    }
    covariance = [] if trust.covariance is None else trust.covariance.ravel().tolist()
    texts = {
        "class": trust.registration_class,
        "verdict": trust.verdict,
        "method": registration.method,
        "transform": registration.transform,
        "cov": ";".join(cell_text(value, exact=True) for value in covariance),
        "alternatives": ";".join(",".join(repr(float(value)) for value in shift) for shift in trust.alternatives),
        "status": "ok" if registration.unusable_because is None else registration.unusable_because,
        "reason": SENTENCES.join(trust.grounds),
    }
    return {**{name: None if math.isnan(value) else value for name, value in numbers.items()}, **texts}


def read_registrations(path: Path) -> dict[str, Mapping[str, str]]:
    """The rows of registrations.csv by case; none if there is no such file.

    Raises
    ------
    FileProblem
        If the file cannot be read or lacks a column.
    """
    return {row["case_id"]: row for row in read_table(path, NEEDED)}


def registration_of(row: Mapping[str, str], case: Case) -> Registration:
    """The registration that a row of `read_registrations` tells, in the case's nominal frame.

    Raises
    ------
    FileProblem
        If the row was made for another image, place, pixel size or picture area, or cannot be read.
    """
    _check_row(row)
    own = _relative_to(case)
    # Rows of a hand or of another tool may leave out the last two.
    for name in (column for column in RELATIVE_TO if column in RELATIVE_TO[:4] or row.get(column)):
        if not _same(name, row[name], own[name]):
            raise FileProblem(
                "registrations.csv",
                f"The row of {case.case_id} is of another {_WORDS[name]} ({row[name] or 'none'}, now {own[name]}).",
                "Align the case again.",
            )
    return told_registration(row, case.case_id, case.nominal.frame)


def recorded_registration(row: Mapping[str, str]) -> Registration:
    """The registration that a row tells, in the frame that the row itself names: of the picture it was made for.

    Raises
    ------
    FileProblem
        If it cannot be read.
    """
    _check_row(row)
    try:
        left, top, right, bottom = (int(part) for part in (row.get("crop") or "0,0,1,1").split(","))
        middle_px = ((right - left - 1) / 2, (bottom - top - 1) / 2)
        place = (_number(row["x_nm"]), _number(row["y_nm"]))
        frame = Frame(middle_px, place, _number(row["nm_per_px"]), row.get("mirrored") == "yes")
    except ValueError as error:
        raise _unreadable(row["case_id"], error) from error
    return told_registration(row, row["case_id"], frame)


def told_registration(row: Mapping[str, str], case_id: str, frame: Frame) -> Registration:
    """The registration that the cells of `registration_columns` tell, in a frame; raises FileProblem if they cannot."""
    try:
        trust = Trust(
            _choice(row["verdict"], get_args(Verdict)),
            _choice(row.get("class", ""), get_args(RegistrationClass)),
            residual_nm=_number(row.get("residual_nm", "")),
            sigma_x_nm=_number(row.get("sigma_x_nm", "")),
            sigma_y_nm=_number(row.get("sigma_y_nm", "")),
            peak_ratio=_number(row.get("peak_ratio", "")),
            free_axis_deg=_number(row.get("free_axis_deg", "")),
            covariance=_covariance(row.get("cov", "")),
            alternatives=_alternatives(row.get("alternatives", "")),
            grounds=tuple(row["reason"].split(SENTENCES)) if row.get("reason") else (),
        )
        shift_x_nm, shift_y_nm, rotation_deg, scale_x, scale_y, shear = (float(row[name]) for name in PARAMETERS)
        transform: Transform = _choice(row["transform"], get_args(Transform)) or "shift"
        method = row["method"]
        return Registration(
            frame, shift_x_nm, shift_y_nm, rotation_deg, scale_x, scale_y, shear, transform, method, trust
        )
    except ValueError as error:
        raise _unreadable(case_id, error) from error


def row_sha16(row: Mapping[str, str]) -> str:
    """First 16 digits of the SHA-256 over the cells of a row that this program writes."""
    return _sha16(f"{name}={row[name]}" for name in COLUMNS[: COLUMNS.index("row_sha16")] if row.get(name))


def edited_registrations(path: Path) -> FileProblem | None:
    """What to say of a table whose rows are not those that this program wrote last, in their order; None if they are.

    A row that changed has a hash of its own; this one tells rows that were taken out, put in, doubled or moved. It
    stands in the first row alone, so that the others stay as they are. Tables of older versions have none.

    Raises
    ------
    FileProblem
        If the table cannot be read.
    """
    rows = read_table(path, NEEDED)
    sealed = not rows or "table_sha16" in rows[0]  # no row at all is what a cut leaves
    if not path.exists() or not sealed or (rows and rows[0]["table_sha16"] == table_sha16(rows)):
        return None
    return FileProblem(
        path,
        "Its rows are not those that were written last.",
        "If you edited it, all is well; if not, put it back or align again.",
    )


def table_sha16(rows: Iterable[Mapping[str, str]]) -> str:
    """First 16 digits of the SHA-256 over the cases and hashes of all rows, in their order."""
    return _sha16(f"{row['case_id']}={row.get('row_sha16', '')}" for row in rows)


def _sha16(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _check_row(row: Mapping[str, str]) -> None:
    """Rows of a hand or of another tool have no hash; those of this program are as it wrote them."""
    if row.get("row_sha16") and row["row_sha16"] != row_sha16(row):
        raise FileProblem(
            "registrations.csv",
            f"The row of {row['case_id']} is not as it was written.",
            "Align the case again; or, if you edited it, empty its cell `row_sha16`.",
        )


def _unreadable(case_id: str, error: ValueError) -> FileProblem:
    return FileProblem("registrations.csv", f"The row of {case_id} cannot be read ({error}).", "Align the case again.")


def update_registrations(path: Path, found: Mapping[str, tuple[Registration, Case]]) -> None:
    """Put rows in or in place of older ones, durably and under a lock; all other rows stay as they are.

    Raises
    ------
    FileProblem
        If the table cannot be read, locked or written; it is unchanged then.
    """
    with exclusive_lock(path):
        rows = read_registrations(path)
        for case_id, (registration, case) in found.items():
            cells = {"case_id": case_id, **_relative_to(case)}
            cells |= {name: cell_text(value, exact=True) for name, value in registration_columns(registration).items()}
            rows[case_id] = cells | {"row_sha16": row_sha16(cells)}
        foreign = sorted({name for row in rows.values() for name in row} - set(COLUMNS))
        columns = (*COLUMNS, *foreign)
        sealed = [{**row, "table_sha16": ""} for row in rows.values()]
        if sealed:
            sealed[0]["table_sha16"] = table_sha16(sealed)
        write_durably(path, table_bytes(columns, ([row.get(name, "") for name in columns] for row in sealed)))


_WORDS = {
    "x_nm": "place",
    "y_nm": "place",
    "nm_per_px": "pixel size",
    "image_sha16": "image",
    "crop": "picture area",
    "mirrored": "mirroring",
}


def _relative_to(case: Case) -> dict[str, str]:
    frame, area = case.nominal.frame, case.sem.area
    return {
        "x_nm": repr(float(frame.centre_nm[0])),
        "y_nm": repr(float(frame.centre_nm[1])),
        "nm_per_px": cell_text(float(frame.nm_per_px), exact=True),
        "image_sha16": case.sem.sha256[:16],
        "crop": f"{area.left},{area.top},{area.right},{area.bottom}",
        "mirrored": "yes" if frame.mirrored else "no",
    }


def _same(name: str, told: str, own: str) -> bool:
    if name not in ("x_nm", "y_nm", "nm_per_px"):
        return told == own
    try:
        first, second = _number(told), _number(own)
    except ValueError:
        return False
    if math.isnan(first) or math.isnan(second):
        return math.isnan(first) and math.isnan(second)
    return abs(first - second) <= (SAME_SHARE * second if name == "nm_per_px" else SAME_NM)


def _choice(text: str, choices: tuple[Any, ...]) -> Any:
    if not text:
        return None
    if text not in choices:
        raise ValueError(f'"{text}" is none of {", ".join(choices)}')
    return choices[choices.index(text)]


def _number(text: str) -> float:
    return float(text) if text else math.nan


def _covariance(text: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]] | None:
    if not text:
        return None
    size = len(PARAMETERS)
    values = np.array([_number(part) for part in text.split(";")], dtype=np.float64)
    if len(values) != size * size:
        raise ValueError(f"cov has {len(values)} numbers, not {size * size}")
    return values.reshape(size, size)


def _alternatives(text: str) -> tuple[tuple[float, float], ...]:
    shifts = []
    for part in filter(None, text.split(";")):
        x_nm, y_nm = (float(value) for value in part.split(","))
        shifts.append((x_nm, y_nm))
    return tuple(shifts)
