"""Random networks with every op, and the oracle of rewrites: both run in float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from hypothesis import strategies as st
from torch import Tensor

from uxnet_compiler.backends.weights import tensor_shapes
from uxnet_compiler.compiler import assemble
from uxnet_compiler.ir import Graph, from_text
from uxnet_compiler.ops import (
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    Downsample,
    GroupNorm,
    Input,
    InstanceNorm,
    LeakyRelu,
    MaxPool,
    Op,
    Output,
    Relu,
    Scale,
    SqueezeExcite,
    Sum,
    TensorType,
    TransposedConv,
    Upsample,
)

TOLERANCE = 1e-10
FACTORS = (0.5, 2.0, 1.0, -1.0, 0.8, 0.0)
COARSEST = 4
SIZES = ((8, 8), (8, 12))


def network(*lines: str) -> Graph:
    """Return the graph of some lines of text behind a 2-D image of 2 channels.

    The last value is the output; each of them may be one more with a line of its own.
    """
    name, _, rest = lines[-1].partition(" = ")
    end = rest.partition(" ; ")[0].rpartition(" : ")[2]
    return from_text(
        "\n".join(
            (
                'input = input@1 {"channels": 2, "spatial_dims": 2} () : 2 @ 1x1',
                *lines,
                f"output = output@1 {{}} ({name}) : {end}",
            )
        )
    )


def kinds(graph: Graph) -> list[str]:
    """Return what ops a graph has, between image and output, in its order."""
    return [v.op.kind for v in graph.values() if v.op.kind not in {"input", "output"}]


def random_weights(document: Graph, seed: int = 0) -> dict[str, Tensor]:
    """Return weights as training could have left them: no norm is the identity, no bias is 0."""
    generator = torch.Generator().manual_seed(seed)
    made: dict[str, Tensor] = {}
    for name, shape in sorted(tensor_shapes(document).items()):
        if name.endswith("num_batches_tracked"):
            made[name] = torch.tensor(3)
            continue
        tensor = torch.randn(shape, dtype=torch.float64, generator=generator)
        if name.endswith("running_var"):
            made[name] = tensor.square() + 0.1
        else:
            made[name] = tensor / math.sqrt(max(1, math.prod(shape[1:])))
    return made


def run(
    document: Graph, graph: Graph, weights: Mapping[str, Tensor], size: tuple[int, ...]
) -> tuple[Tensor, ...]:
    """Return all outputs of a rewritten graph for a random image of that size."""
    module = assemble(document, graph, weights).eval()
    image = torch.randn(
        2,
        document.input().type.channels,
        *size,
        dtype=torch.float64,
        generator=torch.Generator().manual_seed(1),
    )
    with torch.no_grad():
        results = module(image)
    return results if isinstance(results, tuple) else (results,)


def difference(document: Graph, graph: Graph, sizes: tuple[tuple[int, ...], ...] = SIZES) -> float:
    """Return the largest difference that passes made, relative to the largest result."""
    weights = random_weights(document)
    found = 0.0
    for size in sizes:
        before = run(document, document, weights, size)
        after = run(document, graph, weights, size)
        for one, two in zip(before, after, strict=True):
            assert one.shape == two.shape
            assert one.isfinite().all()
            # A result may cancel out to zero.
            found = max(found, ((one - two).abs().max() / one.abs().max().clamp(1e-3)).item())
    return found


def _kernels(draw: st.DrawFn, x: TensorType) -> Op:
    side = draw(st.sampled_from((1, 3)))
    bias = draw(st.booleans())
    stride = draw(st.sampled_from((None, None, (2, 2)))) if _may_pool(x) else None
    if draw(st.booleans()):
        return Conv(
            kernel=(side, side), stride=stride, bias=bias, groups="input", channels=2 * x.channels
        )
    return Conv(kernel=(side, side), stride=stride, bias=bias, channels=draw(st.integers(1, 4)))


def _transposed(draw: st.DrawFn, x: TensorType) -> Op:
    groups = draw(st.sampled_from((1, 2))) if x.channels % 2 == 0 else 1
    return TransposedConv(
        stride=(2, 2),
        kernel=draw(st.sampled_from((None, (3, 3)))),
        bias=draw(st.booleans()),
        groups=groups,
        channels=groups * draw(st.integers(1, 2)),
    )


def _group_norm(draw: st.DrawFn, x: TensorType) -> Op:
    return GroupNorm(groups=draw(st.sampled_from((1, x.channels))))


def _may_pool(x: TensorType) -> bool:
    return max(x.scale) < COARSEST


def _may_upsample(x: TensorType) -> bool:
    return min(x.scale) > 1


def _always(_: TensorType) -> bool:
    return True


Maker = Callable[[st.DrawFn, TensorType], Op]
UNARY: tuple[tuple[Maker, Callable[[TensorType], bool]], ...] = (
    (_kernels, lambda x: x.channels <= 8),
    (lambda draw, _: Scale(factor=draw(st.sampled_from(FACTORS))), _always),
    (lambda *_: BatchNorm(), _always),
    (lambda *_: InstanceNorm(), _always),
    (lambda *_: LeakyRelu(), _always),
    (lambda *_: MaxPool(factor=(2, 2)), _may_pool),
    (lambda *_: Upsample(factor=(2, 2)), _may_upsample),
    (lambda *_: Upsample(factor=(2, 2), mode="nearest"), _may_upsample),
    (_transposed, _may_upsample),
    (_group_norm, _always),
    (lambda *_: Relu(), _always),
    (lambda *_: AvgPool(factor=(2, 2)), _may_pool),
    (lambda *_: Downsample(factor=(2, 2)), _may_pool),
    (lambda *_: SqueezeExcite(reduction=2), _always),
)


@st.composite
def graphs(draw: st.DrawFn, max_values: int = 14) -> Graph:
    """Draw a 2-D network of any ops, with sums, concatenations and maps that several read."""
    graph = Graph()
    ends = [graph.add("input", Input(channels=draw(st.integers(1, 3)), spatial_dims=2))]
    for number in range(draw(st.integers(1, max_values))):
        source = ends[-1 - draw(st.integers(0, min(3, len(ends) - 1)))]
        x = graph[source].type
        made: Op
        others = [name for name in ends if graph[name].type == x]
        if draw(st.integers(0, 3)) == 3:
            more = tuple(draw(st.lists(st.sampled_from(others), max_size=2)))
            inputs = (source, *more)
            made = Concat() if x.channels <= 3 and draw(st.booleans()) else Sum()
        else:
            possible = [maker for maker, may in UNARY if may(x)]
            inputs = (source,)
            made = draw(st.sampled_from(possible))(draw, x)
        ends.append(graph.add(f"n{number}.{made.kind}", made, inputs))
    graph.add("output", Output(), (ends[-1],))
    if draw(st.booleans()):
        graph.add("aux_1.output", Output(), (draw(st.sampled_from(ends)),))
    return graph
