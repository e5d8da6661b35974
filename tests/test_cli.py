import json
import os
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest
from typer.testing import CliRunner

from semiview.cli import app, main


def semiview(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a person runs it."""
    env = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    env.pop("QT_QPA_PLATFORM", None)
    return subprocess.run(
        [sys.executable, "-m", "semiview", *arguments],
        env={**env, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def example(tmp_path: Path) -> Path:
    with resources.as_file(resources.files("semiview.resources") / "example") as source:
        return Path(shutil.copytree(source, tmp_path / "example"))


def test_that_info_prints_one_document_and_null_for_an_unknown_pixel_size(example: Path) -> None:
    answer = semiview("info", str(example / "images/logic-01.tif"), "--json")
    assert answer.returncode == 0
    document = json.loads(answer.stdout)
    assert document["shape"] == [512, 512]
    assert document["bits"] == 8
    assert document["nm_per_px"] is None
    assert document["nm_per_px_source"] == "unknown"
    assert document["picture_area"] == {"left": 0, "top": 0, "right": 512, "bottom": 512}


def test_that_a_list_becomes_a_project_and_what_has_no_partner_is_named(example: Path, tmp_path: Path) -> None:
    sites = tmp_path / "sites.csv"
    sites.write_text("site;x;y\nlogic-01;-7389.24;-13735.06\nlost;0;0\n")
    words = ["--images", str(example / "images"), "--design", str(example / "chip.gds"), "--set", "cell=CHIP"]
    words += ["--flip-y", "--set", "tone=raised", "--set", "layers=target:10/0", "--json"]
    preview = CliRunner().invoke(app, ["import", str(sites), *words])
    document = json.loads(preview.stdout)
    assert (preview.exit_code, document["project"], document["lines_left"]) == (1, None, ["line 3: site lost"])
    CliRunner().invoke(app, ["import", str(sites), "--out", str(tmp_path / "new"), *words])
    again = ["--recipe", str(tmp_path / "new" / "import.toml"), "--out", str(tmp_path / "second")]
    assert CliRunner().invoke(app, ["import", str(sites), *words[:4], *again]).exit_code == 1
    first, second = ((tmp_path / name / "cases.csv").read_text() for name in ("new", "second"))
    assert first == second
    assert "13735060" in first


def test_that_info_names_the_cells_and_layers_of_a_layout(example: Path) -> None:
    document = json.loads(semiview("info", str(example / "chip.gds"), "--json").stdout)
    assert "CHIP" in document["top_cells"]
    assert "10/0" in document["layers"]


def test_that_a_file_that_cannot_be_read_is_named_with_what_to_do(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tif"
    broken.write_bytes(b"II*\0" + bytes(10))
    answer = semiview("info", str(broken), "--json")
    assert answer.returncode == 1
    assert str(broken) in json.loads(answer.stdout)["error"]["path"]
    assert str(broken) in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["measure", "somewhere"],
        ["align", "/no/such/folder"],
        ["align"],
        ["info", "--frobnicate"],
        ["checkpoints", "frobnicate"],
    ],
)
def test_that_wrong_use_ends_with_2(arguments: list[str]) -> None:
    answer = semiview(*arguments)
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr


def test_that_brackets_in_a_name_are_printed_as_they_are(tmp_path: Path) -> None:
    for name in ("[bold]lot 3", "[/red]lot 3"):
        answer = semiview("align", str(tmp_path / name.replace("/", "")))
        assert name.replace("/", "") in answer.stderr.replace("\n", "")
        answer = semiview("align", str(tmp_path), "--method", name)
        assert name in answer.stderr
        assert "Traceback" not in answer.stderr


def test_that_a_method_nobody_knows_is_wrong_use(example: Path) -> None:
    answer = semiview("align", str(example), "--method", "magic")
    assert answer.returncode == 2
    assert "magic" in answer.stderr


def test_that_a_case_nobody_knows_is_wrong_use(example: Path) -> None:
    answer = semiview("align", str(example), "--case", "no-such-case")
    assert answer.returncode == 2
    assert "no-such-case" in answer.stderr


def test_that_a_first_word_that_is_no_command_is_a_project_and_no_display_is_a_sentence(example: Path) -> None:
    for arguments in ([str(example)], ["open", str(example)], []):
        answer = semiview(*arguments)
        assert answer.returncode == 2
        assert "display" in answer.stderr
        assert "Traceback" not in answer.stderr
        assert "Aborted" not in answer.stderr


def test_that_align_and_measure_fill_the_tables_of_the_example(example: Path, tmp_path: Path) -> None:
    aligned = semiview("align", str(example), "--json", "--case", "logic-01", "--case", "logic-02")
    assert aligned.returncode == 0, aligned.stderr
    assert set(json.loads(aligned.stdout)["registrations"]) == {"logic-01", "logic-02"}
    out = tmp_path / "tables"
    measured = semiview("measure", str(example), "--out", str(out), "--json", "--case", "logic-01")
    assert measured.returncode == 0, measured.stderr
    summary = json.loads(measured.stdout)
    assert summary["cases"] == summary["ok"] == 1
    assert summary["epe"]["n"] > 1000
    assert {path.name for path in out.iterdir()} >= {
        "gauges.csv",
        "epe.csv",
        "scores.csv",
        "summary.json",
        "manifest.json",
    }


def test_that_a_case_without_registration_ends_with_1_and_is_named(example: Path, tmp_path: Path) -> None:
    answer = semiview("measure", str(example), "--out", str(tmp_path / "tables"), "--json", "--case", "logic-01")
    assert answer.returncode == 1
    assert json.loads(answer.stdout)["failed"][0]["case"] == "logic-01"
    assert "unregistered" in answer.stderr


def test_that_the_store_of_an_empty_project_is_whole(example: Path) -> None:
    answer = semiview("store", "verify", str(example), "--json")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == {"ok": True, "checked": 0, "damaged": [], "problems": []}


def test_that_the_shipped_checkpoint_is_current_until_another_is_promoted(example: Path) -> None:
    document = json.loads(semiview("checkpoints", "list", str(example), "--json").stdout)
    assert [entry["id"] for entry in document["checkpoints"] if entry["current"]] == [document["current"]]
    assert semiview("checkpoints", "promote", str(example), "no-such-checkpoint").returncode == 2
    assert semiview("checkpoints", "rollback", str(example)).returncode == 1


def test_that_every_command_has_a_help_text() -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["--help"]).exit_code == 0
    for command in ("open", "info", "demo", "align", "predict", "measure", "report", "remeasure", "train"):
        answer = runner.invoke(app, [command, "--help"])
        assert answer.exit_code == 0
        assert command in answer.output


def test_that_the_version_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["semiview", "--version"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (0, None)
    assert "semiview" in capsys.readouterr().out


@pytest.mark.slow
def test_that_the_whole_loop_runs_without_a_window_and_its_errors_are_small(tmp_path: Path) -> None:
    answer = semiview("demo", "--headless", "--folder", str(tmp_path / "demo"), "--json")
    document = json.loads(answer.stdout)
    assert document["failed"] == {}, answer.stderr
    assert answer.returncode == 0
    errors = document["errors"]
    assert errors["registration_median_px"] < 0.3
    assert errors["registration_worst_px"] < 1.0
    assert abs(errors["epe_mean_nm"]) < 1.0
    assert abs(errors["cd_mean_nm"]) < 2.0
    assert document["records_written"] == len(document["cases"]) == 12
    training = document["training"]
    assert training["checkpoint"]
    assert training["epochs"][-1]["train_loss"] < training["epochs"][0]["train_loss"]
    assert training["gate"]["verdict"] in ("promote", "reject", "engineer decides")
    assert training["gate"]["figures"]
    assert sum(document["seconds"].values()) < 600


def without(library: str, folder: Path) -> dict[str, str]:
    """An environment in which Qt cannot be loaded for want of a library."""
    (folder / "PySide6").mkdir()
    reason = f"{library}: cannot open shared object file: No such file or directory"
    (folder / "PySide6" / "__init__.py").write_text(f"raise ImportError({reason!r})")
    return {"PYTHONPATH": str(folder)}


def test_that_a_missing_system_library_is_a_sentence_with_its_package(tmp_path: Path) -> None:
    answer = semiview("open", str(tmp_path), **without("libEGL.so.1", tmp_path))
    assert answer.returncode == 2
    assert answer.stderr.strip() == (
        "The window cannot be opened: libEGL.so.1 is missing. Install it: apt-get install libegl1"
    )


def test_that_another_import_error_is_not_hidden(tmp_path: Path) -> None:
    (tmp_path / "PySide6").mkdir()
    (tmp_path / "PySide6" / "__init__.py").write_text("raise ImportError('something else')")
    answer = semiview("open", str(tmp_path), PYTHONPATH=str(tmp_path))
    assert "something else" in answer.stderr
    assert "apt-get" not in answer.stderr


def test_that_calibrate_without_registrations_names_the_cases_and_writes_nothing(example: Path) -> None:
    answer = CliRunner().invoke(app, ["calibrate", str(example), "--write", "--json"])
    document = json.loads(answer.stdout)
    assert (answer.exit_code, document["proposals"], document["written"]) == (1, [], [])
    assert set(document["left_out"].values()) == {"unregistered"}
