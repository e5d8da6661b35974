"""Predictors by name: the classical one, ONNX files, and what other packages offer."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from semiview.learning.checkpoint_file import load_network
from semiview.learning.inference import predict
from semiview.learning.onnx_export import export
from semiview.learning.predictors import checked, classical, predictor_names, predictor_of
from semiview.learning.tiles import Tiling
from tests.learning.conftest import fresh_checkpoint

SIZE = (float("nan"), float("nan"))
PLUGIN = """
import numpy as np
def half(argument):
    if argument == "fail":
        raise RuntimeError("no licence")
    return lambda pixels, design, nm_per_px: np.full(pixels.shape, float(argument or 0.5))
"""


class AlwaysCut(Tiling):
    """Tiles even where the picture could be seen at once."""

    whole_px2 = 0


def picture(noise: float = 15.0) -> tuple[np.ndarray, np.ndarray]:
    material = np.zeros((96, 128), bool)
    material[20:70, 30:100] = True
    grey = 60 + 120 * ndimage.gaussian_filter(material.astype(float), 1)
    return np.clip(grey + noise * np.random.default_rng(0).standard_normal(grey.shape), 0, 255).astype(
        np.uint8
    ), material


def test_that_the_classical_predictor_finds_bright_material_without_a_checkpoint():
    pixels, material = picture()
    probability = classical(pixels, None, SIZE)
    assert ((probability >= 0.5) == material).mean() > 0.99
    assert probability.dtype == np.float32


def test_that_a_flat_picture_is_undecided():
    assert (classical(np.full((40, 40), 9, np.uint8), None, SIZE) == 0.5).all()


def test_that_an_onnx_file_answers_as_the_checkpoint_it_was_written_from(tmp_path: Path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    checkpoint, out = fresh_checkpoint(tmp_path / "a.safetensors"), tmp_path / "a.onnx"
    subprocess.run([sys.executable, "-m", "semiview.learning.onnx_export", str(checkpoint), str(out)], check=True)
    network, _ = load_network(checkpoint)
    pixels, _ = picture()
    answer = predictor_of(f"onnx:{out}")(pixels, None, SIZE)
    np.testing.assert_allclose(answer, predict(network, pixels), atol=1e-4)


@pytest.mark.slow
def test_that_a_large_picture_goes_through_onnxruntime_in_tiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    onnx_network = pytest.importorskip("semiview.learning.onnx_network")
    pytest.importorskip("onnx")
    checkpoint, out = fresh_checkpoint(tmp_path / "a.safetensors"), tmp_path / "a.onnx"
    export(checkpoint, out)
    network, _ = load_network(checkpoint)
    pixels = np.random.default_rng(0).integers(0, 255, (300, 600)).astype(np.uint8)
    monkeypatch.setattr(onnx_network, "TILING", AlwaysCut(32, 256, 512, 256))
    assert len(list(onnx_network.TILING.tiles(pixels.shape))) == 2 * 3
    answer = onnx_network.onnx_predictor(str(out))(pixels, None, SIZE)
    np.testing.assert_allclose(answer, predict(network, pixels), atol=1e-4)


def test_that_what_an_installed_package_offers_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "half_a_plugin.py").write_text(PLUGIN)
    info = tmp_path / "half_a_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: half-a-plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[semiview.predictors]\nhalf = half_a_plugin:half\nlost = nowhere:it\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert predictor_names()[0] == "classical"
    assert "half" in predictor_names()
    pixels, _ = picture()
    assert (predictor_of("half:0.25")(pixels, None, SIZE) == 0.25).all()
    for name, sentence in (
        ("half:fail", "no licence"),
        ("lost", "cannot be loaded"),
        ("none", "There is no predictor"),
    ):
        with pytest.raises(ValueError, match=sentence):
            predictor_of(name)


@pytest.mark.parametrize("answer", [np.zeros((3, 3)), np.full((4, 4), 2.0), np.full((4, 4), np.nan)])
def test_that_an_answer_that_is_no_probability_is_refused(answer: np.ndarray):
    with pytest.raises(ValueError, match="answered"):
        checked(answer, (4, 4))
