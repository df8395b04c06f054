"""Let weights do what constants do, such as the gates of edges."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from uxnet_compiler.ir import Graph
from uxnet_compiler.ir.weights import Scaled, Weight
from uxnet_compiler.ops import Conv, Scale, TransposedConv
from uxnet_compiler.passes.base import Pass

_KERNELS = {"conv", "transposed_conv"}
_MAKERS = {*_KERNELS, "instance_norm", "batch_norm", "group_norm", "scale"}
_PASSED = {"avg_pool", "upsample", "downsample"}
_PASSED_BY_POSITIVE = {"max_pool", "relu", "leaky_relu"}
_LARGEST = 1e6  # of a `scale@1`


@dataclass(frozen=True)
class _Front:
    """What reads a value when the ops are left out that a constant may pass.

    Attributes:
        names: The readers behind those ops; all other paths end there.
        positive: Whether only a constant that is not negative passes them.
    """

    names: tuple[str, ...]
    positive: bool


@dataclass(frozen=True)
class FoldScale(Pass):
    """Multiply weights instead of maps.

    A constant goes into the kernel and the bias of the convolution before it, into both vectors
    of a norm before it, into another constant, or else into the kernels of all convolutions
    behind it. On its way it passes pools and interpolations, and one that is not negative passes
    activations, too. A value that several read takes it when all of them apply the same one. A
    constant before a norm cannot go: next to `eps` its size matters.

    Before: `x -> conv -> scale -> sum`, `y -> scale -> upsample -> conv`
    After:  `x -> conv -> sum`, `y -> upsample -> conv`
    Keeps:  every output of a network in eval mode, up to rounding.
    """

    name: ClassVar[str] = "fold-scale"
    trainable: ClassVar[bool] = False

    def run(self, graph: Graph) -> int:
        """Fold backwards, then what is left forwards; readers before what they read."""
        before = _scales(graph)
        for name in before:
            _drop_one(graph, name)
        fronts: dict[str, _Front] = {}
        reasons: dict[str, str] = {}
        for name in reversed([v.id for v in graph.values() if v.op.kind in _MAKERS]):
            fronts[name] = _absorb(graph, name, fronts, reasons)
        for name in reversed(_scales(graph)):
            reason = _hand_on(graph, name)
            if reason:
                self.decline(name, f"{reasons.get(name, 'nothing before it takes it')}; {reason}")
        return len(before) - len(_scales(graph))


def _scales(graph: Graph) -> list[str]:
    return [value.id for value in graph.values() if isinstance(value.op, Scale)]


def _drop_one(graph: Graph, name: str) -> None:
    """Remove a scale by 1."""
    if _factor(graph, name) == 1:
        _bypass(graph, name)


def _bypass(graph: Graph, name: str) -> None:
    graph.redirect(name, graph[name].inputs[0])
    graph.remove(name)


def _factor(graph: Graph, name: str) -> float:
    op = graph[name].op
    assert isinstance(op, Scale)
    return op.factor


def _front(graph: Graph, name: str) -> _Front:
    names, waiting, positive = [], [name], False
    while waiting:
        for reader in graph.readers(waiting.pop()):
            kind = graph[reader].op.kind
            # Where an op that a constant passes has no reader, the path ends all the same.
            if kind in _PASSED | _PASSED_BY_POSITIVE and graph.readers(reader):
                waiting.append(reader)
                positive |= kind in _PASSED_BY_POSITIVE
            else:
                names.append(reader)
    return _Front(tuple(names), positive)


def _absorb(graph: Graph, name: str, fronts: dict[str, _Front], reasons: dict[str, str]) -> _Front:
    """Fold into a value all constants behind it, and return what is behind it then.

    Those behind it took what they could before, so `fronts` has what is behind each of them.
    """
    front = _front(graph, name)
    while scales := [reader for reader in front.names if graph[reader].op.kind == "scale"]:
        factor = _factor(graph, scales[0])
        reason = _obstacle(graph, name, front, scales)
        if reason:
            reasons |= dict.fromkeys(scales, reason)
            break
        _multiply(graph, name, factor, bias=True)
        behind = [fronts[scale] for scale in scales]
        for scale in scales:
            _bypass(graph, scale)
        front = _Front(
            tuple(reader for each in behind for reader in each.names),
            front.positive or any(each.positive for each in behind),
        )
    if graph[name].op.kind == "scale":
        _drop_one(graph, name)
    return front


def _obstacle(graph: Graph, name: str, front: _Front, scales: list[str]) -> str:
    """Say why a value cannot take the constants behind it, if so."""
    factor = _factor(graph, scales[0])
    if len(scales) < len(front.names):
        return f"others get what {name} makes, too"
    if any(_factor(graph, scale) != factor for scale in scales):
        return f"others get what {name} makes with another factor"
    if factor < 0 and front.positive:
        return f"it is negative, and an activation or max pool lies between it and {name}"
    if graph[name].op.kind == "scale" and abs(_factor(graph, name) * factor) > _LARGEST:
        return f"with {name} it would be larger than {_LARGEST:g}"
    return ""


def _hand_on(graph: Graph, name: str) -> str:
    """Fold a constant into the kernels behind it, or say why not."""
    front = _front(graph, name)
    if not front.names:
        return "nobody reads it"
    for reader in front.names:
        kind = graph[reader].op.kind
        if kind.endswith("_norm"):
            return f"next to the eps of {reader} its size matters"
        if kind not in _KERNELS:
            return f"{reader} behind it takes none"
    factor = _factor(graph, name)
    if factor < 0 and front.positive:
        return f"it is negative, and an activation or max pool lies before {front.names[0]}"
    for reader in front.names:
        _multiply(graph, reader, factor, bias=False)
    _bypass(graph, name)
    return ""


def _multiply(graph: Graph, name: str, factor: float, *, bias: bool) -> None:
    """Multiply the weights of a value, or its factor."""
    value = graph[name]
    op = value.op
    if isinstance(op, Scale):
        merged = Scale(factor=op.factor * factor)
        graph.replace([name], [(name, merged, value.inputs, {})])
        return
    has_bias = op.bias if isinstance(op, Conv | TransposedConv) else True
    names = ["weight", "bias"] if bias and has_bias else ["weight"]
    changed = {each: _scaled(value.weight(each), factor) for each in names}
    graph.replace([name], [(name, op, value.inputs, {**value.weights, **changed})])


def _scaled(weight: Weight, factor: float) -> Weight:
    if isinstance(weight, Scaled) and math.isfinite(weight.factor * factor):
        return Scaled(weight.of, weight.factor * factor)
    return Scaled(weight, factor)
