"""A run that trains the way back: designs in, SEM pictures out. Without a gate: nothing is measured of them."""

import math
from collections.abc import Generator
from pathlib import Path

import torch

from semiview.feedback.store import FeedbackStore
from semiview.files.expected_sem_file import DESIGN_TO_SEM
from semiview.learning.checkpoint_file import load_network, to_bytes
from semiview.learning.chosen_samples import ChosenSamples, choose
from semiview.learning.design_pairs import pair_of
from semiview.learning.generation import picture_of, score_picture
from semiview.learning.generators import generators_folder
from semiview.learning.messages import CheckpointSaved, Event, PicturesScored, Progress
from semiview.learning.networks import PatternNet
from semiview.learning.registry import Registry
from semiview.learning.run_pictures import write_made_preview
from semiview.learning.sem_trainer import SemTrainer
from semiview.learning.trainer import Trainer
from semiview.learning.training_run import TrainingRun, planes_folder


class SemRun(TrainingRun):
    """Design -> SEM, of pairs that lie on each other to a fraction of a pixel.

    It replays nothing: what a design looks like depends on tool and recipe, which simulated fields do not have.
    """

    nothing_to_train_on = (
        "There is no pair to train on: it takes accepted pictures with a design and an approved registration that is "
        "finer than a pixel."
    )
    parent = ""

    def start(self) -> PatternNet:
        """The checkpoint it goes on from, or a fresh network."""
        if not self.job.start_checkpoint:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self.job.options.seed)
                return PatternNet()
        network, reference = load_network(Path(self.job.start_checkpoint), "sem")
        self.parent = reference.id
        return network

    def choose(self) -> ChosenSamples:
        """Registered designs and their pictures."""
        store = FeedbackStore.open(Path(self.job.store_folder), read_only=True)
        return choose(store, self.job.snapshot, planes_folder(self.job, self.ranks), pair_of)

    def trainer(self, start: PatternNet) -> Trainer:
        """L1, with an opponent if one is wished."""
        options = self.job.options
        return SemTrainer(
            start,
            options.epochs * options.steps_per_epoch,
            options.learning_rate,
            options.weight_decay,
            options.seed,
            self.device,
            self.ranks,
            adversarial=options.adversarial,
        )

    def preview(self, trainer: Trainer, samples: ChosenSamples) -> str:
        """What it makes of designs, beside the real pictures."""
        return write_made_preview(Path(self.job.run_folder), trainer.averaged(), samples)

    def judge(self, trainer: Trainer, samples: ChosenSamples) -> Generator[Event, None, str]:
        """Held-out pictures against what it makes of their designs."""
        network, found = trainer.averaged(), []
        for number, sample in enumerate(samples.test):
            if self.wish() in ("cancel", "abandon"):
                return ""
            yield Progress(number, len(samples.test), f"comparing on {sample.case_id}")
            found.append(score_picture(sample, picture_of(network, sample.pixels, device=self.device)))

        def mean(name: str) -> float:
            return sum(getattr(one, name) for one in found) / len(found) if found else math.nan

        figures = {name: mean(name) for name in ("l1", "ssim", "flat_l1")}
        facts = {
            "task": DESIGN_TO_SEM,
            "parent": self.parent,
            "held_out": {"samples": len(found), **figures},
            "limits": "no CD and no contour is ever read off a picture that it makes",
        }
        card = self.card(network, samples, facts)
        kept = Registry(generators_folder(Path(self.job.checkpoints_folder))).add(card["id"], to_bytes(network, card))
        yield CheckpointSaved(kept.id, str(kept.path), self.best_epoch)
        self.scored = PicturesScored(kept.id, len(found), **figures)
        yield self.scored
        return kept.id

    def last_word(self, candidate: str) -> str:
        """How near its pictures come."""
        one = self.scored
        if not one.samples:
            return f"{candidate}: no pair is held out to compare it on"
        pairs = "one held-out pair" if one.samples == 1 else f"{one.samples} held-out pairs"
        return f"{candidate}: mean difference {one.l1:.3f} on {pairs}, one grey {one.flat_l1:.3f}, SSIM {one.ssim:.3f}"
