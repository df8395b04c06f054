"""The cheapest networks of a space: single paths from the image to the logits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx

from uxnet_compiler.ops import MaxPool
from uxnet_compiler.schema import INPUT, OUTPUT, Evidence
from uxnet_compiler.search.budget.limits import (
    MAP_COPIES,
    TRAINING_COPIES,
    WEIGHT_BYTES,
    impossible,
)
from uxnet_compiler.search.budget.meter import Meter, Values
from uxnet_compiler.search.budget.prices import FIXED, Price
from uxnet_compiler.spaces import Selection, Slot, Space

_TINY = 1e-12
_PASSED = dict.fromkeys(("memory_bytes", "training_bytes", "latency_ms"), 0.6)
"""What passes leave of a cost at least: of convolution, norm and activation they shrink one map."""


@dataclass(frozen=True)
class _Candidate:
    """Choices made so far on a path, with what they cost and how likely they are.

    Among equals in price those with more poolings go on: the pass `pool-before-activation` makes
    the map ahead of a max-pooling smaller, and that of no other op.
    """

    price: Price
    evidence: float
    chosen: Mapping[str, str]
    pools: int = 0


def paths(space: Space, evidence: Evidence) -> list[frozenset[str]]:
    """Return the gated edges of each path from the image to the logits, the likeliest first.

    Whatever a network costs, each path in it costs no more: no network is cheaper than all paths.
    Edges that have no gate are always there, beside the path.
    """
    graph: nx.DiGraph[str] = nx.DiGraph((edge.source, edge.target) for edge in space.edges)
    gates = set(space.gates)
    found = {
        frozenset(f"{a}>{b}" for a, b in pairwise(path)) & gates
        for path in nx.all_simple_paths(graph, INPUT, OUTPUT)
    }

    def likelihood(path: frozenset[str]) -> float:
        # Sorted, since sums of floats depend on their order.
        return sum(math.log(max(evidence.gates[key], _TINY)) for key in sorted(path))

    return sorted(found, key=lambda path: (-likelihood(path), sorted(path)))


def cheapest(
    meter: Meter, kept: frozenset[str], evidence: Evidence
) -> Iterator[tuple[Selection, Values]]:
    """Yield the cheapest choices for a set of edges, and what their ops cost.

    They are those that no others beat in every cost; choices that do not matter are the likeliest.
    """
    space = meter.space
    likeliest = {
        name: max(candidates, key=lambda c: evidence.choices[name][c])
        for name, candidates in space.choices.items()
    }
    alive = meter.architecture(Selection(likeliest, kept))
    names = {node.id for node in alive.nodes} | {edge.key for edge in alive.edges}
    slots = [(n.id, n.slot.choice) for n in space.nodes if n.id in names]
    slots += [(e.key, e.slot.choice) for e in space.edges if e.key in names]
    by_name: dict[str, Slot] = {node.id: node.slot for node in space.nodes}
    by_name |= {edge.key: edge.slot for edge in space.edges}
    start = Price()
    for name, choice in slots:
        if choice is None:
            start += meter.prices[name][FIXED]
    front = [_Candidate(start, 0.0, {})]
    for choice in sorted({choice for _, choice in slots if choice is not None}):
        places = [name for name, other in slots if other == choice]
        longer = []
        for candidate in space.choices[choice]:
            price = Price()
            for name in places:
                price += meter.prices[name][candidate]
            weight = math.log(max(evidence.choices[choice][candidate], _TINY))
            pools = sum(_pools(by_name[name], candidate) for name in places)
            longer += [
                _Candidate(
                    each.price + price,
                    each.evidence + weight,
                    {**each.chosen, choice: candidate},
                    each.pools + pools,
                )
                for each in front
            ]
        front = _front(longer, meter)
    front.sort(key=lambda each: -each.evidence)
    for each in front:
        yield Selection({**likeliest, **each.chosen}, kept), _values(each.price, meter)


def _pools(slot: Slot, candidate: str) -> bool:
    ops = slot.candidates[candidate]
    return bool(ops) and isinstance(ops[0], MaxPool)


def _front(candidates: list[_Candidate], meter: Meter) -> list[_Candidate]:
    """Leave those out that another beats or equals in every cost that is limited."""
    vectors = [
        (_vector(each.price, meter), -each.pools, -each.evidence, each) for each in candidates
    ]
    vectors.sort(key=lambda item: item[:3])
    kept: list[tuple[tuple[float, ...], _Candidate]] = []
    for vector, _, _, each in vectors:
        if not any(all(a <= b for a, b in zip(v, vector, strict=True)) for v, _ in kept):
            kept.append((vector, each))
    return [each for _, each in kept]


def _vector(price: Price, meter: Meter) -> tuple[float, ...]:
    """Return the costs that matter for the limits, each growing as slots are added."""
    parts = {
        "params": (price.params,),
        "macs": (price.macs,),
        "memory_bytes": (price.params, price.peak_bytes),
        "training_bytes": (_training_bytes(price, meter),),
        "latency_ms": (price.ms,),
    }
    return tuple(number for name in meter.limit_values for number in parts[name])


def _values(price: Price, meter: Meter) -> Values:
    every = {
        "params": price.params,
        "macs": price.macs,
        "memory_bytes": WEIGHT_BYTES * price.params + price.peak_bytes,
        "training_bytes": _training_bytes(price, meter),
        "latency_ms": price.ms,
    }
    return {name: every[name] for name in meter.limit_values}


def _training_bytes(price: Price, meter: Meter) -> int:
    maps = MAP_COPIES * meter.limits.batch_size * price.map_bytes
    return TRAINING_COPIES * WEIGHT_BYTES * price.params + maps


def cheapest_within(meter: Meter, evidence: Evidence) -> Selection:
    """Return a network of one path that is within all limits: the likeliest such path.

    Raises:
        RunError: No network of the space is within all limits.
    """
    found = []
    for kept in paths(meter.space, evidence):
        for selection, values in cheapest(meter, kept, evidence):
            if meter.within(values) and meter.fits(selection):
                return selection
            found.append((tuple(values.values()), selection))
    # What the ops cost is an upper bound: passes may save some of the maps.
    shares = [_PASSED.get(name, 1.0) for name in meter.limit_values]
    found.sort(key=lambda item: item[0])
    front: list[tuple[tuple[float, ...], Selection]] = []
    for vector, selection in found:
        least = [share * number for share, number in zip(shares, vector, strict=True)]
        if not any(all(a <= b for a, b in zip(v, least, strict=True)) for v, _ in front):
            front.append((vector, selection))
    for _, selection in front:
        if meter.fits(selection):
            return selection
    raise impossible(meter.limits, [meter.exact(selection) for _, selection in front])
