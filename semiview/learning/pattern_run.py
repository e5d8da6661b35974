"""A run that trains SEM -> pattern: of approved shapes, and held against the current checkpoint by the gate."""

import math
from collections.abc import Generator, Sequence
from functools import cached_property
from operator import itemgetter
from pathlib import Path

import numpy as np

from semiview.feedback.store import FeedbackStore
from semiview.files.problem import FileProblem
from semiview.learning.checkpoint_file import load_network, to_bytes
from semiview.learning.chosen_samples import ChosenSamples, choose
from semiview.learning.evaluation import score
from semiview.learning.fine_features import at_its_scale
from semiview.learning.gate import WORST_SHOWN, GateReport, SampleScores, compare, gain_in
from semiview.learning.inference import predict_scaled
from semiview.learning.messages import CheckpointSaved, Event, GateDone, Progress, UnpairedPicture
from semiview.learning.networks import PatternNet
from semiview.learning.placement_examples import example, stacked
from semiview.learning.registry import CheckpointRef, Registry
from semiview.learning.run_pictures import Seen, middle, seen, write_pictures, write_preview
from semiview.learning.runs import CHANGED_FILE, write_scores
from semiview.learning.samples import Sample, scaled
from semiview.learning.simulated_samples import PATTERN_TYPES, replay_samples
from semiview.learning.trainer import Trainer
from semiview.learning.training_run import TrainingRun, planes_folder
from semiview.learning.two_way_trainer import TwoWayTrainer

HELD_REPLAY = len(PATTERN_TYPES)
MOST_PLACED, PLACED_PX = 200, 1024  # approved shapes, and the side of their middles, that tell where edges lie


class PatternRun(TrainingRun):
    """SEM -> pattern, alone or with its companion; the gate compares it with the current checkpoint."""

    reference: CheckpointRef
    report: GateReport | None = None

    def start(self) -> PatternNet:
        """The current checkpoint's network."""
        network, self.reference = load_network(Path(self.job.start_checkpoint))
        return network

    def choose(self) -> ChosenSamples:
        """Approved shapes."""
        store = FeedbackStore.open(Path(self.job.store_folder), read_only=True)
        return choose(store, self.job.snapshot, planes_folder(self.job, self.ranks), as_shown=at_its_scale)

    def trainer(self, start: PatternNet) -> Trainer:
        """Supervised, or both ways with a cycle."""
        options = self.job.options
        steps = options.epochs * options.steps_per_epoch
        common = (start, steps, options.learning_rate, options.weight_decay, options.seed, self.device, self.ranks)
        if not options.bidirectional:
            return Trainer(*common)
        unpaired = [_unpaired_sample(one) for one in self.job.unpaired]
        return TwoWayTrainer(*common, adversarial=options.adversarial, unpaired=unpaired)

    def replay(self) -> tuple[Sample, ...]:
        """Simulated fields of every pattern type."""
        return self._old[:-HELD_REPLAY]

    def held_replay(self) -> tuple[Sample, ...]:
        """One of every pattern type."""
        return self._old[-HELD_REPLAY:]

    @cached_property
    def _old(self) -> tuple[Sample, ...]:
        return tuple(map(at_its_scale, replay_samples())) if self.job.options.replay_share else ()

    def judge(self, trainer: Trainer, samples: ChosenSamples) -> Generator[Event, None, str]:
        """The gate's comparison with the current checkpoint."""
        current, _ = load_network(Path(self.job.start_checkpoint))
        network = trainer.averaged()
        if not (yield from self._learn_placement(network, (*samples.train, *samples.validation))):
            return ""
        report = yield from self._compare(current.to(self.device), network, samples.test)
        if report is None:
            return ""
        self.report = report
        simulated, approved = network.placement.counts
        facts = {
            "parent": self.reference.id,
            "parent_sha256": self.reference.sha256,
            "edge_placement": {"simulated_fields": simulated, "approved_shapes": approved},
            "gate": report,
        }
        card = self.card(network, samples, facts)
        kept = Registry(Path(self.job.checkpoints_folder)).add(card["id"], to_bytes(network, card))
        yield CheckpointSaved(kept.id, str(kept.path), self.best_epoch)
        yield GateDone(kept.id, report)
        return kept.id

    def preview(self, trainer: Trainer, samples: ChosenSamples) -> str:
        """What it draws."""
        return write_preview(Path(self.job.run_folder), trainer.averaged(), samples)

    def last_word(self, candidate: str) -> str:
        """The verdict."""
        if self.epochs and not self.best_epoch:
            return f"{candidate}: no epoch was better on the validation samples than the checkpoint it started from"
        return candidate if self.report is None else f"{candidate}: {self.report.verdict}"

    def _learn_placement(self, network: PatternNet, known: Sequence[Sample]) -> Generator[Event, None, bool]:
        """Let a network learn where approved edges lie in their blur; False if somebody wished to cancel meanwhile."""
        examples = []
        known = known[:: -(-len(known) // MOST_PLACED)]
        for number, sample in enumerate(known):
            if self.wish() in ("cancel", "abandon"):
                return False
            yield Progress(number, len(known), f"reading where the edges of {sample.case_id} lie")
            examples.append(example(network, middle(sample, PLACED_PX), self.device))
        network.placement = network.placement.taught_by(*stacked(examples))
        return True

    def _compare(
        self, current: PatternNet, candidate: PatternNet, test: Sequence[Sample]
    ) -> Generator[Event, None, GateReport | None]:
        """The gate's report; None if somebody wished the run to be cancelled meanwhile."""
        scores: tuple[list[SampleScores], list[SampleScores]] = ([], [])
        metric = self.job.gate.main_metric
        changed: list[tuple[float, int, Sample, Seen, Seen]] = []
        for number, sample in enumerate(test):
            if self.wish() in ("cancel", "abandon"):
                return None
            yield Progress(number, len(test), f"comparing on {sample.case_id}")
            before, after = (
                predict_scaled(network, sample.pixels, device=self.device) for network in (current, candidate)
            )
            for found, probability in zip(scores, (before, after), strict=True):
                found.append(score(sample, probability))
            gain = gain_in(metric, scores[0][-1], scores[1][-1])
            if math.isfinite(gain):
                changed.append((gain, number, sample, seen(before), seen(after)))
                changed = sorted(changed, key=itemgetter(0, 1))[:WORST_SHOWN]
        write_scores(Path(self.job.run_folder), *scores)
        _, _, samples, old, new = zip(*changed, strict=True) if changed else ((),) * 5
        write_pictures(Path(self.job.run_folder) / CHANGED_FILE, samples, old, new)
        return compare(*scores, self.job.gate)


def _unpaired_sample(picture: UnpairedPicture) -> Sample:
    """A picture without a shape; everything in it counts.

    Raises
    ------
    FileProblem
        If it cannot be read.
    """
    path = Path(picture.image_npy)
    try:
        pixels = scaled(np.load(path, allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise FileProblem(path, f"A picture of this run cannot be read ({error}).", "Start a new run.") from error
    nothing = np.zeros_like(pixels)
    size = (picture.nm_per_px_x, picture.nm_per_px_y)
    case_id = picture.case_id
    return Sample(case_id, case_id, case_id, picture.pattern_type, pixels, nothing, np.ones_like(pixels), size)
