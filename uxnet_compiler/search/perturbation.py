"""Decide edges and ops by what the trained supernet loses without them.

A gate says how much of an edge a supernet mixes in, not what the edge is worth: behind the sum a
norm rescales, and other edges stand in. So each edge is taken out, each candidate is tried in
single networks, and the loss on held-out patches says what that costs. Each part has to earn the
work that it takes.

Source:
    Wang et al., "Rethinking Architecture Selection in Differentiable NAS", ICLR 2021: ops are
    selected by perturbation of the trained supernet. Ours: edges too; losses are paired patch by
    patch; ops are tried in random networks, once the supernet was trained on such.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from statistics import NormalDist
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from uxnet_compiler.schema import Evidence, alive
from uxnet_compiler.search.supernet import Weights
from uxnet_compiler.spaces import Space

Change = Callable[[Weights], Weights]
"""Makes a variant of a mixture."""

Work = Callable[[Weights], float]
"""The part of the work of the whole space that a mixture takes, 0 to 1 and more."""


class Missed(BaseModel):
    """By how much the loss rises, over patches.

    Attributes:
        mean: Over all patches.
        error: Standard error of that mean.
        work: Part of the whole space's work that is done for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float
    error: float
    work: float = 0.0


class Measurement(BaseModel):
    """What a trained supernet loses without its parts, in units of its loss.

    Attributes:
        price: Of the work of the whole space, as a part of the loss.
        patches: On which everything was measured.
        loss: Of the mixture that the search ended with.
        edges: By how much more without an edge; None where it is the last way to the output.
        adapted: Steps on single networks, with the edges that are kept.
        alone: Loss of random single networks after these.
        candidates: For each choice that is left, by how much more with a candidate than with the
            best one, in random networks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    price: float
    patches: int
    loss: float
    edges: dict[str, Missed | None]
    adapted: int
    alone: float
    candidates: dict[str, dict[str, Missed]]

    def evidence(self, learned: Evidence) -> Evidence:
        """Return gates and preferences; choices that were not measured stay as learned.

        Maths:
            d_p = loss of patch p without the edge - loss with it
            g   = P(E d > (price work + tolerance) loss)
                = Phi((mean d - (price work + tolerance) loss) / (std d / sqrt(P)))

            and 1 for the edge into each node that is missed most: no node that is needed is cut
            off, since each edge is taken out while the others stand in for it.

            w_c = exp(-(loss_c / loss + price work_c) / sharpness) / sum
        """
        return Evidence(
            gates=gates(self.edges, self.loss, self.price),
            choices={
                choice: _preferences(self.costs(choice)) if choice in self.candidates else weights
                for choice, weights in learned.choices.items()
            },
        )

    def least(self, missed: Missed) -> float:
        """Return what an edge has to be worth, in units of the loss."""
        return least(missed, self.loss, self.price)

    def costs(self, choice: str) -> dict[str, float]:
        """Return what each candidate costs in loss and in work, as parts of the loss."""
        return {
            name: missed.mean / self.alone + self.price * missed.work
            for name, missed in self.candidates[choice].items()
        }


class Losses(Protocol):
    """The trained supernet on fixed patches."""

    def __call__(
        self, bases: Sequence[Weights], changes: Sequence[Change], told: Callable[[float], None]
    ) -> NDArray[np.float64]:
        """Return the loss of mixtures and of variants of them on each patch.

        Shape:
            out  (1 + V, P)

        Args:
            bases: Mixtures that take turns from batch to batch.
            changes: What to do to them.
            told: Hears how much is done, 0 to 1.
        """
        ...


TOLERANCE = 0.0015
"""Part of the supernet's loss that an edge has to be worth beyond the price of its work."""

SHARPNESS = 0.05
"""Part of the loss that makes a candidate e times less likely."""

OPEN = 1e-6
"""Least gate of the mixture: an edge that is shut could not be taken out."""

DIGITS = 6


def measure_edges(
    space: Space,
    losses: Losses,
    learned: Evidence,
    work: Work,
    told: Callable[[float], None] = lambda _: None,
) -> tuple[float, dict[str, Missed | None]]:
    """Measure what the mixture loses without each edge; return its loss, too.

    Args:
        space: That was searched.
        losses: Of the trained supernet.
        learned: Gates and preferences that the search ended with: the mixture.
        work: Of a mixture; that of what dies with an edge is done for the edge.
        told: Hears how much is done, 0 to 1.
    """
    mixed = {key: max(gate, OPEN) for key, gate in learned.gates.items()}
    tried = [key for key in sorted(mixed) if living(space, mixed.keys() - {key})]
    base, *without = losses(
        [Weights(learned.choices, mixed)], [partial(_shut, key) for key in tried], told
    )
    every = Weights(learned.choices, dict.fromkeys(mixed, 1.0))
    whole = work(every)
    edges: dict[str, Missed | None] = dict.fromkeys(space.gates)
    edges |= {
        key: _missed(found - base, whole - work(_shut(key, every)))
        for key, found in zip(tried, without, strict=True)
    }
    return _short(base.mean()), edges


def measure_ops(
    space: Space,
    losses: Losses,
    contexts: Sequence[Weights],
    work: Work,
    told: Callable[[float], None] = lambda _: None,
) -> tuple[float, int, dict[str, dict[str, Missed]]]:
    """Measure every candidate in single networks; return their mean loss and the patches, too.

    Args:
        space: That was searched.
        losses: Of a supernet that was trained on single networks.
        contexts: Networks with the same edges that take turns; of each, one choice at a time is
            set to each of its candidates.
        work: Of a network.
        told: Hears how much is done, 0 to 1.
    """
    kept = {key for key, gate in contexts[0].gates.items() if gate}
    tried = [
        (choice, name) for choice in _living_choices(space, kept) for name in space.choices[choice]
    ]
    changes = [partial(_alone, choice, name, space.choices[choice]) for choice, name in tried]
    base, *found = losses(contexts, changes, told)
    by_choice: dict[str, dict[str, NDArray[np.float64]]] = defaultdict(dict)
    works: dict[str, dict[str, float]] = defaultdict(dict)
    for (choice, name), change, each in zip(tried, changes, found, strict=True):
        by_choice[choice][name] = each
        works[choice][name] = work(change(contexts[0]))
    candidates = {}
    for choice, losses_of in by_choice.items():
        best = min(losses_of.values(), key=lambda one: float(one.mean()))
        fewest = min(works[choice].values())
        candidates[choice] = {
            name: _missed(one - best, works[choice][name] - fewest)
            for name, one in losses_of.items()
        }
    return _short(base.mean()), len(base), candidates


def gates(edges: Mapping[str, Missed | None], loss: float, price: float) -> dict[str, float]:
    """Return the gate of every edge, when the mixture has this loss; see `Measurement.evidence`."""
    beyond = {
        key: None if each is None else each.mean - least(each, loss, price)
        for key, each in edges.items()
    }
    into: dict[str, list[str]] = defaultdict(list)
    for key in edges:
        into[key.partition(">")[2]].append(key)
    found = {}
    for keys in into.values():
        strongest = max(keys, key=lambda key: (_or_endless(beyond[key]), key))
        for key in keys:
            missed, margin = edges[key], beyond[key]
            if missed is None or margin is None or key == strongest:
                found[key] = 1.0
            else:
                found[key] = round(_chance(margin, missed.error), DIGITS)
    return {key: found[key] for key in edges}


def living(space: Space, kept: Collection[str]) -> set[str]:
    """Return the nodes between image and logits, both included; empty when they are cut apart."""
    first = {choice: candidates[0] for choice, candidates in space.choices.items()}
    return alive(space.select(first, set(kept)).edges)


def _shut(key: str, weights: Weights) -> Weights:
    return Weights(weights.choices, {**weights.gates, key: 0.0})


def _alone(choice: str, name: str, candidates: Sequence[str], weights: Weights) -> Weights:
    only = {candidate: float(candidate == name) for candidate in candidates}
    return Weights({**weights.choices, choice: only}, weights.gates)


def least(missed: Missed, loss: float, price: float) -> float:
    """Return what an edge has to be worth when the mixture has this loss, in units of it."""
    return (price * missed.work + TOLERANCE) * loss


def _missed(differences: NDArray[np.float64], work: float) -> Missed:
    error = differences.std(ddof=1) / math.sqrt(len(differences))
    return Missed(mean=_short(differences.mean()), error=_short(error), work=_short(work))


def _short(value: float | np.floating[Any]) -> float:
    return round(float(value), DIGITS)


def _or_endless(margin: float | None) -> float:
    return math.inf if margin is None else margin


def _chance(margin: float, error: float) -> float:
    """Return how likely the true mean of a margin is above 0, by a normal distribution."""
    return float(margin > 0) if error == 0.0 else NormalDist(0.0, error).cdf(margin)


def _preferences(costs: Mapping[str, float]) -> dict[str, float]:
    cheapest = min(costs.values())
    raw = {name: math.exp(-(cost - cheapest) / SHARPNESS) for name, cost in costs.items()}
    total = sum(raw.values())
    return {name: round(weight / total, DIGITS) for name, weight in raw.items()}


def _living_choices(space: Space, kept: Collection[str]) -> list[str]:
    """Return the choices of the nodes and edges that are left, sorted."""
    names = living(space, kept)
    slots = [node.slot for node in space.nodes if node.id in names]
    slots += [
        edge.slot
        for edge in space.edges
        if edge.source in names and edge.target in names and (not edge.gated or edge.key in kept)
    ]
    return sorted({slot.choice for slot in slots if slot.choice is not None})
