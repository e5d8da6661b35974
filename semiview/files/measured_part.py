"""One measured case as a file, so that an interrupted measurement of a project can go on."""

import io
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from semiview.core.case import CaseInfo
from semiview.core.document import MeasureSettings
from semiview.core.registration import Frame
from semiview.core.sem_image import PixelSize
from semiview.files.csv_table import cell_text
from semiview.files.durable_file import write_durably
from semiview.files.measured_case import MeasuredCase
from semiview.files.registration_table import registration_columns, told_registration
from semiview.metrology.cd import CdRow
from semiview.metrology.contour import Contours
from semiview.metrology.epe import EpeTable
from semiview.metrology.epe_summary import EpeSummary
from semiview.metrology.measurement import Measurement
from semiview.metrology.roughness import RoughnessRow
from semiview.metrology.scores import ScoreRow

FACTS = "facts"
PLAIN = ("image", "image_sha256", "record_id", "tone", "cell", "layout", "measured_under", "measured_at")


def write_part(path: Path, measured: MeasuredCase) -> None:
    """Keep a measured case with all that the tables need of it; raises FileProblem if it could not be written."""
    measurement, registration = measured.measurement, measured.registration
    frame = registration.frame
    facts = {
        **{name: getattr(measured, name) for name in PLAIN},
        "info": asdict(measured.info),
        "pixel_size": asdict(measured.pixel_size),
        "settings": asdict(measured.settings),
        "warnings": measured.warnings,
        "inputs": dict(measured.inputs),
        "references": dict(measured.references),
        "registration": {name: cell_text(v, exact=True) for name, v in registration_columns(registration).items()},
        "frame": asdict(frame),
        "sources": list(measurement.outlines_px),
        "cd": [asdict(row) for row in measurement.cd],
        "scores": [asdict(row) for row in measurement.scores],
        "roughness": [asdict(row) for row in measurement.roughness],
        "epe_summary": {source: asdict(summary) for source, summary in measurement.epe_summary.items()},
        "reasons": measurement.reasons,
        "seconds": measurement.seconds,
        "scale": asdict(measurement.scale),
    }
    text = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    columns = {each.name: getattr(measurement.epe, each.name) for each in fields(EpeTable)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{FACTS: text, **columns})
    write_durably(path, buffer.getvalue())


def read_part(path: Path) -> MeasuredCase | None:
    """What `write_part` kept; None if there is nothing, or what there is cannot be read: it is measured anew then.

    Spectra, outlines and the edges' precision are not kept.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as held:
            told = json.loads(held[FACTS].tobytes())
            epe = EpeTable(*(held[each.name] for each in fields(EpeTable)))
        return _measured(told, epe)
    except Exception:  # a damaged archive makes its reader raise nearly anything, and costs no more than a measurement
        return None


def _measured(told: dict[str, Any], epe: EpeTable) -> MeasuredCase:
    frame = told["frame"]
    placed = Frame(tuple(frame["centre_px"]), tuple(frame["centre_nm"]), frame["nm_per_px"], frame["mirrored"])
    info = CaseInfo(**told["info"])
    measurement = Measurement(
        contours=dict.fromkeys(told["sources"], Contours(())),
        epe=epe,
        cd=tuple(CdRow(**row) for row in told["cd"]),
        scores=tuple(ScoreRow(**row) for row in told["scores"]),
        epe_summary={source: EpeSummary(**summary) for source, summary in told["epe_summary"].items()},
        reasons=tuple(told["reasons"]),
        seconds=told["seconds"],
        roughness=tuple(RoughnessRow(**row) for row in told["roughness"]),
        scale=PixelSize(**told["scale"]),
    )
    return MeasuredCase(
        info=info,
        pixel_size=PixelSize(**told["pixel_size"]),
        registration=told_registration(told["registration"], info.case_id, placed),
        measurement=measurement,
        warnings=tuple(told["warnings"]),
        settings=MeasureSettings(**told["settings"]),
        inputs=told["inputs"],
        references={name: (value, sigma) for name, (value, sigma) in told["references"].items()},
        **{name: told[name] for name in PLAIN},
    )
