"""A space made trainable: every candidate is computed, weighted and added."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping

from torch import Tensor, nn

from uxnet_compiler.lowering import slot_name
from uxnet_compiler.ops import Sum, TensorType
from uxnet_compiler.schema import INPUT, OUTPUT
from uxnet_compiler.search.chain import Factor, is_number
from uxnet_compiler.search.mixture import Memo, Mixture, Total
from uxnet_compiler.spaces import Space, SpaceEdge


class Weights:
    """How much of each candidate and each edge goes into a forward pass.

    A weight of exactly 0.0 (a Python number) leaves the part out, and one of exactly 1.0 costs
    no multiplication; tensors carry gradients to the architecture. A plain class, since Fabric
    takes dataclasses apart on their way into a model.

    Attributes:
        choices: Weight per candidate, for each choice; they add up to one.
        gates: Weight per gated edge.
        skip: Weight of an extra way around every node that chooses (Chu et al., "DARTS-", ICLR
            2021); no candidate, so no genotype has it.
    """

    def __init__(
        self,
        choices: Mapping[str, Mapping[str, Factor]],
        gates: Mapping[str, Factor],
        skip: float = 0.0,
    ) -> None:
        self.choices = choices
        self.gates = gates
        self.skip = skip


class Supernet(nn.Module):
    """All networks of a space at once; the caller says how they are mixed.

    Shape:
        x    (B, in_channels, D, H, W), each axis a multiple of the total stride
        out  (B, out_channels, D, H, W) logits

    The module holds network weights only; what is searched comes in with `Weights`.
    """

    def __init__(self, space: Space, *, share: int = 1) -> None:
        """Make all weights.

        Args:
            space: What is searched.
            share: K: how many times fewer channels the candidates of nodes see.
        """
        super().__init__()
        self.space = space
        self.share = share
        self.slots = nn.ModuleDict()
        self.incoming: dict[str, list[SpaceEdge]] = defaultdict(list)
        for edge in space.edges:
            self.incoming[edge.target].append(edge)
        types = {INPUT: TensorType(space.in_channels, (1,) * space.spatial_dims)}
        for node in space.nodes:
            width = space.widths[node.level]
            arrivals = [self._add_edge(edge, types, width) for edge in self.incoming[node.id]]
            assert node.merge == "sum", "no family here concatenates while it searches"
            given = Sum().infer(tuple(arrivals))
            mixture = Mixture(node.slot, node.id, given, width, share=share)
            self.slots[slot_name(node.id)] = mixture
            types[node.id] = mixture.made
        for edge in self.incoming[OUTPUT]:
            self._add_edge(edge, types, space.out_channels)

    def _add_edge(self, edge: SpaceEdge, types: dict[str, TensorType], width: int) -> TensorType:
        mixture = Mixture(edge.slot, edge.source, types[edge.source], width)
        self.slots[slot_name(edge.source, edge.target)] = mixture
        return mixture.made

    def merge(self, merged: bool) -> None:
        """Let candidates share kernels and products, or compute each on its own: the same."""
        for mixture in self.slots.values():
            assert isinstance(mixture, Mixture)
            mixture.merged = merged

    def forward(
        self,
        x: Tensor,
        weights: Weights,
        *,
        known: Mapping[str, Tensor] | None = None,
        keep: dict[str, Tensor] | None = None,
    ) -> Tensor:
        """Mix the networks of the space by `weights`; leave out what the output does not need.

        Args:
            x: Images.
            weights: Of the mixture.
            known: Values of nodes that need not be computed again.
            keep: Takes the values of all nodes that are computed.
        """
        values, memo = {INPUT: x, **(known or {})}, Memo()
        readers = self._readers(weights)
        for node in self.space.nodes:
            if node.id in values or not readers[node.id]:
                continue
            total = self._merge(node.id, values, weights, readers, memo)
            if total is not None:
                made = self._slot(slot_name(node.id), total, weights, 1.0, memo)
                if weights.skip and node.slot.choice is not None and made.shape == total.shape:
                    made = made + weights.skip * total
                values[node.id] = made
                if keep is not None:
                    keep[node.id] = made
        result = self._merge(OUTPUT, values, weights, readers, memo)
        assert result is not None, "the weights cut the output off"
        return result

    def _readers(self, weights: Weights) -> dict[str, set[str]]:
        """Return who reads each value, of those that the output depends on."""
        readers: dict[str, set[str]] = defaultdict(set)
        for target in (OUTPUT, *(node.id for node in reversed(self.space.nodes))):
            if target == OUTPUT or readers[target]:
                for edge in self.incoming[target]:
                    if not is_number(_gate(edge, weights), 0.0):
                        readers[edge.source].add(target)
        return readers

    def _merge(
        self,
        target: str,
        values: dict[str, Tensor],
        weights: Weights,
        readers: dict[str, set[str]],
        memo: Memo,
    ) -> Tensor | None:
        """Add up the open edges into a node; None when all are shut."""
        total = Total()
        for edge in self.incoming[target]:
            gate = _gate(edge, weights)
            if edge.source not in values or is_number(gate, 0.0):
                continue
            name = slot_name(edge.source, target)
            total.add(self._slot(name, values[edge.source], weights, gate, memo))
            readers[edge.source].discard(target)
            if not readers[edge.source]:
                del values[edge.source]
                memo.forget(edge.source)
        return total.value

    def _slot(self, name: str, x: Tensor, weights: Weights, factor: Factor, memo: Memo) -> Tensor:
        mixture = self.slots[name]
        assert isinstance(mixture, Mixture)
        choice = None if mixture.choice is None else weights.choices[mixture.choice]
        return mixture(x, choice, factor, memo)  # type: ignore[no-any-return]  # nn.Module calls are untyped


def _gate(edge: SpaceEdge, weights: Weights) -> Factor:
    return weights.gates[edge.key] if edge.gated else 1.0


def one_hot(space: Space, chosen: Mapping[str, str], kept: frozenset[str]) -> Weights:
    """Return the weights that turn a supernet into one network of its space."""
    return Weights(
        choices={
            choice: {name: float(name == chosen[choice]) for name in candidates}
            for choice, candidates in space.choices.items()
        },
        gates={key: float(key in kept) for key in space.gates},
    )


def drawn_ops(space: Space, generator: random.Random) -> dict[str, str]:
    """Draw a candidate of every choice, all alike likely."""
    return {choice: generator.choice(names) for choice, names in space.choices.items()}


def all_open(space: Space) -> Weights:
    """Return the weights of the warm-up: all candidates alike, all edges open."""
    return Weights(
        choices={
            choice: dict.fromkeys(candidates, 1.0 / len(candidates))
            for choice, candidates in space.choices.items()
        },
        gates=dict.fromkeys(space.gates, 1.0),
    )
