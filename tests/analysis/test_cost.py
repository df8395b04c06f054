"""Costs are what torch counts."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import genotypes
from torch.utils.flop_counter import FlopCounterMode

from uxnet_compiler.analysis import cost
from uxnet_compiler.backends.torch import build
from uxnet_compiler.compiler import network_graph
from uxnet_compiler.errors import GraphError
from uxnet_compiler.schema import Genotype
from uxnet_compiler.zoo import resolve


@settings(max_examples=15)
@given(genotypes(), st.booleans())
def test_parameters_and_macs_are_those_of_torch(genotype: Genotype, deep: bool) -> None:
    architecture = genotype.architecture
    graph = network_graph(architecture, deep_supervision=deep)
    size = tuple(4 * d for d in architecture.total_stride)
    module = build(graph).to("meta")

    with FlopCounterMode(display=False) as counter:
        module(torch.empty(1, architecture.in_channels, *size, device="meta"))

    found = cost(graph, size)
    assert found.params == sum(p.numel() for p in module.parameters())
    assert 2 * found.macs == counter.get_total_flops()


def test_the_whole_is_the_sum_of_its_parts() -> None:
    found = cost(network_graph(resolve("zoo:unet").architecture), (32, 32, 32))

    assert found.params == sum(v.params for v in found.values.values())
    assert found.macs == sum(v.macs for v in found.values.values())
    assert found.map_bytes == sum(v.num_bytes for v in found.values.values())
    assert found.values["output"].num_bytes == 0


def test_an_image_that_cannot_be_divided_is_refused() -> None:
    graph = network_graph(resolve("zoo:unet").architecture)

    with pytest.raises(GraphError, match="an image of 32x32x20 voxels cannot be divided by"):
        cost(graph, (32, 32, 20))
