"""Convolve a map once where several convolutions of it are added up."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from uxnet_compiler.ir import Graph, Value
from uxnet_compiler.ir.graph import New
from uxnet_compiler.ir.weights import Added, Embedded, Weight
from uxnet_compiler.ops import Conv, Sum, spell
from uxnet_compiler.passes.base import Pass

_LARGEST = 31  # side of the kernel of a `conv@1`
_Window = tuple[tuple[int, ...], tuple[int, ...]]
"""Kernel and dilation."""
_Group = tuple[_Window, tuple[Value, ...]]
"""Convolutions that become one, and its window."""


@dataclass(frozen=True)
class MergeParallelConvs(Pass):
    """Add up the kernels of convolutions, not their results.

    Convolutions are linear, and a smaller kernel is a larger one with zeros around it: the terms
    of a sum that convolve one map with equal strides are one convolution with the smallest kernel
    that has a place for all their taps. They stay apart where that kernel would take more
    multiply-accumulates than they do.

    Before: `x -> conv 3x3 -> sum, x -> conv 1x1 -> sum`
    After:  `x -> conv 3x3 (3x3 + embedded 1x1) -> sum`, without the sum if nothing else is added
    Keeps:  every output up to rounding.
    Source: RepVGG (Ding et al., CVPR 2021) merges its branches this way.
    """

    name: ClassVar[str] = "merge-parallel-convs"
    trainable: ClassVar[bool] = False

    def run(self, graph: Graph) -> int:
        """Merge within every sum; each convolution that goes is one rewrite."""
        sums = [value.id for value in graph.values() if value.op.kind == "sum"]
        return sum(self._merge(graph, name) for name in sums)

    def _merge(self, graph: Graph, name: str) -> int:
        families = defaultdict(list)
        for source in dict.fromkeys(graph[name].inputs):
            term = graph[source]
            if isinstance(term.op, Conv) and term.op.group_count(_given(graph, term)) == 1:
                families[term.inputs[0], term.op.stride, term.op.offset].append(term)
        count = 0
        for family in families.values():
            if len(family) > 1:
                count += self._merge_family(graph, name, family)
        return count

    def _merge_family(self, graph: Graph, name: str, family: list[Value]) -> int:
        """Merge the convolutions of one map, in groups where not all are worth it."""
        alone = []
        for term in family:
            if graph.readers(term.id) != [name] or graph[name].inputs.count(term.id) > 1:
                self.decline(term.id, f"{name} is not the only one to read it, or reads it twice")
            else:
                alone.append(term)
        groups: list[_Group] = [((_conv(t).kernel, _conv(t).dilations), (t,)) for t in alone]
        while len(merged := _pair_up(groups)) < len(groups):
            groups = merged
        for window, members in groups:
            if len(members) > 1:
                _fuse(graph, name, window, [term for term in family if term in members])
        for window, members in groups[1:]:
            self.decline(
                members[0].id,
                f"a kernel for its {spell(window[0])} taps and those of {groups[0][1][0].id} takes"
                " more than both, or is too large",
            )
        return len(alone) - len(groups)


def _pair_up(groups: list[_Group]) -> list[_Group]:
    """Put each group into the first larger one where a common kernel pays."""
    merged: list[_Group] = []
    for window, members in sorted(groups, key=lambda group: -_taps(group[0])):
        for index, (other, those) in enumerate(merged):
            common = _common(other, window)
            if _taps(common) <= _taps(other) + _taps(window) and max(common[0]) <= _LARGEST:
                merged[index] = (common, (*those, *members))
                break
        else:
            merged.append((window, members))
    return merged


def _conv(value: Value) -> Conv:
    assert isinstance(value.op, Conv)
    return value.op


def _given(graph: Graph, value: Value) -> int:
    return graph[value.inputs[0]].type.channels


def _taps(window: _Window) -> int:
    return math.prod(window[0])


def _common(one: _Window, two: _Window) -> _Window:
    """Return the smallest window that has a place for the taps of both."""
    kernel, dilation = [], []
    for k1, d1, k2, d2 in zip(*one, *two, strict=True):
        # A side of one voxel has its tap in the middle, whatever the dilation.
        step = math.gcd(*(d for k, d in ((k1, d1), (k2, d2)) if k > 1)) or 1
        kernel.append(1 + max(d1 * (k1 - 1), d2 * (k2 - 1)) // step)
        dilation.append(step)
    return tuple(kernel), tuple(dilation)


def _fuse(graph: Graph, name: str, window: _Window, members: Sequence[Value]) -> None:
    """Put one convolution in the place of several terms of a sum."""
    first = members[0]
    kernel, dilation = window
    bias = [term.weight("bias") for term in members if _conv(term).bias]
    weights: dict[str, Weight] = {
        "weight": Added(tuple(_embedded(term, window) for term in members)),
        **({"bias": Added(tuple(bias)) if len(bias) > 1 else bias[0]} if bias else {}),
    }
    merged = Conv(
        kernel=kernel,
        channels=_conv(first).channels,
        stride=_conv(first).stride,
        dilation=None if set(dilation) == {1} else dilation,
        offset=_conv(first).offset,
        bias=bool(bias),
    )
    gone = {term.id for term in members}
    terms = tuple(
        source for source in graph[name].inputs if source == first.id or source not in gone
    )
    made: list[New] = [(first.id, merged, first.inputs, weights)]
    if len(terms) > 1:
        made.append((name, Sum(), terms, {}))
    graph.replace([*gone, name], made)


def _embedded(term: Value, window: _Window) -> Weight:
    kernel, dilation = window
    op = _conv(term)
    spread = tuple(
        d // step if k > 1 else 1
        for k, d, step in zip(op.kernel, op.dilations, dilation, strict=True)
    )
    if op.kernel == kernel and set(spread) == {1}:
        return term.weight("weight")
    return Embedded(term.weight("weight"), kernel, spread)
