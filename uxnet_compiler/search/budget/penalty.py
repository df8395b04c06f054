"""What a relaxed network costs, and the penalty that keeps a search within its limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple

import torch
from torch import Tensor

from uxnet_compiler.analysis import cost
from uxnet_compiler.lowering import lower
from uxnet_compiler.schema import INPUT, OUTPUT, Limits
from uxnet_compiler.search.budget.limits import (
    MAP_COPIES,
    TRAINING_COPIES,
    WEIGHT_BYTES,
    limit_values,
)
from uxnet_compiler.search.budget.prices import FIXED, Price, Prices
from uxnet_compiler.search.supernet import Weights, all_open
from uxnet_compiler.spaces import Slot, Space

MARGIN = 0.1
"""The part of a limit below it at which the penalty begins."""

_PARAMS, _MACS, _MAPS, _PEAK, _MS = range(5)


class Budget:
    """Price a relaxed network, and say how far it is over its limits.

    Maths:
        The price of a network whose edges are open by chance, each with the chance of its gate:

        cost  = sum over slots s of  a_s sum_c w_sc price_sc
        a_e   = g_e  in(source) out(target)     for an edge e
        a_n   = in(n) out(n)                    for a node n
        in(n) = 1 - prod over edges e into n of (1 - g_e in(source)), 1 at the image
        out(n) likewise, towards the logits

        so that with gates and weights of 0 and 1 it is the price of that one network, and a part
        that nothing leads to costs nothing. Each limit adds h(cost / limit) to the loss:

        h(r) = 0                          for r <= 1 - m        (m = 0.1)
        h(r) = (r - 1 + m)^2 / (2 m)      between
        h(r) = r - 1 + m / 2              for r >= 1

        A network of twice what is allowed loses 1.05 a limit: as much as Dice and cross-entropy
        together lose before anything is learnt, so the limits win until they are met, and then
        are silent. `cost_pressure` adds X cost(macs) / cost(macs, all open) on top: each edge has
        to earn its own price.

        Memory in inference is a maximum over time, not a sum. Here it is the bytes of the weights
        and the maps' share of all maps of the open space; decoding counts it exactly.
    """

    def __init__(
        self,
        space: Space,
        prices: Prices,
        limits: Limits | None = None,
        cost_pressure: float = 0.0,
    ) -> None:
        self.space = space
        self.cost_pressure = cost_pressure
        self.limits = limit_values(limits)
        self.batch_size = limits.batch_size if limits is not None else 1
        self._tables = {
            name: torch.tensor([astuple(price) for price in by_candidate.values()])
            for name, by_candidate in prices.items()
        }
        self._slots: dict[str, Slot] = {node.id: node.slot for node in space.nodes}
        self._slots |= {edge.key: edge.slot for edge in space.edges}
        self._candidates = {name: tuple(by_candidate) for name, by_candidate in prices.items()}
        with torch.no_grad():
            self._open = self._sums(all_open(space))
        self._open_peak = 0
        if limits is not None and limits.memory_bytes is not None:
            self._open_peak = open_peak(space, limits.size)

    def penalty(self, weights: Weights) -> Tensor:
        """Return what to add to the loss of the architecture."""
        sums = self._sums(weights)
        total = self.cost_pressure * sums[_MACS] / self._open[_MACS]
        expected = self._expected(sums)
        for name, limit in self.limits.items():
            total = total + hinge(expected[name] / limit)
        return total

    def share(self, weights: Weights) -> float:
        """Return the part of the open space's work that a mixture takes.

        Half of it counts multiply-accumulates, half the feature maps that are written: small
        kernels on large grids wait for memory.
        """
        with torch.no_grad():
            parts = self._sums(weights) / self._open
        return float(parts[_MACS] + parts[_MAPS]) / 2

    def expected(self, weights: Weights) -> dict[str, Tensor]:
        """Return the expected cost of a relaxed network by the name of its limit."""
        return self._expected(self._sums(weights))

    def _expected(self, sums: Tensor) -> dict[str, Tensor]:
        weight_bytes = WEIGHT_BYTES * sums[_PARAMS]
        share = sums[_MAPS] / self._open[_MAPS]
        maps = MAP_COPIES * self.batch_size * sums[_MAPS]
        return {
            "params": sums[_PARAMS],
            "macs": sums[_MACS],
            "memory_bytes": weight_bytes + self._open_peak * share,
            "training_bytes": TRAINING_COPIES * weight_bytes + maps,
            "latency_ms": sums[_MS],
        }

    def _sums(self, weights: Weights) -> Tensor:
        """Return the expected sums, in the order of the fields of `Price`."""
        entering, leaving = reach(self.space, weights.gates)
        device = next(
            (g.device for g in weights.gates.values() if isinstance(g, Tensor)), torch.device("cpu")
        )
        total = torch.zeros(len(Price.__dataclass_fields__), device=device)
        for node in self.space.nodes:
            chance = entering[node.id] * leaving[node.id]
            total = total + chance * self._slot(node.id, weights, device)
        for edge in self.space.edges:
            gate = weights.gates[edge.key] if edge.gated else 1.0
            chance = gate * entering[edge.source] * leaving[edge.target]
            total = total + chance * self._slot(edge.key, weights, device)
        return total

    def _slot(self, name: str, weights: Weights, device: torch.device) -> Tensor:
        table = self._tables[name].to(device)
        choice = self._slots[name].choice
        if choice is None:
            assert self._candidates[name] == (FIXED,)
            return table[0]
        parts = [torch.as_tensor(weights.choices[choice][c]) for c in self._candidates[name]]
        return torch.stack([part.to(table) for part in parts]) @ table


def open_peak(space: Space, size: tuple[int, ...]) -> int:
    """Return the peak in bytes of the network with every edge, and the first of all candidates."""
    first = {name: candidates[0] for name, candidates in space.choices.items()}
    return cost(lower(space.select(first, space.gates)), size).peak_bytes


def hinge(ratio: Tensor) -> Tensor:
    """Return the penalty for a cost that is `ratio` times its limit; see `Budget`."""
    over = torch.clamp(ratio - (1 - MARGIN), min=0.0)
    return torch.where(over < MARGIN, over.square() / (2 * MARGIN), over - MARGIN / 2)


def reach(
    space: Space, gates: Mapping[str, Tensor | float]
) -> tuple[dict[str, Tensor | float], dict[str, Tensor | float]]:
    """Return the chance that the image reaches a node, and that a node reaches the logits."""
    entering: dict[str, Tensor | float] = {INPUT: 1.0}
    leaving: dict[str, Tensor | float] = {OUTPUT: 1.0}
    names = [node.id for node in space.nodes]
    for name in (*names, OUTPUT):
        shut: Tensor | float = 1.0
        for edge in space.edges:
            if edge.target == name:
                gate = gates[edge.key] if edge.gated else 1.0
                shut = shut * (1.0 - gate * entering[edge.source])
        entering[name] = 1.0 - shut
    for name in reversed(names):
        shut = 1.0
        for edge in space.edges:
            if edge.source == name:
                gate = gates[edge.key] if edge.gated else 1.0
                shut = shut * (1.0 - gate * leaving[edge.target])
        leaving[name] = 1.0 - shut
    return entering, leaving
