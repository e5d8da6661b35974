"""Several processes that take one step together: what they share, and how they agree.

Without `torchrun` there is one, and nothing here costs anything.
"""

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.distributed.nn.functional import all_reduce

from semiview.learning.messages import Wish
from semiview.learning.samples import Batch

LONGEST_WAIT = timedelta(minutes=30)  # the others wait while the first validates
WISHES: tuple[Wish, ...] = ("", "stop", "cancel", "abandon")


@dataclass(frozen=True, slots=True)
class Ranks:
    """A process among those of a run; only the one of rank 0 writes and speaks."""

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """True for the process that writes and speaks."""
        return self.rank == 0

    def share(self, batch: Batch) -> Batch:
        """The part of a batch that is this process's, which all have drawn alike.

        Raises
        ------
        ValueError
            If the batch cannot be shared out evenly.
        """
        if len(batch.pixels) % self.count:
            raise ValueError(f"a batch of {len(batch.pixels)} cannot be shared among {self.count} processes")
        part = slice(self.rank, None, self.count)
        return Batch(batch.pixels[part], batch.target[part], batch.weight[part])

    def total(self, sums: Tensor) -> Tensor:
        """The sums over all processes; gradients flow through them."""
        if self.count == 1:
            return sums
        result: Tensor = all_reduce(sums)  # type: ignore[no-untyped-call]
        return result

    def average_gradients(self, network: nn.Module) -> None:
        """Every process goes on with the mean of all gradients.

        A loss made of `total` has had its gradient summed over the processes once in each of them: their mean is the
        gradient of the one loss. A mean over equally large parts gives the same.
        """
        if self.count == 1:
            return
        gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        distributed.all_reduce(flat)
        flat /= self.count
        for gradient, mean in zip(gradients, torch.split(flat, [g.numel() for g in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def agreed(self, wish: Wish) -> Wish:
        """What the first process was asked for."""
        return WISHES[int(self.told(WISHES.index(wish)))]

    def told(self, value: float) -> float:
        """The first process's number, in all of them."""
        if self.count == 1:
            return value
        said = torch.tensor([value], dtype=torch.float64, device="cuda" if _backend() == "nccl" else "cpu")
        distributed.broadcast(said, 0)
        return float(said[0])


ALONE = Ranks()


def join(device: torch.device) -> Ranks:
    """Meet the other processes that `torchrun` started, if it did.

    Raises
    ------
    RuntimeError
        If they do not come.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return ALONE
    # NCCL takes one GPU a process; processes that share one, or have none, talk over gloo.
    own_gpu = device.type == "cuda" and int(os.environ.get("LOCAL_WORLD_SIZE", "1")) <= torch.cuda.device_count()
    arguments: dict[str, Any] = {"device_id": device} if own_gpu else {}
    distributed.init_process_group("nccl" if own_gpu else "gloo", timeout=LONGEST_WAIT, **arguments)
    return Ranks(distributed.get_rank(), distributed.get_world_size())


def leave() -> None:
    """Part from the others."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def _backend() -> str:
    return str(distributed.get_backend())
