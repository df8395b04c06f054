"""Make the weights of a rewritten graph out of those that are stored for its document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the name everybody knows)

from uxnet_compiler.errors import BackendError
from uxnet_compiler.ir import Graph
from uxnet_compiler.ir.weights import (
    Added,
    Embedded,
    NormScaled,
    NormShifted,
    Scaled,
    Sliced,
    Stacked,
    Stored,
    Weight,
    Zeros,
)
from uxnet_compiler.schema.model import AUXILIARY
from uxnet_compiler.wording import one_line


def tensor_shapes(graph: Graph) -> dict[str, tuple[int, ...]]:
    """Return the shape of every trained or collected tensor of a graph, by value and name."""
    shapes: dict[str, tuple[int, ...]] = {}
    for value in graph.values():
        inputs = tuple(graph[source].type for source in value.inputs)
        tensors = value.op.weights(inputs) | value.op.statistics(inputs)
        shapes |= {f"{value.id}.{name}": shape for name, shape in tensors.items()}
    return shapes


def resolve(
    graph: Graph, stored: Mapping[str, Tensor], *, source: str = "weights"
) -> dict[str, Tensor]:
    """Return the tensors of a graph's own values, by value and name.

    Args:
        graph: Says how each tensor is made of the stored ones.
        stored: Tensors by the names of the document's network; more than are needed are ignored.
        source: Where they come from, for messages.

    Raises:
        BackendError: A tensor is missing, of another shape or not of real numbers; the first is
            named.
    """
    made = {}
    for name, shape in sorted(tensor_shapes(graph).items()):
        expression = expression_of(graph, name)
        missing = sorted(key for key in expression.stored() if key not in stored)
        if missing:
            raise BackendError(f"{source}: {missing[0]} is missing; the network has it")
        for key in expression.stored():
            if shape and not stored[key].is_floating_point():  # a count of batches is none
                kind = str(stored[key].dtype).removeprefix("torch.")
                raise BackendError(f"{source}: {key} is {kind}, the network needs real numbers")
        tensor = evaluate(expression, stored)
        if tuple(tensor.shape) != shape:
            key = next(iter(expression.stored()), name)
            have = tuple(stored[key].shape) if key in stored else tuple(tensor.shape)
            wanted = shape if expression == Stored(key) else f"what makes {name} {shape}"
            raise BackendError(f"{source}: {key} is {have}, the network needs {wanted}")
        made[name] = tensor
    return made


def in_float32(weights: Mapping[str, Tensor], *, source: str = "weights") -> dict[str, Tensor]:
    """Return weights in the precision of networks here; whole numbers stay what they are.

    Raises:
        BackendError: A tensor is sparse, quantised or without numbers; the first is named.
    """
    for name in sorted(weights):
        tensor = weights[name]
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta:
            raise BackendError(f"{source}: {one_line(name)} is no plain tensor; save a dense one")
    return {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in weights.items()
    }


def expression_of(graph: Graph, name: str) -> Weight:
    """Return how the tensor `value.name` of a graph is made."""
    # A value's id has no dot within its kind, a tensor's name may have some.
    slot, kind, *tensor = name.split(".")
    return graph[f"{slot}.{kind}"].weight(".".join(tensor))


def require_known(
    stored: Mapping[str, Tensor], document: Graph, *, source: str = "weights"
) -> None:
    """Refuse weights that are not of a document's network, heads of deep supervision apart.

    Args:
        stored: Tensors by name.
        document: The graph before any pass.
        source: Where they come from, for messages.

    Raises:
        BackendError: A name is unknown; the first is named.
    """
    others = sorted(stored.keys() - tensor_shapes(document).keys())
    unknown = [name for name in others if not name.startswith(AUXILIARY)]
    if unknown:
        raise BackendError(f"{source}: {one_line(unknown[0])} is not in the network")


def evaluate(expression: Weight, stored: Mapping[str, Tensor]) -> Tensor:
    """Compute a weight from the stored ones."""
    if isinstance(expression, Stored):
        return stored[expression.key]
    return RULES[type(expression)](expression, lambda part: evaluate(part, stored))


Rule = Callable[[Any, Callable[[Weight], Tensor]], Tensor]


def _embedded(e: Embedded, of: Callable[[Weight], Tensor]) -> Tensor:
    kernel = of(e.of)
    spread = [d * (k - 1) + 1 for k, d in zip(kernel.shape[2:], e.dilation, strict=True)]
    made = kernel.new_zeros(*kernel.shape[:2], *spread)
    made[(slice(None), slice(None), *(slice(None, None, d) for d in e.dilation))] = kernel
    margins = [(k - s) // 2 for k, s in zip(e.kernel, spread, strict=True)]
    return F.pad(made, [m for margin in reversed(margins) for m in (margin, margin)])


def _norm_scaled(e: NormScaled, of: Callable[[Weight], Tensor]) -> Tensor:
    kernel = of(e.of)
    factor = of(e.gamma) * torch.rsqrt(of(e.var) + e.eps)
    return kernel * factor.reshape([-1 if a == e.axis else 1 for a in range(kernel.dim())])


def _norm_shifted(e: NormShifted, of: Callable[[Weight], Tensor]) -> Tensor:
    return (of(e.of) - of(e.mean)) * of(e.gamma) * torch.rsqrt(of(e.var) + e.eps) + of(e.beta)


RULES: dict[type[Weight], Rule] = {
    Zeros: lambda e, _: torch.zeros(e.length),
    Scaled: lambda e, of: of(e.of) * e.factor,
    Added: lambda e, of: torch.stack([of(term) for term in e.terms]).sum(0),
    Stacked: lambda e, of: torch.cat([of(term) for term in e.terms], e.axis),
    Sliced: lambda e, of: of(e.of).narrow(e.axis, e.start, e.stop - e.start),
    Embedded: _embedded,
    NormScaled: _norm_scaled,
    NormShifted: _norm_shifted,
}
"""How each expression is computed."""
