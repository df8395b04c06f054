"""Decide edges and ops by what the trained supernet loses without them.

A gate says how much of an edge a supernet mixes in, not what the edge is worth: behind the sum a
norm rescales, and other edges stand in. So each edge is taken out, each candidate is tried in
single networks, and the loss on held-out patches says what that costs. Each part has to earn the
work that it takes. Edges that stand in for each other are missed only when all of them are gone,
so those that would go are taken out again, this time one after another.

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
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from uxnet_compiler.schema import Architecture, Evidence, drop_dead
from uxnet_compiler.search.measurement import DIGITS, Missed
from uxnet_compiler.search.supernet import Weights
from uxnet_compiler.spaces import Space

Change = Callable[[Weights], Weights]
"""Makes a variant of a mixture."""

Work = Callable[[Weights], float]
"""The part of the work of the whole space that a mixture takes, 0 to 1 and more."""


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


OPEN = 1e-6
"""Least gate of the mixture: an edge that is shut could not be taken out."""


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
    mixture, every = _mixture(learned), _every(learned)
    gates = mixture.gates.keys()
    tried = [key for key in sorted(gates) if living(space, gates - {key}).edges]
    base, *without = losses([mixture], [partial(_shut, key) for key in tried], told)
    whole = work(every)
    edges: dict[str, Missed | None] = dict.fromkeys(space.gates)
    edges |= {
        key: _missed(found - base, whole - work(_shut(key, every)))
        for key, found in zip(tried, without, strict=True)
    }
    return _short(base.mean()), edges


def measure_edges_again(
    asked: Sequence[str],
    stays: Callable[[Missed], bool],
    losses: Losses,
    learned: Evidence,
    work: Work,
    told: Callable[[float], None] = lambda _: None,
) -> dict[str, Missed]:
    """Measure edges one after another, each without those before it that do not stay.

    Losses and works that are missed add up to those of all edges that do not stay.

    Args:
        asked: Edges in the order in which they go. Without all of them, image and logits are
            still connected.
        stays: Whether an edge is worth that much.
        losses: Of the trained supernet.
        learned: Gates and preferences that the search ended with: the mixture.
        work: Of a mixture; that of what dies with an edge is done for the edge.
        told: Hears how much is done, 0 to 1.
    """
    found: dict[str, Missed] = {}
    if not asked:
        return found
    mixture, every = _mixture(learned), _every(learned)
    (base,) = losses([mixture], [], lambda _: None)
    for number, key in enumerate(asked, start=1):
        without, left = _shut(key, mixture), _shut(key, every)
        (loss,) = losses([without], [], lambda _: None)
        found[key] = _missed(loss - base, work(every) - work(left))
        if not stays(found[key]):
            mixture, every, base = without, left, loss
        told(number / len(asked))
    return found


def measure_ops(
    space: Space,
    losses: Losses,
    contexts: Sequence[Weights],
    tried: Mapping[str, Sequence[str]],
    work: Work,
    told: Callable[[float], None] = lambda _: None,
) -> tuple[float, dict[str, dict[str, Missed]]]:
    """Measure candidates in single networks against the reference; return their mean loss, too.

    Args:
        space: That was searched.
        losses: Of a supernet that was trained on single networks.
        contexts: Networks with the same edges that take turns; of each, one choice at a time is
            set to each of the candidates.
        tried: Candidates of nodes and edges that are left, the reference among them.
        work: Of a network.
        told: Hears how much is done, 0 to 1.
    """
    pairs = [(choice, name) for choice in sorted(tried) for name in tried[choice]]
    changes = [partial(_alone, choice, name, space.choices[choice]) for choice, name in pairs]
    base, *found = losses(contexts, changes, told)
    by_choice: dict[str, dict[str, NDArray[np.float64]]] = defaultdict(dict)
    works: dict[str, dict[str, float]] = defaultdict(dict)
    for (choice, name), change, each in zip(pairs, changes, found, strict=True):
        by_choice[choice][name] = each
        works[choice][name] = work(change(contexts[0]))
    candidates, references = {}, space.references
    for choice, losses_of in by_choice.items():
        usual = references[choice]
        candidates[choice] = {
            name: _missed(
                one - losses_of[usual], max(0.0, works[choice][name] - works[choice][usual])
            )
            for name, one in losses_of.items()
        }
    return _short(base.mean()), candidates


def living(space: Space, kept: Collection[str]) -> Architecture:
    """Return what of the space is between image and logits; nothing when they are cut apart."""
    first = {choice: candidates[0] for choice, candidates in space.choices.items()}
    return drop_dead(space.select(first, kept))


def _mixture(learned: Evidence) -> Weights:
    return Weights(learned.choices, {key: max(gate, OPEN) for key, gate in learned.gates.items()})


def _every(learned: Evidence) -> Weights:
    return Weights(learned.choices, dict.fromkeys(learned.gates, 1.0))


def _shut(key: str, weights: Weights) -> Weights:
    return Weights(weights.choices, {**weights.gates, key: 0.0})


def _alone(choice: str, name: str, candidates: Sequence[str], weights: Weights) -> Weights:
    only = {candidate: float(candidate == name) for candidate in candidates}
    return Weights({**weights.choices, choice: only}, weights.gates)


def _missed(differences: NDArray[np.float64], work: float) -> Missed:
    error = differences.std(ddof=1) / math.sqrt(len(differences))
    return Missed(mean=_short(differences.mean()), error=_short(error), work=_short(work))


def _short(value: float | np.floating[Any]) -> float:
    return round(float(value), DIGITS)
