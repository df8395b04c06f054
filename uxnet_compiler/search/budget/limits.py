"""The limits of a search: how people ask for them, and how they are told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from uxnet_compiler.errors import RunError
from uxnet_compiler.ops import spell
from uxnet_compiler.runs.config import first_defect
from uxnet_compiler.schema import Limits

WEIGHT_BYTES = 4
TRAINING_COPIES = 4
"""Numbers that training holds for each weight: itself, its gradient, two moments."""
MAP_COPIES = 2
"""Numbers that a training step holds for each voxel of a map: itself and its gradient."""

GIB = 2**30


@dataclass(frozen=True)
class Wish:
    """What a network may cost, as people say it; `None` where they do not mind.

    Attributes:
        params: Trained numbers.
        macs: Multiply-accumulates for one image.
        memory: GiB of weights and maps in inference.
        training_memory: GiB of a training step.
        latency: Milliseconds for one image on this machine.
    """

    params: int | None = None
    macs: int | None = None
    memory: float | None = None
    training_memory: float | None = None
    latency: float | None = None

    def limits(
        self, size: tuple[int, ...], batch_size: int, machine: str | None = None
    ) -> Limits | None:
        """Return the limits for an image of that size; `None` when nothing is asked for.

        Args:
            size: Voxels per axis (D, H, W).
            batch_size: Of a training step.
            machine: Where latencies are measured; needed when there is a wish for one.

        Raises:
            RunError: A number is too large for a document.
        """
        if all(wish is None for wish in vars(self).values()):
            return None
        return limits_of(
            {
                "size": size,
                "batch_size": batch_size,
                "params": self.params,
                "macs": self.macs,
                "memory_bytes": _bytes(self.memory),
                "training_bytes": _bytes(self.training_memory),
                "latency_ms": self.latency,
                "machine": machine if self.latency is not None else None,
            }
        )


def limits_of(values: Mapping[str, object]) -> Limits:
    """Return limits of numbers that people gave.

    Raises:
        RunError: One is too large for a document.
    """
    try:
        return Limits.model_validate(values)
    except ValidationError as error:
        raise RunError(f"limits: {first_defect(error)}") from None


def _bytes(gib: float | None) -> int | None:
    return None if gib is None else max(1, math.floor(gib * GIB))


@dataclass(frozen=True)
class _Kind:
    """How a limit is told: its option, and its values in the unit of that option."""

    flag: str
    unit: int
    digits: int
    what: str


_KINDS = {
    "params": _Kind("--max-params", 1, 0, "parameters"),
    "macs": _Kind("--max-macs", 1, 0, "MACs"),
    "memory_bytes": _Kind("--max-memory", GIB, 6, "GiB of weights and maps"),
    "training_bytes": _Kind("--max-training-memory", GIB, 6, "GiB in training"),
    "latency_ms": _Kind("--max-latency", 1, 3, "ms"),
}


def limit_values(limits: Limits | None) -> dict[str, float]:
    """Return the limits that are set, by name."""
    if limits is None:
        return {}
    found = {name: getattr(limits, name) for name in _KINDS}
    return {name: value for name, value in found.items() if value is not None}


def impossible(limits: Limits, smallest: Sequence[Mapping[str, float]]) -> RunError:
    """Return the error that tells which limits no network of a space can keep.

    Args:
        limits: All of them.
        smallest: Costs by the name of the limit of the cheapest networks there are: whatever
            other network costs as much as one of them, or more.
    """
    values = limit_values(limits)
    where = f"at {spell(limits.size)}"
    least = {name: min(costs[name] for costs in smallest) for name in values}
    broken = [name for name, value in values.items() if least[name] > value]
    if broken:
        told = "; ".join(
            f"{_flag(name, values[name])} is impossible: the smallest network of the space has"
            f" {_tell(name, least[name])}"
            for name in broken
        )
        return RunError(f"{told}, {where}")
    hints = []
    for name in values:
        beside = [
            costs[name]
            for costs in smallest
            if all(costs[other] <= value for other, value in values.items() if other != name)
        ]
        if beside:
            hints.append(f"{_KINDS[name].flag} {_number(name, min(beside))}")
    flags = " and ".join(_flag(name, value) for name, value in values.items())
    hint = f"; beside the others, {' or '.join(hints)} would do" if hints else ""
    return RunError(f"{flags} are impossible together, though each alone is not{hint}, {where}")


def _flag(name: str, value: float) -> str:
    return f"{_KINDS[name].flag} {value / _KINDS[name].unit:.9g}"


def _number(name: str, value: float) -> str:
    """Write a cost in the unit of its option, rounded up so that it can be asked for."""
    kind = _KINDS[name]
    return f"{math.ceil(value / kind.unit * 10**kind.digits) / 10**kind.digits:.{kind.digits}f}"


def _tell(name: str, value: float) -> str:
    return f"{_number(name, value)} {_KINDS[name].what}"
