"""Networks for the tests of the back ends: narrow ones of the zoo, and any graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

import torch
from graphs import random_weights
from torch import Tensor

from uxnet_compiler.analysis import unit_image
from uxnet_compiler.backends.target import Network
from uxnet_compiler.compiler import assemble
from uxnet_compiler.ir import Graph
from uxnet_compiler.lowering import lower
from uxnet_compiler.ops import Conv, Input, MaxPool, Op, Output, TensorType
from uxnet_compiler.passes import INFERENCE, Pass, run_passes
from uxnet_compiler.schema import Genotype
from uxnet_compiler.zoo import fit, resolve


def narrow(name: str, levels: int | None = None) -> Genotype:
    """Return a genotype of the zoo with a few channels per level, and fewer levels if wanted."""
    genotype = resolve(f"zoo:{name}")
    frame = genotype.architecture
    return fit(
        genotype,
        widths=tuple(range(2, 2 + (levels or frame.levels))),
        strides=None if levels is None else frame.strides[:levels],
        out_channels=3,
    )


def network_of(
    genotype: Genotype, passes: Sequence[Pass] = INFERENCE, *, deep_supervision: bool = False
) -> Network:
    """Return a genotype's network with weights as after a training."""
    document = lower(genotype.architecture, deep_supervision=deep_supervision)
    return network_of_graph(document, passes, name=genotype.name, genotype_id=genotype.id)


def network_of_graph(
    document: Graph, passes: Sequence[Pass] = (), *, name: str = "graph", genotype_id: str = "0"
) -> Network:
    """Return a graph's network with weights as after a training."""
    stored = {
        key: tensor.float() if tensor.is_floating_point() else tensor
        for key, tensor in random_weights(document).items()
    }
    graph = run_passes(document, passes)
    return Network(
        name=name,
        genotype_id=genotype_id,
        document=document,
        graph=graph,
        stored=stored,
        module=assemble(document, graph, stored).eval(),
        divisor=unit_image(document),
    )


def around(op: Op, inputs: tuple[TensorType, ...]) -> Graph:
    """Return a graph that feeds an op with inputs of the given types."""
    dims = inputs[0].spatial_dims
    graph = Graph()
    graph.add("input", Input(channels=1, spatial_dims=dims))
    sources = []
    for index, given in enumerate(inputs):
        pooled = graph.add(f"pool{index}.max_pool", MaxPool(factor=given.scale), ("input",))
        point = Conv(kernel=(1,) * dims, channels=given.channels)
        sources.append(graph.add(f"point{index}.conv", point, (pooled,)))
    made = graph.add("it.op", op, tuple(sources))
    if op.kind != "output":
        graph.add("output", Output(), (made,))
    return graph


def images(network: Network) -> Iterator[Tensor]:
    """Yield random images of two sizes, one alone and two together.

    No axis is shorter than eight voxels: a norm over two voxels is nearly a sign, and turns the
    rounding of one runtime into another result.
    """
    generator = torch.Generator().manual_seed(0)
    for batch, factors in ((1, (2, 1, 1)), (2, (1, 2, 3))):
        units = [ceil(8 / d) * d for d in network.divisor]
        size = [f * unit for f, unit in zip(factors, units, strict=False)]
        yield torch.randn(batch, network.in_channels, *size, generator=generator)


def logits(network: Network, image: Tensor) -> Tensor:
    """Return what the torch back end computes."""
    with torch.inference_mode():
        result = network.module(image)
    main: Tensor = result[0] if isinstance(result, tuple) else result
    return main
