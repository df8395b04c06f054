"""Let convolutions do what the batch norms behind them do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from uxnet_compiler.ir import Graph, Value
from uxnet_compiler.ir.weights import NormScaled, NormShifted, Weight, Zeros
from uxnet_compiler.ops import BatchNorm, Conv, TransposedConv
from uxnet_compiler.passes.base import Pass


@dataclass(frozen=True)
class FoldBatchNorm(Pass):
    """Fold a batch norm into the convolution that it reads.

    Once trained, a batch norm multiplies each channel by a constant and adds another, so both
    can go into kernel and bias.

    Before: `x -> conv -> batch_norm`
    After:  `x -> conv with bias`
    Keeps:  every output of a network in eval mode, up to rounding.
    """

    name: ClassVar[str] = "fold-batch-norm"
    trainable: ClassVar[bool] = False

    def run(self, graph: Graph) -> int:
        """Fold norm after norm; a convolution may take several."""
        norms = [value.id for value in graph.values() if isinstance(value.op, BatchNorm)]
        return sum(self._fold(graph, graph[name]) for name in norms)

    def _fold(self, graph: Graph, norm: Value) -> bool:
        conv = graph[norm.inputs[0]]
        if not isinstance(conv.op, Conv | TransposedConv):
            self.decline(norm.id, f"no convolution makes {conv.id}")
            return False
        if graph.readers(conv.id) != [norm.id]:
            self.decline(norm.id, f"others read {conv.id}, too")
            return False
        transposed = isinstance(conv.op, TransposedConv)
        if transposed and conv.op.group_count(graph[conv.inputs[0]].type.channels) > 1:
            # Its kernel (Ci, Co / g, k, k, k) has no axis of all output channels.
            self.decline(norm.id, f"{conv.id} is transposed and has groups")
            return False
        op = conv.op.model_copy(update={"bias": True})
        weights = _weights(conv, norm, norm.op, axis=1 if transposed else 0)
        graph.replace([conv.id, norm.id], [(conv.id, op, conv.inputs, weights)])
        return True


def _weights(conv: Value, norm: Value, op: object, *, axis: int) -> dict[str, Weight]:
    assert isinstance(op, BatchNorm)
    assert isinstance(conv.op, Conv | TransposedConv)
    gamma, var = norm.weight("weight"), norm.weight("running_var")
    return {
        "weight": NormScaled(conv.weight("weight"), gamma, var, op.eps, axis),
        "bias": NormShifted(
            conv.weight("bias") if conv.op.bias else Zeros(conv.type.channels),
            gamma,
            norm.weight("bias"),
            norm.weight("running_mean"),
            var,
            op.eps,
        ),
    }
