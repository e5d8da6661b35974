"""What a network says a design should look like, and whether a fault stands out: `python -m benchmarks.design_to_sem`.

A few tens of simulated fields of one recipe, as one layer on one tool is: rounded, biased, rough. Trained with L1 alone
and with an opponent; scored on held-out fields, beside what one grey would reach and what their noise leaves anybody.
Then a feature is left out of each held-out field: the anomaly map has to show it.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from scipy import ndimage

from semiview.core.outline import Points
from semiview.core.raster import coverage
from semiview.core.registration import Frame, Registration
from semiview.learning.design_pairs import as_picture
from semiview.learning.generation import picture_of, score_picture
from semiview.learning.networks import PatternNet
from semiview.learning.samples import Plane, Sample, draw_batch, in_grey, levels, scaled
from semiview.learning.sem_trainer import SemTrainer
from semiview.metrology.anomaly import anomaly
from semiview.metrology.noise import estimate_noise
from semiview.simulation.patterns import PATTERNS
from semiview.simulation.recipe import Recipe
from semiview.simulation.sem import simulate

SIDE_PX, NM_PER_PX, CD_NM = 256, 2.0, 40.0
KINDS = ("line_space", "contact", "logic", "sram", "isolated")
RECIPE = Recipe(nm_per_px=NM_PER_PX, bias_nm=-3.0, corner_radius_nm=14.0, roughness_sigma_nm=1.0, dose=30.0)
RATE, WEIGHT_DECAY, BATCH, PATCH_PX = 1.5e-3, 1e-2, 2, 128
WINDOW_PX = 7
FAULT_PX = 12  # the map is looked at so far around what was left out


class Field:
    """A drawn design and its picture, in which the outline `without` was not printed."""

    def __init__(self, seed: int, without: int | None = None) -> None:
        side_nm = 1.5 * SIDE_PX * NM_PER_PX
        self.kind = KINDS[seed % len(KINDS)]
        drawn = PATTERNS[self.kind]((side_nm, side_nm), CD_NM, seed)
        rng = np.random.default_rng(seed)
        frame = Frame(((SIDE_PX - 1) / 2,) * 2, (0.0, 0.0), NM_PER_PX)
        place = Registration(frame, shift_x_nm=float(rng.uniform(-40, 40)), shift_y_nm=float(rng.uniform(-40, 40)))
        self.drawn_px = tuple(place.outline_to_px(outline) for outline in drawn)
        printed = [outline for number, outline in enumerate(drawn) if number != without]
        self.pixels = simulate(printed, "raised", place, (SIDE_PX, SIDE_PX), RECIPE, seed).pixels
        self.design: Plane = as_picture(coverage(self.drawn_px, (SIDE_PX, SIDE_PX)))

    def sample(self) -> Sample:
        """The field as the trainer takes it."""
        name, weight = self.kind, np.ones(self.pixels.shape, np.float32)
        return Sample(name, name, name, name, self.design, scaled(self.pixels), weight, (NM_PER_PX, NM_PER_PX))

    def noise_l1(self) -> float:
        """What noise alone makes two pictures of the same place differ from their mean, on the scale of -1 to 1."""
        low, high = levels(self.pixels)
        sigma = estimate_noise(self.pixels).sigma(ndimage.gaussian_filter(self.pixels.astype(np.float64), 2))
        return float(np.sqrt(2 / np.pi) * sigma.mean() * 2 / (high - low))


def inside(outline: Points) -> bool:
    """True if an outline lies whole in the picture, away from its border."""
    return bool((outline > 20).all() and (outline < SIDE_PX - 20).all())


def faults_found(network: PatternNet, seeds: range) -> list[tuple[float, float]]:
    """Strongest anomaly at the place of a feature that is not there, and strongest elsewhere, per field."""
    found = []
    for seed in seeds:
        whole = Field(seed)
        missing = next((n for n, outline in enumerate(whole.drawn_px) if inside(outline)), None)
        if missing is None:
            continue
        field = Field(seed, missing)
        expected = in_grey(picture_of(network, field.design), field.pixels)
        size = np.abs(anomaly(field.pixels, expected, estimate_noise(field.pixels), WINDOW_PX))
        (left, top), (right, bottom) = whole.drawn_px[missing].min(axis=0), whole.drawn_px[missing].max(axis=0)
        there = np.zeros(size.shape, dtype=bool)
        there[int(top) - FAULT_PX : int(bottom) + FAULT_PX, int(left) - FAULT_PX : int(right) + FAULT_PX] = True
        found.append((float(size[there].max()), float(size[~there].max())))
    return found


def write_strip(path: Path, network: PatternNet, seed: int) -> None:
    """Design, picture, expected picture and anomaly (grey: none) of a field with a missing feature, side by side."""
    missing = next((n for n, outline in enumerate(Field(seed).drawn_px) if inside(outline)), None)
    field = Field(seed, missing)
    made = picture_of(network, field.design)
    odd = anomaly(field.pixels, in_grey(made, field.pixels), estimate_noise(field.pixels), WINDOW_PX)
    planes = (field.design, scaled(field.pixels), made, odd / 20)
    cv2.imwrite(str(path), np.hstack([np.clip(127.5 * (plane + 1), 0, 255).astype(np.uint8) for plane in planes]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=24)
    parser.add_argument("--held-out", type=int, default=20)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--pictures", type=Path, help="Folder for a strip of pictures of each arm.")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    pairs = [replace(Field(seed).sample(), sample_id=str(seed)) for seed in range(options.pairs)]
    seeds = range(1000, 1000 + options.held_out)
    held_out = [Field(seed) for seed in seeds]
    noise = float(np.mean([field.noise_l1() for field in held_out]))
    for adversarial in (False, True):
        torch.manual_seed(0)
        trainer = SemTrainer(
            PatternNet(), options.steps, RATE, WEIGHT_DECAY, 0, torch.device("cpu"), adversarial=adversarial
        )
        begun = time.monotonic()
        while trainer.step < trainer.steps:
            trainer.train_step(draw_batch(pairs, (), BATCH, 0, PATCH_PX, trainer.rng()))
        step_ms = 1000 * (time.monotonic() - begun) / options.steps
        network = trainer.averaged()
        scores = [score_picture(field.sample(), picture_of(network, field.design)) for field in held_out]
        l1, flat, ssim = (float(np.mean([getattr(one, name) for one in scores])) for name in ("l1", "flat_l1", "ssim"))
        found = faults_found(network, seeds)
        caught = sum(there > elsewhere for there, elsewhere in found)
        there, elsewhere = np.median(np.array(found), axis=0)
        print(
            f"{'with an opponent' if adversarial else 'L1 alone'}: {options.pairs} pairs, {options.steps} steps of "
            f"{step_ms:.0f} ms; {len(scores)} held out: L1 {l1:.3f}, one grey {flat:.3f}, noise alone {noise:.3f}, "
            f"SSIM {ssim:.3f}; missing features: strongest anomaly in {caught} of {len(found)} fields, median "
            f"{there:.0f} sigma there, {elsewhere:.0f} elsewhere",
            flush=True,
        )
        if options.pictures is not None:
            options.pictures.mkdir(parents=True, exist_ok=True)
            write_strip(options.pictures / f"{'opponent' if adversarial else 'l1'}.png", network, seeds[1])


if __name__ == "__main__":
    main()
