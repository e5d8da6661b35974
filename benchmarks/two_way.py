"""Does training both ways help to find patterns? `python -m benchmarks.two_way [--start starter] [--steps 300]`.

A few tens of simulated pairs train a network three ways with the same steps, patches and seeds: SEM -> pattern alone,
both ways with a cycle, and both ways with further pictures of which nobody said what they show. Each is scored on
held-out fields; gains are paired by field.
"""

import argparse
import time
from collections.abc import Sequence

import numpy as np
import torch

from semiview.learning.checkpoint_file import load_network
from semiview.learning.evaluation import contour_errors_px, score
from semiview.learning.generation import picture_of, score_picture
from semiview.learning.inference import predict_scaled
from semiview.learning.networks import PatternNet
from semiview.learning.registry import starter_path
from semiview.learning.samples import Sample, draw_batch
from semiview.learning.simulated_samples import simulated_samples
from semiview.learning.trainer import Trainer
from semiview.learning.two_way_trainer import TwoWayTrainer

TRAINED, UNPAIRED, HELD_OUT = 30_000_000, 31_000_000, 32_000_000
BATCH, PATCH_PX = 2, 128
WEIGHT_DECAY = 1e-2
CPU = torch.device("cpu")
ARMS = ("alone", "both ways", "both ways, unpaired too", "both ways, unpaired too, opponent")


def trainer_of(arm: str, start: PatternNet, steps: int, rate: float, seed: int, unpaired: Sequence[Sample]) -> Trainer:
    common = (start, steps, rate, WEIGHT_DECAY, seed, CPU)
    if arm == ARMS[0]:
        return Trainer(*common)
    others = unpaired if "unpaired" in arm else ()
    return TwoWayTrainer(*common, adversarial="opponent" in arm, unpaired=others)


def scores_of(network: PatternNet, held_out: Sequence[Sample]) -> np.ndarray:
    """(N, 2) IoU and mean |EPE| in px of each field."""
    rows = []
    for sample in held_out:
        probability = predict_scaled(network, sample.pixels)
        errors = np.abs(contour_errors_px(probability, sample.target, sample.weight < 0.5))
        rows.append(
            (score(sample, probability).iou, float(np.nanmean(errors)) if np.isfinite(errors).any() else np.nan)
        )
    return np.array(rows)


def with_interval(gains: np.ndarray) -> str:
    """Mean and the 90 % interval of the mean by resampling fields."""
    gains = gains[np.isfinite(gains)]
    drawn = np.random.default_rng(0).integers(len(gains), size=(4000, len(gains)))
    low, high = np.quantile(gains[drawn].mean(axis=1), [0.05, 0.95])
    return f"{gains.mean():+.4f} ({low:+.4f} to {high:+.4f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", choices=("fresh", "starter"), default="fresh")
    parser.add_argument("--pairs", type=int, default=24)
    parser.add_argument("--unpaired", type=int, default=48)
    parser.add_argument("--held-out", type=int, default=48)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS[:3])
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    held_out = list(simulated_samples(range(HELD_OUT, HELD_OUT + options.held_out)))
    rate = 1.5e-3 if options.start == "fresh" else 3e-4
    found: dict[str, list[np.ndarray]] = {}
    for seed in range(options.seeds):
        first = 1000 * seed
        pairs = list(simulated_samples(range(TRAINED + first, TRAINED + first + options.pairs)))
        unpaired = list(simulated_samples(range(UNPAIRED + first, UNPAIRED + first + options.unpaired)))
        for arm in options.arms:
            torch.manual_seed(seed)
            start = PatternNet() if options.start == "fresh" else load_network(starter_path())[0]
            trainer = trainer_of(arm, start, options.steps, rate, seed, unpaired)
            begun = time.monotonic()
            while trainer.step < trainer.steps:
                trainer.train_step(draw_batch(pairs, (), BATCH, 0, PATCH_PX, trainer.rng()))
            seconds = time.monotonic() - begun
            scores = scores_of(trainer.averaged(), held_out)
            found.setdefault(arm, []).append(scores)
            iou, epe = np.nanmean(scores, axis=0)
            words = (
                f"seed {seed}, {arm}: IoU {iou:.4f}, |EPE| {epe:.3f} px, {1000 * seconds / options.steps:.0f} ms a step"
            )
            if isinstance(trainer, TwoWayTrainer):
                network = trainer.backward.averaged()
                swapped = [
                    Sample(
                        s.sample_id,
                        s.case_id,
                        s.group,
                        s.pattern_type,
                        2 * s.target - 1,
                        s.pixels,
                        s.weight,
                        s.nm_per_px,
                    )
                    for s in held_out
                ]
                made = [score_picture(s, picture_of(network, s.pixels)) for s in swapped]
                l1, flat = (float(np.mean([getattr(m, n) for m in made])) for n in ("l1", "flat_l1"))
                words += f"; its companion's pictures differ by {l1:.3f}, one grey by {flat:.3f}"
            print(words, flush=True)
    base = np.concatenate(found[options.arms[0]])
    for arm in options.arms[1:]:
        gain = np.concatenate(found[arm]) - base
        print(f"{arm} against {options.arms[0]}: IoU {with_interval(gain[:, 0])}, |EPE| px {with_interval(gain[:, 1])}")


if __name__ == "__main__":
    main()
