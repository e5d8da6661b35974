"""The checkpoint that ships with the program, and the script that makes it."""

import subprocess
import sys

import numpy as np
import pytest

from semiview.learning.checkpoint_file import load_network
from semiview.learning.evaluation import score
from semiview.learning.inference import predict_scaled
from semiview.learning.registry import read_reference, starter_path
from semiview.learning.simulated_samples import PATTERN_TYPES, simulated_sample
from semiview.learning.starter import HELD_OUT_SEED, STARTER_ID


@pytest.fixture(scope="module")
def starter():
    return load_network(starter_path())[0]


def test_that_the_shipped_checkpoint_is_small_and_says_what_it_is():
    reference = read_reference(starter_path())
    assert reference.id == STARTER_ID
    assert starter_path().stat().st_size < 10_000_000
    card = reference.card
    assert "semiview.learning.starter" in card["command"]
    assert "simulated" in card["training_data"]
    assert set(card["held_out"]["figures"]) == {*PATTERN_TYPES, "all"}


@pytest.mark.parametrize("pattern_type", ["line_space", "logic", "contact"])
def test_that_the_shipped_checkpoint_finds_fields_it_never_saw(starter, pattern_type):
    found = []
    for seed in range(4):
        sample = simulated_sample(HELD_OUT_SEED + 777_000 + seed, pattern_type, least_dose=20.0, side_px=256)
        found.append(score(sample, predict_scaled(starter, sample.pixels)).iou)
    assert np.median(found) > 0.9


@pytest.mark.slow
def test_that_the_script_makes_a_checkpoint_that_loads(tmp_path):
    out = tmp_path / "made" / "starter.safetensors"
    command = [sys.executable, "-m", "semiview.learning.starter", "--out", str(out), "--steps", "1"]
    subprocess.run(command, check=True, capture_output=True, timeout=500)
    network, reference = load_network(out)
    assert reference.id == STARTER_ID
    assert "--steps 1 " in reference.card["command"]
    assert out.with_suffix(".json").exists()
    assert not network.training
