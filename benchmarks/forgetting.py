"""What a network forgets while it learns a new pattern type: `python -m benchmarks.forgetting [--dark] [CHECKPOINT]`.

The new type is one that the simulated fields to replay do not hold: rings, taken with rims twice as wide and a ground
darker than theirs. With --dark the rings are darker than their ground and have no rim, which contradicts all that the
network knows of pictures. The checkpoint is fine-tuned on two dozen approved fields as the program does it, with the
defaults, once with replay and once without. Dice of the old types on fields that no run draws may fall by at most
0.002; the table has the difference per type, with its standard error over fields.
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from semiview.core.outline import Points
from semiview.core.registration import Frame, Registration
from semiview.feedback.record import Record
from semiview.feedback.store import FeedbackStore
from semiview.learning.checkpoint_file import load_network
from semiview.learning.evaluation import score
from semiview.learning.inference import predict_scaled
from semiview.learning.messages import CheckpointSaved, FineTuneJob, TrainingOptions, WorkFailed
from semiview.learning.networks import PatternNet
from semiview.learning.registry import starter_path
from semiview.learning.samples import Sample, scaled
from semiview.learning.simulated_samples import PATTERN_TYPES, simulated_sample
from semiview.learning.training import fine_tune
from semiview.simulation.recipe import Recipe
from semiview.simulation.sem import SimulatedField, simulate

NEW_TYPE = "rings"
FIELDS, GROUPS, HELD_OUT = 24, 12, 8
SIDE_PX = 256
NM_PER_PX = 2.0
OLD_SEED, NEW_SEED, HELD_OUT_SEED = 33_000_000, 31_000_000, 32_000_000
LARGEST_FALL = 0.002


def new_field(seed: int, dark: bool) -> SimulatedField:
    """Rings on a lattice."""
    rng = np.random.default_rng(seed)
    outer = NM_PER_PX * rng.uniform(10, 30)
    inner = outer * rng.uniform(0.35, 0.65)
    pitch = outer * rng.uniform(2.5, 3.5)
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    reach = int(0.6 * SIDE_PX * NM_PER_PX / pitch) + 1
    middles = [np.array([i, j]) * pitch for i in range(-reach, reach + 1) for j in range(-reach, reach + 1)]
    outlines: list[Points] = [ring for at in middles for ring in (at + outer * circle, at + inner * circle[::-1])]
    recipe = Recipe(
        nm_per_px=NM_PER_PX,
        corner_radius_nm=0.0,
        roughness_sigma_nm=0.8,
        dose=float(rng.uniform(20, 80)),
        ground_yield=float(rng.uniform(1.5, 2.2) if dark else rng.uniform(0.05, 0.15)),
        rim_height=0.05 if dark else float(rng.uniform(0.5, 1.5)),
        rim_decay_nm=NM_PER_PX * float(rng.uniform(8, 16)),
        shadow_depth=float(rng.uniform(0.1, 0.3)),
        beam_sigma_nm=NM_PER_PX * float(rng.uniform(0.6, 1.5)),
        flat=0.25,
    )
    frame = Frame(((SIDE_PX - 1) / 2,) * 2, (0.0, 0.0), NM_PER_PX)
    registration = Registration(frame, shift_x_nm=float(rng.uniform(-20, 20)), transform="similarity")
    return simulate(outlines, "raised", registration, (SIDE_PX, SIDE_PX), recipe, seed)


def new_samples(dark: bool) -> Iterator[Sample]:
    for seed in range(HELD_OUT_SEED, HELD_OUT_SEED + HELD_OUT):
        field = new_field(seed, dark)
        name, weight = f"new-{seed}", np.ones(field.coverage.shape, np.float32)
        yield Sample(name, name, name, NEW_TYPE, scaled(field.pixels), field.coverage, weight, (NM_PER_PX,) * 2)


def filled_store(folder: Path, dark: bool) -> FeedbackStore:
    store = FeedbackStore.open(folder)
    for number in range(FIELDS):
        field = new_field(NEW_SEED + number, dark)
        example = Record.example(number, (SIDE_PX, SIDE_PX))
        store.append(
            replace(
                example,
                sem=field.pixels,
                nm_per_px_x=NM_PER_PX,
                nm_per_px_y=NM_PER_PX,
                approved=(field.coverage >= 0.5).astype(np.uint8),
                approved_outlines_px=field.printed_px,
                pattern_type=NEW_TYPE,
                group=f"wafer-{number % GROUPS}",
                design_outlines_nm=(),
                design_raster=None,
                prediction=None,
                checkpoint_id="",
                tables={},
            )
        )
    return store


def fine_tuned(checkpoint: Path, replay_share: float, folder: Path, dark: bool) -> PatternNet:
    """The candidate of one run with the program's own defaults."""
    (folder / "run").mkdir(parents=True)
    store = filled_store(folder / "feedback", dark)
    job = FineTuneJob(
        run_folder=str(folder / "run"),
        store_folder=str(folder / "feedback"),
        snapshot=store.snapshot(),
        start_checkpoint=str(checkpoint),
        checkpoints_folder=str(folder / "checkpoints"),
        options=TrainingOptions(replay_share=replay_share, device="cpu"),
    )
    for event in fine_tune(job):
        if isinstance(event, WorkFailed):
            raise SystemExit(event.reason)
        if isinstance(event, CheckpointSaved):
            return load_network(Path(event.path))[0]
    raise SystemExit("the run kept no checkpoint")


def dice(network: PatternNet, samples: list[Sample]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([score(sample, predict_scaled(network, sample.pixels)).dice for sample in samples])


def main() -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    dark = "--dark" in sys.argv
    named = [argument for argument in sys.argv[1:] if argument != "--dark"]
    checkpoint = Path(named[0]) if named else starter_path()
    start, reference = load_network(checkpoint)
    kinds = {
        kind: [simulated_sample(OLD_SEED + 1000 * number + k, kind, 20.0, SIDE_PX) for k in range(HELD_OUT)]
        for number, kind in enumerate(PATTERN_TYPES)
    }
    kinds[NEW_TYPE] = list(new_samples(dark))
    before = {kind: dice(start, samples) for kind, samples in kinds.items()}
    after = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, share in (("replay", TrainingOptions().replay_share), ("none", 0.0)):
            network = fine_tuned(checkpoint, share, Path(folder) / name, dark)
            after[name] = {kind: dice(network, samples) for kind, samples in kinds.items()}
    print(f"Dice of {reference.id}, and its change after fine-tuning on {FIELDS} fields of {NEW_TYPE}")
    print(f"{'':<16} before   with replay      without")
    for kind, first in before.items():
        changes = "  ".join(
            f"{change.mean():+7.4f} ± {change.std(ddof=1) / np.sqrt(len(change)):.4f}"
            for change in (after[name][kind] - first for name in after)
        )
        print(f"{kind:<16} {first.mean():6.4f}  {changes}")
    falls = {
        name: float(np.mean([(found[kind] - before[kind]).mean() for kind in PATTERN_TYPES]))
        for name, found in after.items()
    }
    print(f"old types, mean: {falls['replay']:+.4f} with replay, {falls['none']:+.4f} without; allowed -{LARGEST_FALL}")


if __name__ == "__main__":
    main()
