"""What a worker is told and what it says: frozen values, one JSON line each.

Jobs travel as a file, events over the worker's stdout, commands over its stdin. A number that JSON cannot hold (NaN,
infinity) travels as a string.
"""

import dataclasses
import json
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from semiview.learning.gate import GateReport, GateRules

Device = Literal["auto", "cpu", "cuda"]
# What a network answers: the pattern in a SEM picture, or the SEM picture of a design.
Answers = Literal["pattern", "sem"]
# What the host wants of a running job: nothing, or as `Command` says; abandon: the host is gone.
Wish = Literal["", "stop", "cancel", "abandon"]
Outcome = Literal["done", "stopped", "cancelled", "abandoned"]


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How a fine-tuning run proceeds. The defaults suit a dozen fields on a desktop without a GPU.

    Attributes
    ----------
    epochs, steps_per_epoch
        An epoch is so many optimiser steps; after each the network is validated and the run's state saved.
    learning_rate
        Peak of the schedule: linear warm-up, then half a cosine down to a hundredth.
    patch_px
        Side of the square cut from a field, a multiple of 32.
    batch
        Patches per step; halved by itself where memory runs out.
    replay_share
        Share of each batch taken from earlier material, so that old pattern types are not forgotten.
    patience
        Epochs without a better validation loss after which the run ends.
    device
        auto takes a GPU where there is one.
    answers
        Which way is trained: SEM -> pattern, or design -> SEM, of which nothing is ever measured.
    bidirectional
        Train pattern -> SEM beside SEM -> pattern, each held to what the other makes of its answer.
    adversarial
        An opponent judges the generated pictures; only where pattern -> SEM is trained.
    """

    epochs: int = 10
    steps_per_epoch: int = 12
    learning_rate: float = 1.5e-4
    weight_decay: float = 1e-2
    patch_px: int = 256
    batch: int = 2
    replay_share: float = 0.5
    patience: int = 4
    seed: int = 0
    device: Device = "auto"
    answers: Answers = "pattern"
    bidirectional: bool = False
    adversarial: bool = False

    def __post_init__(self) -> None:
        for name in ("epochs", "steps_per_epoch", "batch", "patience"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, not {getattr(self, name)}")
        if self.patch_px < 64 or self.patch_px % 32:
            raise ValueError(f"patch_px is a multiple of 32 from 64 on, not {self.patch_px}")
        if not 0 < self.learning_rate < 1:
            raise ValueError(f"learning_rate lies between 0 and 1, not at {self.learning_rate}")
        if not 0 <= self.replay_share < 1:
            raise ValueError(f"replay_share lies in [0, 1), not at {self.replay_share}")
        if self.bidirectional and self.answers == "sem":
            raise ValueError("bidirectional training answers with patterns: leave out one of the two options")
        if self.adversarial and not (self.bidirectional or self.answers == "sem"):
            raise ValueError(
                "an opponent judges generated pictures: it needs bidirectional training, or answers of SEM"
            )


@dataclass(frozen=True, slots=True)
class PredictItem:
    """One picture: its grey values as an .npy file, nm per px (NaN: unknown) and where its prediction goes.

    `design_npy` holds the registered design as share of standing material, for predictors that want it; or is empty.
    """

    case_id: str
    image_npy: str
    nm_per_px_x: float
    nm_per_px_y: float
    out_npy: str
    design_npy: str = ""


@dataclass(frozen=True, slots=True)
class PredictJob:
    """Predict pictures with one checkpoint.

    Attributes
    ----------
    checkpoint
        Its file.
    average
        Predict every turn and mirror image; the mean is the prediction, the spread is written beside it.
    predictor
        Something else than a network of this program: see `predictors`. Empty: the checkpoint.
    answers
        sem: what the designs should look like, in grey levels of the items' own pictures.
    """

    checkpoint: str
    items: tuple[PredictItem, ...]
    device: Device = "auto"
    average: bool = False
    predictor: str = ""
    answers: Answers = "pattern"


@dataclass(frozen=True, slots=True)
class UnpairedPicture:
    """A SEM picture of which nobody said what it shows: its grey values as an .npy file, nm per px (NaN: unknown)."""

    case_id: str
    image_npy: str
    nm_per_px_x: float
    nm_per_px_y: float
    pattern_type: str = ""


@dataclass(frozen=True, slots=True)
class FineTuneJob:
    """Train a candidate on a snapshot of the feedback store and compare it with the checkpoint it starts from.

    Attributes
    ----------
    run_folder
        Holds the job, the run's state and its log; a killed run goes on from there when it is given again.
    snapshot
        (record id, sha256) of the records that may be used; their hash is the candidate's provenance.
    start_checkpoint, checkpoints_folder
        File of the current checkpoint, and where the candidate is added. The worker never promotes. A network that
        answers with SEM pictures starts anew where the first is empty, and is added where `generators` looks.
    gate
        What the comparison asks of the candidate.
    unpaired
        Pictures that take part in bidirectional training; none of a group that is held out.
    """

    run_folder: str
    store_folder: str
    snapshot: tuple[tuple[str, str], ...]
    start_checkpoint: str
    checkpoints_folder: str
    options: TrainingOptions = field(default_factory=TrainingOptions)
    gate: GateRules = field(default_factory=GateRules)
    unpaired: tuple[UnpairedPicture, ...] = ()


Job = PredictJob | FineTuneJob


@dataclass(frozen=True, slots=True)
class Started:
    """The worker runs. `note` is a sentence about the device, such as why there is no GPU."""

    device: str
    threads: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class SamplesChosen:
    """What a training run learns from.

    `left_out` names records and why each does not train; `note` says what the split lacks.
    """

    train: int
    validation: int
    test: int
    left_out: tuple[tuple[str, str], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """So many of so many steps or pictures are done."""

    done: int
    total: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class EpochDone:
    """An epoch's figures.

    `validation_loss` is NaN where nothing is held out for it, `start_loss` is that of what the run started from;
    `seconds` count from the run's start; `memory_mb` is the most that was held, on a GPU where one computes. After
    `patience` epochs without a better validation loss the run ends; 0: unknown.
    """

    epoch: int
    epochs: int
    train_loss: float
    validation_loss: float
    learning_rate: float
    samples_per_s: float
    memory_mb: float
    seconds: float
    remaining_s: float
    best_epoch: int
    patience: int = 0
    start_loss: float = math.nan

    @property
    def plateau(self) -> int:
        """Epochs since the best one."""
        return self.epoch - self.best_epoch


@dataclass(frozen=True, slots=True)
class PreviewDone:
    """The run's picture file shows what the network says of the same few cases after an epoch."""

    epoch: int
    path: str


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """A candidate lies in the checkpoints folder; it is not the current one."""

    checkpoint_id: str
    path: str
    epoch: int


@dataclass(frozen=True, slots=True)
class PredictionDone:
    """The prediction of one case is written.

    `uncertainty_px` is the 95th percentile of the contour's standard deviation over turns and mirror images; NaN where
    they were not averaged.
    """

    case_id: str
    path: str
    uncertainty_px: float = float("nan")


@dataclass(frozen=True, slots=True)
class PredictionFailed:
    """One picture could not be predicted; the others go on."""

    case_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class PicturesScored:
    """How well generated SEM pictures match the held-out ones, on the scale of -1 to 1: mean absolute difference, SSIM.

    `flat_l1` is what a picture of one grey would reach. NaN where nothing is held out.
    """

    checkpoint_id: str
    samples: int
    l1: float
    ssim: float
    flat_l1: float


@dataclass(frozen=True, slots=True)
class GateDone:
    """Current and candidate were compared on the held-out samples."""

    checkpoint_id: str
    report: GateReport


@dataclass(frozen=True, slots=True)
class Finished:
    """The job ended as it should.

    `stopped`: early, the best so far is kept as `checkpoint_id`; `cancelled`: nothing is kept; `abandoned`: the
    program that asked is gone, and the run can be taken up again.
    """

    outcome: Outcome
    seconds: float
    checkpoint_id: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class WorkFailed:
    """The job could not be done, in a sentence, with the last lines the worker wrote to stderr."""

    reason: str
    stderr_tail: str = ""


Event = (
    Started
    | SamplesChosen
    | Progress
    | EpochDone
    | PreviewDone
    | CheckpointSaved
    | PredictionDone
    | PredictionFailed
    | PicturesScored
    | GateDone
    | Finished
    | WorkFailed
)


@dataclass(frozen=True, slots=True)
class Command:
    """What a running worker obeys at its next step.

    stop: end early and keep the best; cancel: end and discard.
    """

    command: Literal["stop", "cancel"]

    def __post_init__(self) -> None:
        if self.command not in ("stop", "cancel"):
            raise ValueError(f"a command is stop or cancel, not {self.command!r}")


Message = Job | Event | Command

Restored = TypeVar("Restored")

_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (*typing.get_args(Job), *typing.get_args(Event))}


def encode(message: Message) -> str:
    """A message as one line of JSON, without the line's end.

    >>> encode(Command("stop"))
    '{"command": "stop"}'
    """
    kind = {} if isinstance(message, Command) else {"kind": type(message).__name__}
    return json.dumps({**kind, **plain(message)}, allow_nan=False)


def decode(line: str) -> Message:
    """The message of a line.

    Raises
    ------
    ValueError
        If the line is no message; the text says what is wrong with it.
    """
    try:
        values = json.loads(line)
    except ValueError:
        raise ValueError(f"not a line of JSON: {line[:200]!r}") from None
    if not isinstance(values, dict):
        raise ValueError(f"not a message: {line[:200]!r}")
    if "command" in values:
        return Command(values["command"])
    kind = _KINDS.get(values.pop("kind", ""))
    if kind is None:
        raise ValueError(f"not a message of this version: {line[:200]!r}")
    message: Message = _restored(kind, values)
    return message


def plain(value: Any) -> Any:
    """A value of dataclasses, tuples and mappings as what JSON holds."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def restored(kind: type[Restored], value: Any) -> Restored:
    """The dataclass that `plain` has taken apart; ValueError where it does not fit."""
    whole: Restored = _restored(kind, value)
    return whole


def _restored(kind: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _restored_dataclass(kind, value)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"a list is expected, not {value!r}")
        kinds = [arguments[0]] * len(value) if arguments[-1] is ... else list(arguments)
        if len(kinds) != len(value):
            raise ValueError(f"{len(kinds)} values are expected, not {len(value)}")
        return tuple(_restored(item, part) for item, part in zip(kinds, value, strict=True))
    if origin is Literal:
        if value not in arguments:
            raise ValueError(f"{value!r} is none of {', '.join(map(str, arguments))}")
        return value
    if isinstance(kind, types.UnionType):
        raise TypeError(f"messages hold no unions: {kind}")
    if kind is float:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ValueError(f"a number is expected, not {value!r}")
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{kind.__name__} is expected, not {value!r}")
    return value


def _restored_dataclass(kind: type[Any], values: Any) -> Any:
    if not isinstance(values, dict):
        raise ValueError(f"{kind.__name__} is an object, not {values!r}")
    hints = typing.get_type_hints(kind)
    unknown = set(values) - set(hints)
    if unknown:
        raise ValueError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    try:
        return kind(**{name: _restored(hints[name], value) for name, value in values.items()})
    except TypeError as error:
        raise ValueError(f"{kind.__name__} is incomplete: {error}") from None
