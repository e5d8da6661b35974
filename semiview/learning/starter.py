"""Train the checkpoints that ship with the program, on simulated SEM alone.

`python -m semiview.learning.starter --out resources/checkpoints/starter.safetensors` reproduces them on the same
versions and processor type: one network, whose edges lie where material ends in `starter`, and where contours are
measured in `starter-measured`.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semiview.files.durable_file import make_folder, write_durably
from semiview.learning.checkpoint_file import load_network, to_bytes
from semiview.learning.edge_placement import EdgePlacement
from semiview.learning.evaluation import contour_errors_px, score
from semiview.learning.inference import predict_scaled
from semiview.learning.messages import plain
from semiview.learning.networks import WIDTH_PRESETS, PatternNet, parameter_count
from semiview.learning.placement_examples import Example, as_measured, examples_of, stacked
from semiview.learning.samples import Sample, draw_batch
from semiview.learning.simulated_samples import (
    FIELD_PX,
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

STARTER_ID, MEASURED = "starter-4", "-measured"
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
PLACEMENT_SEED, PLACEMENT_FIELDS, PLACEMENT_DOSE = 30_000_000, 4000, 10.0
PLACEMENT_SHARE = 100  # fields that a process takes at a time


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


def learned_placements(network: PatternNet, fields: int, processes: int) -> tuple[EdgePlacement, EdgePlacement]:
    """What fields that it was not trained on tell of how far its contours lie off: material, and measured contours.

    Each process looks at its share of them on one thread, so that the result does not depend on their number.
    """
    of_fields: list[list[Example | None]] = []
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "unplaced.safetensors"
        path.write_bytes(to_bytes(network, {"id": STARTER_ID}))
        shares = [range(begin, min(begin + PLACEMENT_SHARE, fields)) for begin in range(0, fields, PLACEMENT_SHARE)]
        with ProcessPoolExecutor(processes, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
            for found in pool.map(_examples, repeat(path), shares):
                of_fields.extend(found)
                sys.stderr.write(f"edges of {len(of_fields)} of {fields} fields\n")
    of_material, of_measured = zip(*of_fields, strict=True)
    return EdgePlacement.from_simulated(*stacked(of_material)), EdgePlacement.from_simulated(*stacked(of_measured))


def _examples(checkpoint: Path, numbers: range) -> list[list[Example | None]]:
    network, _ = load_network(checkpoint)
    found = []
    for number in numbers:
        kind = PATTERN_TYPES[number % len(PATTERN_TYPES)]
        sample = simulated_sample(PLACEMENT_SEED + number, kind, PLACEMENT_DOSE)
        found.append(examples_of(network, (sample, as_measured(sample))))
    return found


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
    parser.add_argument("--fields", type=int, default=PLACEMENT_FIELDS, help="to learn the placement of edges from")
    parser.add_argument("--processes", type=int, default=1, help="that look at them; changes nothing but the time")
    parser.add_argument("--weights", type=Path, help="checkpoint that training with these options gave: train no other")
    options = parser.parse_args()
    if not 1 <= options.steps <= SEEDS_PER_RUN:
        parser.error(f"--steps lies between 1 and {SEEDS_PER_RUN}")
    if options.fields < 1 or options.processes < 1:
        parser.error("--fields and --processes are at least 1")
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    unfinished = options.out.with_suffix(".unfinished")
    make_folder(unfinished.parent)
    network = load_network(options.weights)[0] if options.weights else _trained(options, unfinished)
    placements = learned_placements(network, options.fields, options.processes)
    settings = f"--steps {options.steps} --seed {options.seed} --width {options.width} --threads {options.threads}"
    settings += " --half" * options.half + f" --fields {options.fields}" * (options.fields != PLACEMENT_FIELDS)
    for placement, measured in zip(placements, (False, True), strict=True):
        network.placement = placement
        write_starter(network, options, settings, measured)
    unfinished.unlink(missing_ok=True)


def _trained(options: argparse.Namespace, unfinished: Path) -> PatternNet:
    begun = time.monotonic()
    for trainer, loss in train_starter(options.steps, options.seed, options.width, options.half):
        sys.stderr.write(f"step {trainer.step} of {options.steps}: {loss:.4f}, {time.monotonic() - begun:.0f} s\n")
        if trainer.step % SAVE_EVERY == 0:
            write_durably(unfinished, to_bytes(trainer.averaged(), {"id": f"{STARTER_ID}-step-{trainer.step}"}))
    return trainer.averaged()


def write_starter(network: PatternNet, options: argparse.Namespace, settings: str, measured: bool) -> None:
    """Score on held-out fields and write a checkpoint, with the card beside it for people to read.

    `measured`: its edges are those of measured contours, and so is its name; else those of the material.
    """
    suffix = MEASURED * measured
    out = options.out.with_stem(options.out.stem + suffix)
    edges = "where a contour is measured, the threshold halfway across the edge" if measured else "where material ends"
    card: dict[str, Any] = {
        "id": STARTER_ID + suffix,
        "made": "by semiview.learning.starter",
        "program_version": version("semiview"),
        "parameters": parameter_count(network),
        "task": "SEM picture to probability of standing material",
        "learned_from": "simulated SEM; " + ("edges as measured" if measured else "edges of the material"),
        "training_data": (
            f"simulated SEM only: {POOL + -(-options.steps // SHOWN_BEFORE_NEXT)} fields of {TRAINING_PX} px and "
            f"{len(PATTERN_TYPES)} pattern types, both tones, 0.5 to 70 nm/px, features of {SMALLEST_PX:g} to "
            f"{LARGEST_SHARE * TRAINING_PX:g} px, doses of 5 to 200 electrons a pixel, the beam's standard deviation "
            f"0.5 to 2 px and at most 1/{WIDEST_BEAM:g} of the feature"
        ),
        "command": f"python -m semiview.learning.starter --out OUT {settings}",
        "edge_placement": (
            f"learned from {network.placement.counts[0]} of {options.fields} simulated fields of {FIELD_PX} px that it "
            f"was not trained on, at a dose of {PLACEMENT_DOSE:g} and more, seeds from {PLACEMENT_SEED}; an edge is "
            f"{edges}"
        ),
        "seed": options.seed,
        "torch": torch.__version__,
        "held_out": {
            "what": (
                f"{HELD_OUT_PER_TYPE} simulated fields of {HELD_OUT_PX} px per pattern type at a dose of "
                f"{HELD_OUT_DOSE:g} and more, seeds from {HELD_OUT_SEED}, against the material"
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
