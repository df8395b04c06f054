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
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import Evidence, alive
from uxnet_compiler.search.supernet import Weights
from uxnet_compiler.spaces import Space


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


def perturb(
    space: Space,
    losses: Losses,
    learned: Evidence,
    *,
    tau: float,
    observer: Observer | None = None,
) -> Evidence:
    """Return evidence measured on a trained supernet.

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
    missed = {key: found - base for key, found in zip(tried, without, strict=True)}
    gates = _gates(space, missed, TOLERANCE * float(base.mean()))
    left = {key: gate if gates[key] >= tau else 0.0 for key, gate in mixed.items()}
    alone = [
        (choice, name) for choice in _living_choices(space, left) for name in space.choices[choice]
    ]
    base, *found = losses(
        Weights(learned.choices, left),
        [
            Weights({**learned.choices, choice: _only(name, space.choices[choice])}, left)
            for choice, name in alone
        ],
        lambda done: observer.tick((len(tried) + done * (total - len(tried))) / total),
    )
    means: dict[str, dict[str, float]] = defaultdict(dict)
    for (choice, name), each in zip(alone, found, strict=True):
        means[choice][name] = float(each.mean())
    scale = SHARPNESS * float(base.mean())
    measured = {choice: _preferences(each, scale) for choice, each in means.items()}
    return Evidence(gates=gates, choices={**learned.choices, **measured})


def _only(name: str, candidates: Sequence[str]) -> dict[str, float]:
    return {candidate: float(candidate == name) for candidate in candidates}


def _gates(
    space: Space, missed: Mapping[str, NDArray[np.float64]], tolerance: float
) -> dict[str, float]:
    """Return the gate of every edge; those not in `missed` are the last way to the output."""
    into: dict[str, list[str]] = defaultdict(list)
    for key in space.gates:
        into[key.partition(">")[2]].append(key)
    gates = {}
    for keys in into.values():
        worth = {key: float(missed[key].mean()) if key in missed else math.inf for key in keys}
        strongest = max(keys, key=lambda key: (worth[key], key))
        for key in keys:
            gates[key] = 1.0 if key == strongest else round(_chance(missed[key], tolerance), 6)
    return {key: gates[key] for key in space.gates}


def _chance(differences: NDArray[np.float64], tolerance: float) -> float:
    """Return how likely the mean difference is above the tolerance, as a normal distribution."""
    distance = float(differences.mean()) - tolerance
    error = float(differences.std(ddof=1)) / math.sqrt(len(differences))
    if error == 0.0:
        return float(distance > 0)
    return 0.5 * (1 + math.erf(distance / (error * math.sqrt(2))))


def _preferences(losses: Mapping[str, float], scale: float) -> dict[str, float]:
    best = min(losses.values())
    raw = {name: math.exp(-(loss - best) / scale) for name, loss in losses.items()}
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
