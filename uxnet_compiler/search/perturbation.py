"""Decide edges and ops by what the trained supernet loses without them.

A gate says how much of an edge a supernet mixes in, not what the edge is worth: behind the sum a
norm rescales, and other edges stand in. So each edge is taken out, each candidate is taken alone,
and the loss on held-out patches says what that costs.

Source:
    Wang et al., "Rethinking Architecture Selection in Differentiable NAS", ICLR 2021: ops are
    selected by perturbation of the trained supernet. Ours: edges too; losses are paired patch by
    patch; candidates are tried alone, and nothing is trained between.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import Evidence, alive
from uxnet_compiler.search.supernet import Weights
from uxnet_compiler.spaces import Space


class Missed(BaseModel):
    """By how much the loss of the supernet rises, over patches.

    Attributes:
        mean: Over all patches.
        error: Standard error of that mean.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float
    error: float


class Measurement(BaseModel):
    """What a trained supernet loses without its parts, in units of its loss.

    Attributes:
        patches: On which everything was measured.
        loss: Of the mixture that the search ended with.
        edges: By how much more without an edge; None where it is the last way to the output.
        left: Loss of the mixture without the edges that are cut.
        candidates: For each choice that is left, by how much more with a candidate alone than with
            the best one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    patches: int
    loss: float
    edges: dict[str, Missed | None]
    left: float
    candidates: dict[str, dict[str, Missed]]

    def evidence(self, learned: Evidence) -> Evidence:
        """Return gates and preferences; choices that were not measured stay as learned."""
        scale = SHARPNESS * self.left
        return Evidence(
            gates=_gates(self.edges, TOLERANCE * self.loss),
            choices={
                choice: _preferences(self.candidates[choice], scale)
                if choice in self.candidates
                else weights
                for choice, weights in learned.choices.items()
            },
        )


class Losses(Protocol):
    """The trained supernet on fixed patches."""

    def __call__(
        self, base: Weights, variants: Sequence[Weights], told: Callable[[float], None]
    ) -> NDArray[np.float64]:
        """Return the loss of a mixture and of variants of it on each patch.

        Shape:
            out  (1 + V, P)

        Args:
            base: A mixture.
            variants: Others, each with a few other weights.
            told: Hears how much is done, 0 to 1.
        """
        ...


TOLERANCE = 0.005
"""Part of the supernet's loss that an edge has to be worth."""

SHARPNESS = 0.05
"""Part of the supernet's loss that makes a candidate e times less likely."""

OPEN = 1e-6
"""Least gate of the mixture: an edge that is shut could not be taken out."""

DIGITS = 6


def perturb(
    space: Space,
    losses: Losses,
    learned: Evidence,
    *,
    tau: float,
    observer: Observer | None = None,
) -> Measurement:
    """Measure what a trained supernet loses without each edge, and with each candidate alone.

    Maths:
        d_p = loss of patch p without the edge - loss with it
        g   = P(E d > tolerance loss) = Phi((mean d - tolerance loss) / (std d / sqrt(P)))

        and 1 for the edge into each node that is missed most: no node that is needed is cut off,
        since each edge is taken out while the others stand in for it.

        w_c = exp(-(loss_c - min loss) / (sharpness loss)) / sum

        where loss_c is that of the supernet without the edges below `tau`, and with candidate c
        alone. Choices of parts that are gone keep what was learned.

    Args:
        space: That was searched.
        losses: Of the trained supernet.
        learned: Gates and preferences that the search ended with: the mixture that is perturbed.
        tau: Threshold on gates.
        observer: Hears how far it is.
    """
    observer = observer or Observer()
    mixed = {key: max(gate, OPEN) for key, gate in learned.gates.items()}
    shut = {key: {**mixed, key: 0.0} for key in sorted(mixed)}
    tried = [key for key, without in shut.items() if _living(space, without)]
    total = len(tried) + sum(map(len, space.choices.values()))

    base, *without = losses(
        Weights(learned.choices, mixed),
        [Weights(learned.choices, shut[key]) for key in tried],
        lambda done: observer.tick(done * len(tried) / total),
    )
    edges: dict[str, Missed | None] = dict.fromkeys(space.gates)
    edges |= {key: _missed(found - base) for key, found in zip(tried, without, strict=True)}
    gates = _gates(edges, TOLERANCE * float(base.mean()))
    kept = {key: gate if gates[key] >= tau else 0.0 for key, gate in mixed.items()}
    alone = [
        (choice, name) for choice in _living_choices(space, kept) for name in space.choices[choice]
    ]
    left, *found = losses(
        Weights(learned.choices, kept),
        [
            Weights({**learned.choices, choice: _only(name, space.choices[choice])}, kept)
            for choice, name in alone
        ],
        lambda done: observer.tick((len(tried) + done * (total - len(tried))) / total),
    )
    by_choice: dict[str, dict[str, NDArray[np.float64]]] = defaultdict(dict)
    for (choice, name), each in zip(alone, found, strict=True):
        by_choice[choice][name] = each
    candidates = {}
    for choice, each in by_choice.items():
        best = min(each.values(), key=lambda one: float(one.mean()))
        candidates[choice] = {name: _missed(one - best) for name, one in each.items()}
    return Measurement(
        patches=len(base),
        loss=_short(base.mean()),
        edges=edges,
        left=_short(left.mean()),
        candidates=candidates,
    )


def _only(name: str, candidates: Sequence[str]) -> dict[str, float]:
    return {candidate: float(candidate == name) for candidate in candidates}


def _missed(differences: NDArray[np.float64]) -> Missed:
    error = differences.std(ddof=1) / math.sqrt(len(differences))
    return Missed(mean=_short(differences.mean()), error=_short(error))


def _short(value: float | np.floating[Any]) -> float:
    return round(float(value), DIGITS)


def _gates(edges: Mapping[str, Missed | None], tolerance: float) -> dict[str, float]:
    """Return the gate of every edge: 1 for the one into each node that is missed most."""
    into: dict[str, list[str]] = defaultdict(list)
    for key in edges:
        into[key.partition(">")[2]].append(key)
    gates = {}
    for keys in into.values():
        strongest = max(keys, key=lambda key: (_worth(edges[key]), key))
        for key in keys:
            missed = edges[key]
            if missed is None or key == strongest:
                gates[key] = 1.0
            else:
                gates[key] = round(_chance(missed, tolerance), DIGITS)
    return {key: gates[key] for key in edges}


def _worth(missed: Missed | None) -> float:
    return math.inf if missed is None else missed.mean


def _chance(missed: Missed, tolerance: float) -> float:
    """Return how likely the true mean is above the tolerance, by a normal distribution."""
    if missed.error == 0.0:
        return float(missed.mean > tolerance)
    return NormalDist(tolerance, missed.error).cdf(missed.mean)


def _preferences(candidates: Mapping[str, Missed], scale: float) -> dict[str, float]:
    raw = {name: math.exp(-missed.mean / scale) for name, missed in candidates.items()}
    total = sum(raw.values())
    return {name: round(weight / total, 6) for name, weight in raw.items()}


def _living(space: Space, gates: Mapping[str, float]) -> set[str]:
    """Return the nodes between image and logits, both included; empty when they are cut apart."""
    first = {choice: candidates[0] for choice, candidates in space.choices.items()}
    return alive(space.select(first, {key for key, gate in gates.items() if gate > 0}).edges)


def _living_choices(space: Space, gates: Mapping[str, float]) -> list[str]:
    """Return the choices of the nodes and edges that are left, sorted."""
    names = _living(space, gates)
    slots = [node.slot for node in space.nodes if node.id in names]
    slots += [
        edge.slot
        for edge in space.edges
        if edge.source in names and edge.target in names and gates.get(edge.key, 1.0) > 0
    ]
    return sorted({slot.choice for slot in slots if slot.choice is not None})
