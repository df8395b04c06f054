"""A space made trainable: every candidate is computed, weighted and added."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from torch import Tensor, nn

from uxnet_compiler.backends.torch import layer
from uxnet_compiler.lowering import op_names, slot_name
from uxnet_compiler.ops import LayerOp, Resized, Sum, TensorType
from uxnet_compiler.schema import INPUT, OUTPUT
from uxnet_compiler.search.merged import common_dilation, mergeable, merged_conv
from uxnet_compiler.spaces import Slot, Space, SpaceEdge

Memo = dict[tuple[str, LayerOp], Tensor]


class Weights:
    """How much of each candidate and each edge goes into a forward pass.

    A weight of exactly 0.0 (a Python number) leaves the part out, and one of exactly 1.0 costs
    no multiplication; tensors carry gradients to the architecture. A plain class, since Fabric
    takes dataclasses apart on their way into a model.

    Attributes:
        choices: Weight per candidate, for each choice; they add up to one.
        gates: Weight per gated edge.
    """

    def __init__(
        self,
        choices: Mapping[str, Mapping[str, Tensor | float]],
        gates: Mapping[str, Tensor | float],
    ) -> None:
        self.choices = choices
        self.gates = gates


class Chain(nn.Sequential):
    """Ops in a row, with their weights named as in a compiled network."""

    def __init__(self, ops: tuple[LayerOp, ...], given: TensorType, width: int) -> None:
        super().__init__()
        self.made = given
        self.types: list[TensorType] = []
        for name, op in zip(op_names("x", ops), ops, strict=True):
            full = op.with_channels(width, self.made.channels) if isinstance(op, Resized) else op
            self.add_module(name.removeprefix("x."), layer(full, self.made))
            self.made = full.infer((self.made,))
            self.types.append(self.made)


class Mixture(nn.Module):
    """The slot of a node or an edge with all its candidates.

    Maths:
        y = (1 - w_bare) after(sum_k w_k O_k(before(x)) / (1 - w_bare)) + sum_bare w_k O_k(...)

        where the first sum runs over the candidates that `after` applies to. With one norm
        behind the sum, a weighted sum of convolutions is itself one convolution.
    """

    def __init__(self, slot: Slot, source: str, given: TensorType, width: int) -> None:
        super().__init__()
        self.choice = slot.choice
        self.bare = slot.bare
        self.source = source
        self.before = Chain(slot.before, given, width)
        self.candidates = nn.ModuleDict(
            {name: Chain(ops, self.before.made, width) for name, ops in slot.candidates.items()}
        )
        self.groups: dict[int, tuple[str, ...]] = _groups(slot)
        # A candidate of one op without weights, on the bare input, is the same for every edge
        # that leaves a node with the same factor: it is computed once.
        self.shared: dict[str, LayerOp] = {
            name: ops[0]
            for name, ops in slot.candidates.items()
            if len(ops) == 1 and not slot.before and not isinstance(ops[0], Resized)
        }
        inner = self.before.made
        for name, chain in self.candidates.items():
            assert isinstance(chain, Chain)
            if name not in slot.bare:
                inner = chain.made
        self.after = Chain(slot.after, inner, width)
        self.made = self.after.made

    def forward(
        self, x: Tensor, weights: Mapping[str, Tensor | float] | None, memo: Memo
    ) -> Tensor:
        """Return the weighted sum; `weights` is None when there is nothing to choose."""
        x = self.before(x)
        if weights is None:
            return self.after(x)  # type: ignore[no-any-return]  # nn.Module calls are untyped
        active = {name: weight for name, weight in weights.items() if not _is(weight, 0.0)}
        total = self._merged(x, active)
        aside: Tensor | None = None
        bare: Tensor | float = 0.0
        for name, weight in active.items():
            part = self._candidate(name, x, memo)
            part = part if _is(weight, 1.0) else weight * part
            if name in self.bare:
                aside = part if aside is None else aside + part
                bare = bare + weight
            else:
                total = part if total is None else total + part
        if total is None:
            assert aside is not None
            return aside
        if aside is None:
            return self.after(total)  # type: ignore[no-any-return]  # nn.Module calls are untyped
        rest = 1.0 - bare
        return aside + rest * self.after(total / rest)  # type: ignore[no-any-return]  # nn.Module calls are untyped

    def _merged(self, x: Tensor, active: dict[str, Tensor | float]) -> Tensor | None:
        """Compute what one kernel can do for several, and take it out of `active`."""
        total: Tensor | None = None
        for dilation, names in self.groups.items():
            chains = {name: self.candidates[name] for name in names if name in active}
            if len(chains) > 1 or (chains and dilation > 1):
                weights = {name: active.pop(name) for name in chains}
                part = merged_conv(x, chains, weights, dilation)
                total = part if total is None else total + part
        return total

    def _candidate(self, name: str, x: Tensor, memo: Memo) -> Tensor:
        op = self.shared.get(name)
        if op is None:
            return self.candidates[name](x)  # type: ignore[no-any-return]  # nn.Module calls are untyped
        key = (self.source, op)
        if key not in memo:
            memo[key] = self.candidates[name](x)
        return memo[key]


def _groups(slot: Slot) -> dict[int, tuple[str, ...]]:
    """Group the candidates that one kernel can compute, by dilation."""
    groups: dict[int, list[str]] = defaultdict(list)
    for name, ops in slot.candidates.items():
        if name not in slot.bare and mergeable(ops):
            groups[common_dilation(ops)].append(name)
    return {dilation: tuple(names) for dilation, names in sorted(groups.items())}


def _is(weight: Tensor | float, number: float) -> bool:
    return isinstance(weight, float) and weight == number


class Supernet(nn.Module):
    """All networks of a space at once; the caller says how they are mixed.

    Shape:
        x    (B, in_channels, D, H, W), each axis a multiple of the total stride
        out  (B, out_channels, D, H, W) logits

    The module holds network weights only; what is searched comes in with `Weights`.
    """

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space
        self.slots = nn.ModuleDict()
        self.incoming: dict[str, list[SpaceEdge]] = defaultdict(list)
        for edge in space.edges:
            self.incoming[edge.target].append(edge)
        types = {INPUT: TensorType(space.in_channels, (1,) * space.spatial_dims)}
        for node in space.nodes:
            width = space.widths[node.level]
            arrivals = [self._add_edge(edge, types, width) for edge in self.incoming[node.id]]
            assert node.merge == "sum", "no family here concatenates while it searches"
            mixture = Mixture(node.slot, node.id, Sum().infer(tuple(arrivals)), width)
            self.slots[slot_name(node.id)] = mixture
            types[node.id] = mixture.made
        for edge in self.incoming[OUTPUT]:
            self._add_edge(edge, types, space.out_channels)

    def _add_edge(self, edge: SpaceEdge, types: dict[str, TensorType], width: int) -> TensorType:
        mixture = Mixture(edge.slot, edge.source, types[edge.source], width)
        self.slots[slot_name(edge.source, edge.target)] = mixture
        return mixture.made

    def forward(self, x: Tensor, weights: Weights) -> Tensor:
        """Mix the networks of the space by `weights`."""
        values = {INPUT: x}
        memo: Memo = {}
        for node in self.space.nodes:
            total = self._merge(node.id, values, weights, memo)
            if total is not None:
                values[node.id] = self._slot(slot_name(node.id), total, weights, memo)
        result = self._merge(OUTPUT, values, weights, memo)
        assert result is not None, "the weights cut the output off"
        return result

    def _merge(
        self, target: str, values: dict[str, Tensor], weights: Weights, memo: Memo
    ) -> Tensor | None:
        """Add up the open edges into a node; None when all are shut."""
        total: Tensor | None = None
        for edge in self.incoming[target]:
            gate = weights.gates[edge.key] if edge.gated else 1.0
            if edge.source not in values or _is(gate, 0.0):
                continue
            part = self._slot(slot_name(edge.source, target), values[edge.source], weights, memo)
            part = part if _is(gate, 1.0) else gate * part
            total = part if total is None else total + part
        return total

    def _slot(self, name: str, x: Tensor, weights: Weights, memo: Memo) -> Tensor:
        mixture = self.slots[name]
        assert isinstance(mixture, Mixture)
        choice = None if mixture.choice is None else weights.choices[mixture.choice]
        return mixture(x, choice, memo)  # type: ignore[no-any-return]  # nn.Module calls are untyped


def one_hot(space: Space, chosen: Mapping[str, str], kept: frozenset[str]) -> Weights:
    """Return the weights that turn a supernet into one network of its space."""
    return Weights(
        choices={
            choice: {name: float(name == chosen[choice]) for name in candidates}
            for choice, candidates in space.choices.items()
        },
        gates={key: float(key in kept) for key in space.gates},
    )


def all_open(space: Space) -> Weights:
    """Return the weights of the warm-up: all candidates alike, all edges open."""
    return Weights(
        choices={
            choice: dict.fromkeys(candidates, 1.0 / len(candidates))
            for choice, candidates in space.choices.items()
        },
        gates=dict.fromkeys(space.gates, 1.0),
    )
