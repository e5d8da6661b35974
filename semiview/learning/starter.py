"""Train the checkpoint that ships with the program, on simulated SEM alone.

`python -m semiview.learning.starter --out resources/checkpoints/starter.safetensors` reproduces it on the same
versions and processor type.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semiview.files.durable_file import make_folder, write_durably
from semiview.learning.checkpoint_file import to_bytes
from semiview.learning.evaluation import contour_errors_px, score
from semiview.learning.inference import predict_scaled
from semiview.learning.messages import plain
from semiview.learning.networks import PatternNet, parameter_count
from semiview.learning.samples import draw_batch
from semiview.learning.simulated_samples import PATTERN_TYPES, simulated_sample, simulated_samples
from semiview.learning.trainer import Trainer

STARTER_ID = "starter-1"
HELD_OUT_SEED = 10_000_000
HELD_OUT_PER_TYPE = 8
HELD_OUT_DOSE = 20.0
HELD_OUT_PX = 384
REPORT_EVERY = 50
SEEDS_PER_RUN, SEEDS_PER_STAGE = 1_000_000, 100_000
WEIGHT_DECAY = 1e-2


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the training with its own schedule, on a pool of fields of which one is replaced at each step."""

    steps: int
    batch: int
    patch_px: int
    field_px: int
    pool: int
    learning_rate: float


# Many small patches first, then wide ones: what is inside of a large shape is seen at its edge alone.
STAGES = (Stage(2400, 4, 128, 256, 96, 1.5e-3), Stage(600, 2, 256, 512, 32, 1e-3))


def train_stage(network: PatternNet, number: int, stage: Stage, seed: int) -> Iterator[tuple[Trainer, float]]:
    """Train a network on; yields the trainer and the mean loss now and then, and after the last step."""
    device = torch.device("cpu")
    trainer = Trainer(network, stage.steps, stage.learning_rate, WEIGHT_DECAY, seed + 1000 * number, device)
    first = seed * SEEDS_PER_RUN + number * SEEDS_PER_STAGE
    pool = list(simulated_samples(range(first, first + stage.pool), stage.field_px))
    losses = []
    while trainer.step < stage.steps:
        field = first + stage.pool + trainer.step
        pattern_type = PATTERN_TYPES[field % len(PATTERN_TYPES)]
        pool[trainer.step % stage.pool] = simulated_sample(field, pattern_type, side_px=stage.field_px)
        losses.append(trainer.train_step(draw_batch(pool, (), stage.batch, 0, stage.patch_px, trainer.rng())))
        if len(losses) == REPORT_EVERY or trainer.step == stage.steps:
            yield trainer, float(np.mean(losses))
            losses = []


def held_out_figures(network: PatternNet, per_type: int = HELD_OUT_PER_TYPE) -> dict[str, Mapping[str, float]]:
    """IoU and |EPE| in px on simulated fields that no training run draws, per pattern type and over all."""
    figures: dict[str, Mapping[str, float]] = {}
    every: dict[str, list[float]] = defaultdict(list)
    for kind, pattern_type in enumerate(PATTERN_TYPES):
        found: dict[str, list[float]] = defaultdict(list)
        for number in range(per_type):
            sample = simulated_sample(HELD_OUT_SEED + 1000 * kind + number, pattern_type, HELD_OUT_DOSE, HELD_OUT_PX)
            probability = predict_scaled(network, sample.pixels)
            errors = np.abs(contour_errors_px(probability, sample.target, sample.weight < 0.5))
            found["iou"].append(score(sample, probability).iou)
            found["mean_epe_px"].append(float(np.nanmean(errors)))
            found["edges_found"].append(float(np.isfinite(errors).mean()))
        figures[pattern_type] = {name: float(np.nanmean(values)) for name, values in found.items()}
        for name, values in found.items():
            every[name] += values
    figures["all"] = {name: float(np.nanmean(values)) for name, values in every.items()}
    return figures


def main() -> None:
    """Train, score on held-out fields, write the file with its card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=SEEDS_PER_STAGE, help="at most so many in each stage")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(options.seed)
    network, begun = PatternNet(), time.monotonic()
    stages = [replace(stage, steps=min(stage.steps, options.steps)) for stage in STAGES]
    for number, stage in enumerate(stages):
        for trainer, loss in train_stage(network, number, stage, options.seed):
            spent = time.monotonic() - begun
            sys.stderr.write(f"stage {number + 1}, step {trainer.step} of {stage.steps}: {loss:.4f}, {spent:.0f} s\n")
        network = trainer.averaged()
    write_starter(network, stages, options.out, options.seed, options.threads)


def write_starter(network: PatternNet, stages: Sequence[Stage], out: Path, seed: int, threads: int) -> None:
    """Score on held-out fields and write the checkpoint, with the card beside it for people to read."""
    card: dict[str, Any] = {
        "id": STARTER_ID,
        "made": "by semiview.learning.starter",
        "program_version": version("semiview"),
        "parameters": parameter_count(network),
        "task": "SEM picture to probability of standing material",
        "training_data": (
            f"simulated SEM only: {sum(stage.steps + stage.pool for stage in stages)} fields of "
            f"{len(PATTERN_TYPES)} pattern types, both tones, 0.5 to 70 nm/px, features from 5 px to a quarter of the "
            "field, doses of 5 to 200 electrons a pixel"
        ),
        "stages": stages,
        "command": f"python -m semiview.learning.starter --out OUT --seed {seed} --threads {threads}",
        "seed": seed,
        "torch": torch.__version__,
        "held_out": {
            "what": (
                f"{HELD_OUT_PER_TYPE} simulated fields of {HELD_OUT_PX} px per pattern type at a dose of "
                f"{HELD_OUT_DOSE:g} and more, seeds from {HELD_OUT_SEED}"
            ),
            "figures": held_out_figures(network),
        },
        "limits": "never saw a real SEM; fine-tune on your own approved shapes",
    }
    make_folder(out.parent)
    write_durably(out, to_bytes(network, card))
    write_durably(out.with_suffix(".json"), json.dumps(plain(card), indent=1).encode() + b"\n")


if __name__ == "__main__":
    main()
