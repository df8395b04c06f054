"""How good single networks are under the supernet's weights: the found one, and random ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from uxnet_compiler.machine.layout import channels_last
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.ops import Scale
from uxnet_compiler.schema import Architecture, Evidence, Genotype, alive
from uxnet_compiler.search.supernet import Supernet, Weights, one_hot
from uxnet_compiler.search.trust.model import Gap
from uxnet_compiler.spaces import FAMILIES, Slot, Space

Batch = tuple[Tensor, Tensor]

RANDOM = 8
BATCHES = 4  # a few seconds of a search that takes minutes
SEED = 9173  # of patches and random genotypes, whatever the seed of the search: all are alike


def mixture_dice(
    learned: Evidence,
    space: Space,
    supernet: Supernet,
    batches: Sequence[Batch],
    precision: Precision,
) -> float | None:
    """Return the Dice of the mixture that a search ended with; None when its gates cut it off."""
    if not _connected(space, learned):
        return None
    with _predicting(supernet):
        return _dice(relaxed(learned), supernet, batches, precision)


def measure_gap(
    genotype: Genotype,
    mixture: float | None,
    space: Space,
    supernet: Supernet,
    batches: Sequence[Batch],
    precision: Precision,
) -> Gap:
    """Measure the supernet, the genotype and random genotypes on the same patches.

    Args:
        genotype: Found in this space.
        mixture: What `mixture_dice` says of the same patches, before the weights were trained on.
        space: That was searched.
        supernet: With trained weights, on any device.
        batches: Patches and their labels.
        precision: That it was trained in.
    """
    found = genotype.architecture
    singles = [found, *(drawn.architecture for drawn in draws(space, found, RANDOM))]
    with _predicting(supernet):
        first, *others = (
            _dice(alone(space, each), supernet, batches, precision) for each in singles
        )
    return Gap(
        patches=sum(len(image) for image, _ in batches),
        relaxed=mixture,
        one_hot=first,
        random=tuple(others),
    )


def _dice(
    weights: Weights, supernet: Supernet, batches: Sequence[Batch], precision: Precision
) -> float:
    device = next(supernet.parameters()).device
    low = precision.dtype == "bfloat16"

    def logits(image: Tensor) -> Tensor:
        if precision.channels_last:
            image = channels_last(image, supernet.space.spatial_dims)
        with torch.autocast(device.type, torch.bfloat16, enabled=low):
            return supernet(image, weights)  # type: ignore[no-any-return]  # nn.Module calls are untyped

    return patch_dice(logits, batches, device)


@contextmanager
def _predicting(supernet: Supernet) -> Iterator[None]:
    training = supernet.training
    supernet.eval()
    try:
        yield
    finally:
        supernet.train(training)


@torch.no_grad()
def patch_dice(
    logits: Callable[[Tensor], Tensor], batches: Iterable[Batch], device: torch.device
) -> float:
    """Return the Dice of what a network finds in patches, a mean over the labels in them.

    Overlaps and sizes are added up over all patches, so that a label with few voxels in one patch
    does not count as much as a whole organ in the next.

    Shape:
        logits   of (B, C, D, H, W) are (B, K, D, H, W)
        batches  of (B, C, D, H, W) and labels (B, 1, D, H, W)
    """
    both: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for image, label in batches:
        found = logits(image.to(device)).float()
        guess, truth = found.argmax(1), label[:, 0].to(device)
        for value in range(1, found.shape[1]):
            is_guess, is_truth = guess == value, truth == value
            both[value] = both.get(value, 0) + int((is_guess & is_truth).sum())
            sizes[value] = sizes.get(value, 0) + int(is_guess.sum()) + int(is_truth.sum())
    scores = [2 * both[value] / size for value, size in sizes.items() if size]
    return round(sum(scores) / len(scores), 6) if scores else 1.0


def relaxed(evidence: Evidence) -> Weights:
    """Return the weights of the mixture that a search ended with."""
    return Weights(evidence.choices, evidence.gates)


def alone(space: Space, architecture: Architecture) -> Weights:
    """Return the weights that turn the supernet into one architecture of its space.

    An edge that carries its gate keeps it. What no living part of the architecture decides is set
    to the first candidate: it changes nothing.
    """
    chosen = {choice: candidates[0] for choice, candidates in space.choices.items()}
    nodes = {node.id: node.slot for node in space.nodes}
    edges = {edge.key: edge.slot for edge in space.edges}
    gated = set(space.gates)
    factors: dict[str, float] = {}
    parts = [(nodes[node.id], node.ops) for node in architecture.nodes]
    for edge in architecture.edges:
        ops = edge.ops
        if edge.key in gated:
            last = ops[-1] if ops else None
            factors[edge.key] = last.factor if isinstance(last, Scale) else 1.0
            ops = ops[:-1] if isinstance(last, Scale) else ops
        parts.append((edges[edge.key], ops))
    for slot, ops in parts:
        if slot.choice is not None:
            chosen[slot.choice] = _candidate(slot, ops)
    hard = one_hot(space, chosen, frozenset(factors))
    return Weights(hard.choices, {**hard.gates, **factors})


def _candidate(slot: Slot, ops: tuple[object, ...]) -> str:
    return next(name for name in slot.candidates if slot.ops(name) == ops)


def draws(space: Space, like: Architecture, count: int) -> list[Genotype]:
    """Return random genotypes of a space that keep about as large a part of the gates."""
    gates = set(space.gates)
    kept = len({edge.key for edge in like.edges} & gates) / len(gates) if gates else 1.0
    family = FAMILIES[space.ref.family]
    return [family.sample(space, SEED + index, tau=round(1 - kept, 6)) for index in range(count)]


def _connected(space: Space, evidence: Evidence) -> bool:
    """Tell whether the mixture reaches the output: gates may all be 0."""
    first = {choice: candidates[0] for choice, candidates in space.choices.items()}
    return bool(alive(space.select(first, {k for k, g in evidence.gates.items() if g > 0}).edges))
