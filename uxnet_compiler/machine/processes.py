"""Share one job between processes: each computes a part of every batch, all take the same step.

Gradients are averaged here, explicitly, after the backward pass. torch's
DistributedDataParallel does so while it computes, but it has to know beforehand which parameters
take part: a supernet leaves out what its weights switch off, so it would search the graph of every
step for unused ones; it knows nothing of architecture parameters, which lie outside the module; it
would send weight gradients in architecture steps, where nobody needs them; and it does not work
with `torch.autograd.grad`. What is left out is the same in every process, since all draw the same
architecture: so they agree on what to send without asking.

Norms here are per instance, and need nothing from other processes. Batch norm would see its own
part of the batch alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, distributed

from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.launch import place

T = TypeVar("T")


@contextmanager
def together(device: torch.device) -> Iterator[None]:
    """Connect the processes that torchrun started, for the length of a job; alone, do nothing.

    Raises:
        RunError: The processes cannot find each other, or one of them ended.
    """
    if place().count == 1 or distributed.is_initialized():
        yield
        return
    with _one_line():
        if device.type == "cuda":
            torch.cuda.set_device(device)
            distributed.init_process_group("nccl", device_id=device)
        else:
            distributed.init_process_group("gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Replace each gradient by its mean over all processes.

    The means are the same to the last bit everywhere, so all processes stay in step.

    Raises:
        RunError: Another process ended.
    """
    average_([p.grad for p in parameters if p.grad is not None])


def average_(tensors: Sequence[Tensor]) -> None:
    """Replace each tensor by its mean over all processes, in place.

    Raises:
        RunError: Another process ended.
    """
    if not distributed.is_initialized() or not tensors:
        return
    total = torch.cat([tensor.flatten() for tensor in tensors])
    with _one_line():
        distributed.all_reduce(total)
    total /= distributed.get_world_size()
    parts = total.split_with_sizes([tensor.numel() for tensor in tensors])
    for tensor, part in zip(tensors, parts, strict=True):
        tensor.copy_(part.view(tensor.shape))


def mean_of_all(value: float) -> float:
    """Return the mean of a number over all processes.

    Raises:
        RunError: Another process ended.
    """
    if not distributed.is_initialized():
        return value
    total = torch.tensor(value, dtype=torch.float64, device=_device())
    with _one_line():
        distributed.all_reduce(total)
    return float(total) / distributed.get_world_size()


class _Sum(torch.autograd.Function):
    """Add up over all processes, of which each computes the same from the sum."""

    @staticmethod
    def forward(_context: Any, value: Tensor) -> Tensor:
        total = value.clone()
        with _one_line():
            distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        # Every process has this gradient; `average_gradients` divides by their count later.
        return gradient * distributed.get_world_size()


def sum_of_all(value: Tensor) -> Tensor:
    """Return the sum over all processes, for a loss that is the same in each of them.

    Its gradients are right once `average_gradients` has averaged them.

    Raises:
        RunError: Another process ended.
    """
    if not distributed.is_initialized():
        return value
    return cast("Tensor", _Sum.apply(value))  # type: ignore[no-untyped-call]  # torch has no type


def any_of_all(value: bool) -> bool:
    """Tell whether it is true in any process.

    Raises:
        RunError: Another process ended.
    """
    return mean_of_all(float(value)) > 0


def from_first(value: T) -> T:
    """Return the first process's value in all of them.

    Raises:
        RunError: Another process ended.
    """
    if not distributed.is_initialized():
        return value
    box: list[object] = [value]
    with _one_line():
        distributed.broadcast_object_list(box, src=0, device=_device())
    return cast("T", box[0])


def wait_for_all() -> None:
    """Go on when every process has come here.

    Raises:
        RunError: Another process ended.
    """
    mean_of_all(0.0)


def _device() -> torch.device:
    if distributed.get_backend() == "nccl":
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        reason = str(error).strip().partition("\n")[0]
        raise RunError(
            f"process {place().rank}: lost the others; the cause is what one of them says "
            f"({reason})"
        ) from None
