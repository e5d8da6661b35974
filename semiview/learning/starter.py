"""Train the checkpoint that ships with the program, on simulated SEM alone.

`python -m semiview.learning.starter --out resources/checkpoints/starter.safetensors` reproduces it on the same
versions and processor type.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from semiview.learning.networks import WIDTH_PRESETS, PatternNet, parameter_count
from semiview.learning.samples import Sample, draw_batch
from semiview.learning.simulated_samples import (
    LARGEST_SHARE,
    PATTERN_TYPES,
    REPLAY_SEEDS,
    SMALLEST_PX,
    WIDEST_BEAM,
    replay_sha256,
    simulated_sample,
    smallest_width_px,
)
from semiview.learning.trainer import Trainer

STARTER_ID = "starter-3"
HELD_OUT_SEED = 10_000_000
HELD_OUT_PER_TYPE = 8
HELD_OUT_DOSE = 20.0
HELD_OUT_PX = 384
REPORT_EVERY = 50
SAVE_EVERY = 500
SEEDS_PER_RUN = 1_000_000
STEPS, POOL, SHOWN_BEFORE_NEXT = 9000, 96, 4
TRAINING_PX = 512
# In turn: many small patches for the variety of edges, few large ones for what is far from any edge.
SHAPES = ((8, 128), (2, 256), (1, 512))  # batch, patch in px
LEARNING_RATE, WEIGHT_DECAY = 7e-4, 1e-2


def train_starter(steps: int, seed: int, width: int, half: bool) -> Iterator[tuple[Trainer, float]]:
    """Train on a pool of simulated fields of which one is replaced at every fourth step.

    Yields the trainer and the mean loss now and then, and after the last step.
    """
    torch.manual_seed(seed)
    trainer = Trainer(PatternNet(width), steps, LEARNING_RATE, WEIGHT_DECAY, seed, torch.device("cpu"), half=half)

    def field(number: int) -> Sample:
        pattern_type = PATTERN_TYPES[number % len(PATTERN_TYPES)]
        return simulated_sample(seed * SEEDS_PER_RUN + number, pattern_type, side_px=TRAINING_PX)

    pool = [field(number) for number in range(POOL)]
    losses = []
    while trainer.step < steps:
        turn, late = divmod(trainer.step, SHOWN_BEFORE_NEXT)
        if not late:
            pool[turn % POOL] = field(POOL + turn)
        batch, patch_px = SHAPES[trainer.step % len(SHAPES)]
        losses.append(trainer.train_step(draw_batch(pool, (), batch, 0, patch_px, trainer.rng())))
        if len(losses) == REPORT_EVERY or trainer.step == steps:
            yield trainer, float(np.mean(losses))
            losses = []


@dataclass(frozen=True, slots=True)
class HeldOutField:
    """How one simulated field came out that no training run draws.

    `smallest_px` is the smallest drawn width; `mean_epe_px` the mean |EPE| over the edges found, a share of all.
    """

    pattern_type: str
    smallest_px: float
    iou: float
    mean_epe_px: float
    edges_found: float


def held_out_fields(network: PatternNet, per_type: int = HELD_OUT_PER_TYPE) -> Iterator[HeldOutField]:
    """Score `per_type` fields of each pattern type."""
    for kind, pattern_type in enumerate(PATTERN_TYPES):
        for number in range(per_type):
            seed = HELD_OUT_SEED + 1000 * kind + number
            sample = simulated_sample(seed, pattern_type, HELD_OUT_DOSE, HELD_OUT_PX)
            probability = predict_scaled(network, sample.pixels)
            errors = np.abs(contour_errors_px(probability, sample.target, sample.weight < 0.5))
            yield HeldOutField(
                pattern_type,
                smallest_width_px(seed, pattern_type, HELD_OUT_PX),
                score(sample, probability).iou,
                float(np.nanmean(errors)),
                float(np.isfinite(errors).mean()),
            )


def mean_figures(fields: Sequence[HeldOutField]) -> dict[str, float]:
    """Means over fields, by the names of a card."""
    names = ("iou", "mean_epe_px", "edges_found")
    return {name: float(np.nanmean([getattr(field, name) for field in fields])) for name in names}


def held_out_figures(network: PatternNet, per_type: int = HELD_OUT_PER_TYPE) -> dict[str, Mapping[str, float]]:
    """Mean figures per pattern type and over all."""
    fields = list(held_out_fields(network, per_type))
    figures = {kind: mean_figures([one for one in fields if one.pattern_type == kind]) for kind in PATTERN_TYPES}
    return {**figures, "all": mean_figures(fields)}


def main() -> None:
    """Train, score on held-out fields, write the file with its card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--width", type=int, choices=WIDTH_PRESETS, default=WIDTH_PRESETS[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--half", action="store_true", help="compute in bfloat16: faster where the processor has it")
    options = parser.parse_args()
    if not 1 <= options.steps <= SEEDS_PER_RUN:
        parser.error(f"--steps lies between 1 and {SEEDS_PER_RUN}")
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    begun = time.monotonic()
    unfinished = options.out.with_suffix(".unfinished")
    make_folder(unfinished.parent)
    for trainer, loss in train_starter(options.steps, options.seed, options.width, options.half):
        sys.stderr.write(f"step {trainer.step} of {options.steps}: {loss:.4f}, {time.monotonic() - begun:.0f} s\n")
        if trainer.step % SAVE_EVERY == 0:
            write_durably(unfinished, to_bytes(trainer.averaged(), {"id": f"{STARTER_ID}-step-{trainer.step}"}))
    settings = f"--steps {options.steps} --seed {options.seed} --width {options.width} --threads {options.threads}"
    write_starter(trainer.averaged(), options.out, options, settings + " --half" * options.half)
    unfinished.unlink(missing_ok=True)


def write_starter(network: PatternNet, out: Path, options: argparse.Namespace, settings: str) -> None:
    """Score on held-out fields and write the checkpoint, with the card beside it for people to read."""
    card: dict[str, Any] = {
        "id": STARTER_ID,
        "made": "by semiview.learning.starter",
        "program_version": version("semiview"),
        "parameters": parameter_count(network),
        "task": "SEM picture to probability of standing material",
        "training_data": (
            f"simulated SEM only: {POOL + -(-options.steps // SHOWN_BEFORE_NEXT)} fields of {TRAINING_PX} px and "
            f"{len(PATTERN_TYPES)} pattern types, both tones, 0.5 to 70 nm/px, features of {SMALLEST_PX:g} to "
            f"{LARGEST_SHARE * TRAINING_PX:g} px, doses of 5 to 200 electrons a pixel, the beam's standard deviation "
            f"0.5 to 2 px and at most 1/{WIDEST_BEAM:g} of the feature"
        ),
        "command": f"python -m semiview.learning.starter --out OUT {settings}",
        "seed": options.seed,
        "torch": torch.__version__,
        "held_out": {
            "what": (
                f"{HELD_OUT_PER_TYPE} simulated fields of {HELD_OUT_PX} px per pattern type at a dose of "
                f"{HELD_OUT_DOSE:g} and more, seeds from {HELD_OUT_SEED}"
            ),
            "figures": held_out_figures(network),
        },
        "replay": {
            "what": "simulated fields of these seeds, pattern types in turn; the hash is that of their grey values",
            "seeds": [REPLAY_SEEDS.start, REPLAY_SEEDS.stop],
            "sha256": replay_sha256(),
        },
        "limits": "never saw a real SEM; fine-tune on your own approved shapes",
    }
    make_folder(out.parent)
    write_durably(out, to_bytes(network, card))
    write_durably(out.with_suffix(".json"), json.dumps(plain(card), indent=1).encode() + b"\n")


if __name__ == "__main__":
    main()
