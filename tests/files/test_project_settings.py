import tomllib
from pathlib import Path

import pytest

from semiview.core.document import MeasureSettings
from semiview.core.sem_image import PixelSize
from semiview.files.problem import FileProblem
from semiview.files.project_settings import ProjectSettings, read_settings, write_setting

FULL = """\
# Calibrated in May.
nm_per_px_x = 2.0
nm_per_px_y = 2.5   # the scan is not square
layers = "target:1/0; fill:2/0"
tone = "opening"
design = "chip.gds"
cell = "TOP"

[measure]
edge_algorithm = "sigmoid"
rows_averaged = 8
tolerance_nm = 3
"""


def test_that_every_key_is_read(tmp_path: Path) -> None:
    (tmp_path / "project.toml").write_text(FULL)
    settings, problems = read_settings(tmp_path / "project.toml")
    assert problems == ()
    assert settings.pixel_size == PixelSize(2.0, 2.5, "project default")
    assert [layer.role for layer in settings.layers] == ["target", "fill"]
    assert (settings.tone, settings.design, settings.cell) == ("opening", "chip.gds", "TOP")
    assert settings.measure.edge_algorithm == "sigmoid"
    assert (settings.measure.rows_averaged, settings.measure.tolerance_nm) == (8, 3)


def test_that_no_file_gives_the_defaults(tmp_path: Path) -> None:
    settings, problems = read_settings(tmp_path / "project.toml")
    assert (settings.pixel_size.known, settings.measure.tolerance_nm, problems) == (False, 15.0, ())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nm_per_px = 0", "nm_per_px: a positive number is wanted, not 0"),
        ('nm_per_px = "2"', "a positive number"),
        ('tone = "bright"', 'tone "bright" is not known'),
        ("tone = 3", "text in quotes"),
        ('layers = "M1"', "write role:layer/datatype"),
        ("nm_per_pixel = 2", "nm_per_pixel is not known. Keys are nm_per_px"),
        ("[measure]\ntolerance = 2", "the key tolerance is not known; keys are edge_algorithm"),
        ('[measure]\nedge_algorithm = "canny"', 'edge algorithm "canny" is not known'),
        ("[measure]\nrows_averaged = 0.5", "rows_averaged is a whole number"),
        ("[measure]\ntolerance_nm = -1", "positive"),
        ("measure = 3", "it is a table"),
        ("nm_per_px = ", "cannot be read"),
    ],
)
def test_that_a_wrong_setting_is_named_and_the_rest_used(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "project.toml").write_text(f'cell = "TOP"\n{text}\n')
    settings, problems = read_settings(tmp_path / "project.toml")
    assert len(problems) == 1
    assert reason in str(problems[0])
    assert settings.measure.tolerance_nm == MeasureSettings().tolerance_nm
    assert settings == ProjectSettings(cell="TOP") or "cannot be read" in reason


@pytest.mark.parametrize(
    "old", [None, "", "# mine\n", FULL, "[measure]\nrows_averaged = 2\n", "tone='raised'#x\n[a]\ntone=1"]
)
def test_that_setting_one_key_leaves_all_else(tmp_path: Path, old: str | None) -> None:
    path = tmp_path / "project.toml"
    if old is not None:
        path.write_text(old)
    write_setting(path, "tone", "raised")
    write_setting(path, "nm_per_px", 3.2813)
    expected = {**tomllib.loads(old or ""), "tone": "raised", "nm_per_px": 3.2813}
    assert tomllib.loads(path.read_text()) == expected
    assert all(line in path.read_text() for line in (old or "").splitlines() if line.startswith("#"))


def test_that_a_file_that_cannot_be_read_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "project.toml"
    path.write_text("tone = \n")
    with pytest.raises(FileProblem, match=r"cannot be read.*Put it right first"):
        write_setting(path, "tone", "raised")
    assert path.read_text() == "tone = \n"
