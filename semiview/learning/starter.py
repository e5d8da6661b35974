"""Train the checkpoint that ships with the program, on simulated SEM alone.

`python -m semiview.learning.starter --out resources/checkpoints/starter.safetensors` reproduces it on the same
versions and processor type.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
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
from semiview.learning.simulated_samples import FIELD_PX, PATTERN_TYPES, simulated_sample, simulated_samples
from semiview.learning.trainer import Trainer

STARTER_ID = "starter-1"
HELD_OUT_SEED = 10_000_000
HELD_OUT_PER_TYPE = 8
HELD_OUT_DOSE = 20.0
HELD_OUT_PX = 384
REPORT_EVERY = 50
SEEDS_PER_RUN = 1_000_000
STEPS, BATCH, PATCH_PX, POOL = 2400, 4, 128, 96
LEARNING_RATE, WEIGHT_DECAY = 1.5e-3, 1e-2


def train_starter(steps: int, seed: int) -> Iterator[tuple[Trainer, float]]:
    """Train on a pool of simulated fields of which one is replaced at each step.

    Yields the trainer and the mean loss now and then, and after the last step.
    """
    torch.manual_seed(seed)
    trainer = Trainer(PatternNet(), steps, LEARNING_RATE, WEIGHT_DECAY, seed, torch.device("cpu"))
    first = seed * SEEDS_PER_RUN
    pool = list(simulated_samples(range(first, first + POOL)))
    losses = []
    while trainer.step < steps:
        number = first + POOL + trainer.step
        pool[trainer.step % POOL] = simulated_sample(number, PATTERN_TYPES[number % len(PATTERN_TYPES)])
        losses.append(trainer.train_step(draw_batch(pool, (), BATCH, 0, PATCH_PX, trainer.rng())))
        if len(losses) == REPORT_EVERY or trainer.step == steps:
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
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if not 1 <= options.steps <= SEEDS_PER_RUN - POOL:
        parser.error(f"--steps lies between 1 and {SEEDS_PER_RUN - POOL}")
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    begun = time.monotonic()
    for trainer, loss in train_starter(options.steps, options.seed):
        sys.stderr.write(f"step {trainer.step} of {options.steps}: {loss:.4f}, {time.monotonic() - begun:.0f} s\n")
    write_starter(trainer.averaged(), options.out, options.steps, options.seed, options.threads)


def write_starter(network: PatternNet, out: Path, steps: int, seed: int, threads: int) -> None:
    """Score on held-out fields and write the checkpoint, with the card beside it for people to read."""
    card: dict[str, Any] = {
        "id": STARTER_ID,
        "made": "by semiview.learning.starter",
        "program_version": version("semiview"),
        "parameters": parameter_count(network),
        "task": "SEM picture to probability of standing material",
        "training_data": (
            f"simulated SEM only: {steps + POOL} fields of {FIELD_PX} px and {len(PATTERN_TYPES)} pattern types, both "
            "tones, 0.5 to 70 nm/px, features of 5 to 64 px, doses of 5 to 200 electrons a pixel"
        ),
        "command": (f"python -m semiview.learning.starter --out OUT --steps {steps} --seed {seed} --threads {threads}"),
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
