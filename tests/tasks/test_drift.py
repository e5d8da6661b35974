"""The drift monitor over a project folder: where the reference comes from, and what is watched."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import tifffile
from typer.testing import CliRunner

from semiview.cli import app
from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore
from semiview.tasks.drift import DriftReport, watch_project
from semiview.tasks.progress import result_of
from semiview.tasks.workspace import open_workspace


def picture(seed: int, contrast: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    lines = np.broadcast_to(np.arange(96) // 8 % 2, (96, 96))
    level = contrast * (1 + 0.03 * rng.standard_normal())
    return np.clip(40 + 120 * level * lines + 6 * rng.standard_normal(lines.shape), 0, 255).astype(np.uint8)


def project(folder: Path, accepted: int, later: int, contrast: float) -> Path:
    """A project whose first pictures are accepted, and whose later ones have another contrast."""
    folder.mkdir()
    rows = []
    for number in range(accepted + later):
        pixels = picture(number, 1.0 if number < accepted else contrast)
        tifffile.imwrite(folder / f"{number}.tif", pixels)
        rows.append(
            {"case_id": f"c{number:03d}", "image": f"{number}.tif", "nm_per_px": "2", "tool": "CD1", "layer_name": "M1"}
            | {"pattern_type": "line_space", "group": f"g{number}", "acquired_at": f"2026-01-01T{number:04d}"}
        )
    with (folder / "cases.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(reversed(rows))
    store = FeedbackStore.open(folder / "feedback")
    for number in range(accepted):
        record = Record.example(number, (96, 96))
        store.append(
            replace(record, case_id=f"c{number:03d}", sem=picture(number), tool="CD1", metadata={"layer_name": "M1"},
                    tables={}, prediction=None, checkpoint_id="", pattern_type="line_space", group=f"g{number}")
        )  # fmt: skip
    return folder


def watched(folder: Path, **options: bool) -> DriftReport:
    return result_of(watch_project(open_workspace(folder), **options))


def test_that_accepted_pictures_make_the_reference_and_later_ones_are_held_against_it(tmp_path: Path):
    folder = project(tmp_path / "p", 30, 45, 0.8)
    report = watched(folder)
    assert (report.reference, report.failed, report.unknown) == (1, {}, {})
    (stratum,) = report.strata
    assert stratum.reference_images == 30
    assert stratum.stratum.words == "CD1 · M1 · line space · 2 nm/px"
    assert [len(window.names) for window in stratum.windows] == [20, 20]
    assert stratum.waiting == 5
    assert stratum.windows[0].names[0] == "c030"  # by the time it was taken, not as listed
    assert stratum.state == "drift"
    assert stratum.since == "c030"
    again = watched(folder)  # from what is remembered
    assert again.strata[0].windows[1].z.tolist() == stratum.windows[1].z.tolist()
    assert sorted(path.name for path in (folder / "drift").glob("*.json")) == ["pictures.json", "reference-1.json"]
    assert watched(folder, new_reference=True).reference == 2


def test_that_without_accepted_pictures_there_is_no_reference_and_the_command_says_what_to_do(tmp_path: Path):
    folder = project(tmp_path / "p", 0, 2, 1.0)
    assert watched(folder).reference == 0
    told = CliRunner().invoke(app, ["drift", str(folder)])
    assert told.exit_code == 1
    assert "accept at least two images" in told.stderr


def test_that_pictures_unlike_any_accepted_one_are_counted_and_a_broken_one_is_named(tmp_path: Path):
    folder = project(tmp_path / "p", 3, 2, 1.0)
    rows = (folder / "cases.csv").read_text().replace("c004,4.tif,2,CD1", "c004,4.tif,2,CD2")
    (folder / "cases.csv").write_text(rows)
    (folder / "3.tif").write_bytes(b"no image")
    report = watched(folder)
    assert list(report.failed) == ["c003"]
    assert [(stratum.tool, count) for stratum, count in report.unknown.items()] == [("CD2", 1)]


def test_that_drift_json_is_one_document_and_ends_with_1_where_something_drifts(tmp_path: Path):
    folder = project(tmp_path / "p", 30, 20, 0.7)
    told = CliRunner().invoke(app, ["drift", str(folder), "--json"])
    said = json.loads(told.stdout)
    assert told.exit_code == 1
    assert said["reference"] == 1
    assert said["strata"][0]["state"] == "drift"
    assert said["strata"][0]["feature"] in ("contrast", "snr")
    assert said["strata"][0]["windows"][0]["kl"] > said["strata"][0]["windows"][0]["kl_limit"]
