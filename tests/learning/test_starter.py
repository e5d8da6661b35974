"""The checkpoint that ships with the program, and the script that makes it."""

import subprocess
import sys

import numpy as np
import pytest

from semiview.learning.checkpoint_file import load_network
from semiview.learning.evaluation import contour_errors_px, score
from semiview.learning.inference import predict_scaled
from semiview.learning.networks import PatternNet
from semiview.learning.placement_examples import as_measured
from semiview.learning.registry import read_reference, shipped_paths, starter_path
from semiview.learning.simulated_samples import PATTERN_TYPES, simulated_sample
from semiview.learning.starter import HELD_OUT_SEED, MEASURED, STARTER_ID, learned_placements


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
    figures = card["held_out"]["figures"]
    assert set(figures) == {*PATTERN_TYPES, "all"}
    assert figures["all"]["iou"] >= 0.97
    assert figures["all"]["mean_epe_px"] <= 0.3


@pytest.mark.parametrize("pattern_type", ["line_space", "logic", "contact"])
def test_that_the_shipped_checkpoint_finds_fields_it_never_saw(starter, pattern_type):
    found = []
    for seed in range(4):
        sample = simulated_sample(HELD_OUT_SEED + 777_000 + seed, pattern_type, least_dose=20.0, side_px=256)
        found.append(score(sample, predict_scaled(starter, sample.pixels)).iou)
    assert np.median(found) > 0.9


def test_that_the_shipped_checkpoint_knows_how_far_its_edges_lie_off(starter):
    bare = PatternNet()
    bare.load_state_dict({name: tensor for name, tensor in starter.state_dict().items() if "placement" not in name})
    off: dict[PatternNet, list[float]] = {bare: [], starter: []}
    for seed in range(HELD_OUT_SEED + 888_000, HELD_OUT_SEED + 888_012):
        sample = simulated_sample(seed, "line_space", least_dose=20.0)
        for network, found in off.items():
            errors = contour_errors_px(predict_scaled(network, sample.pixels), sample.target, sample.weight < 0.5)
            found.append(abs(np.nanmedian(errors)))
    assert np.mean(off[starter]) < 0.6 * np.mean(off[bare])


@pytest.mark.slow
def test_that_the_script_makes_a_checkpoint_that_loads(tmp_path):
    out = tmp_path / "made" / "starter.safetensors"
    command = [sys.executable, "-m", "semiview.learning.starter", "--out", str(out), "--steps", "1"]
    command += ["--fields", "8", "--processes", "2"]
    subprocess.run(command, check=True, capture_output=True, timeout=500)
    network, reference = load_network(out)
    assert reference.id == STARTER_ID
    assert "--steps 1 " in reference.card["command"]
    assert out.with_suffix(".json").exists()
    assert not network.training
    assert network.placement.counts[1] == 0


def test_that_what_it_learns_does_not_depend_on_the_number_of_processes(starter, monkeypatch):
    monkeypatch.setattr("semiview.learning.starter.PLACEMENT_SHARE", 4)
    one, two = (learned_placements(starter, 8, processes) for processes in (1, 2))
    for here, there in zip(one, two, strict=True):
        assert here.counts == there.counts
        assert 4 <= here.counts[0] <= 8
        assert all((tensor == there.state_dict()[name]).all() for name, tensor in here.state_dict().items())
    assert (one[0].simulated.pulls != one[1].simulated.pulls).any()


def test_that_one_shipped_checkpoint_has_its_edges_where_contours_are_measured(starter):
    _, path = shipped_paths()
    measured, reference = load_network(path)
    assert reference.id == STARTER_ID + MEASURED
    weights = ((name, tensor) for name, tensor in starter.state_dict().items() if "placement" not in name)
    assert all((tensor == measured.state_dict()[name]).all() for name, tensor in weights)
    off: dict[PatternNet, list[float]] = {starter: [], measured: []}
    for seed in range(HELD_OUT_SEED + 999_000, HELD_OUT_SEED + 999_008):
        sample = as_measured(simulated_sample(seed, "isolated", least_dose=40.0))
        for network, found in off.items():
            errors = contour_errors_px(predict_scaled(network, sample.pixels), sample.target, sample.weight < 0.5)
            found.append(abs(np.nanmedian(errors)))
    assert np.mean(off[measured]) < 0.4 * np.mean(off[starter])
