"""The overview adds up and names every part."""

from __future__ import annotations

import pytest
from hypothesis import given
from strategies import document, genotypes

from uxnet_compiler.compiler import network_cost
from uxnet_compiler.errors import GraphError
from uxnet_compiler.ops import BatchNorm, Conv, InstanceNorm, LayerOp, LeakyRelu, Relu
from uxnet_compiler.overview import legend, overview, spell_ops
from uxnet_compiler.schema import Genotype
from uxnet_compiler.zoo import resolve


@given(genotypes())
def test_the_parts_add_up_to_the_whole(genotype: Genotype) -> None:
    found = overview(genotype)

    parts = (*found.nodes, *found.edges)
    image = 4 * genotype.architecture.in_channels
    for n in found.image_size:
        image *= n
    assert sum(part.params for part in parts) == found.params
    assert sum(part.macs for part in parts) == found.macs
    assert sum(part.num_bytes for part in parts) == found.map_bytes - image
    cost = network_cost(genotype.architecture)
    assert (found.params, found.macs, found.peak_bytes) == (
        cost.params,
        cost.macs,
        cost.peak_bytes,
    )


@given(genotypes())
def test_every_living_part_is_listed(genotype: Genotype) -> None:
    found = overview(genotype)

    assert {node.id for node in found.nodes} == {n.id for n in genotype.architecture.nodes}
    assert [(e.source, e.target) for e in found.edges] == [
        (e.source, e.target) for e in genotype.architecture.edges
    ]


def test_gates_are_those_of_the_evidence() -> None:
    found = overview(Genotype.model_validate(document()))

    assert {f"{e.source}>{e.target}": e.gate for e in found.edges if e.gate is not None} == {
        "a0>b0": 0.9
    }


def test_shapes_are_those_of_the_image_size() -> None:
    found = overview(resolve("zoo:unet"), (32, 64, 96))

    shapes = {node.id: (node.channels, node.size) for node in found.nodes}
    assert shapes["n0_3"] == (256, (4, 8, 12))
    assert shapes["n3_0"] == (32, (32, 64, 96))


def test_a_size_that_does_not_fit_is_refused() -> None:
    with pytest.raises(GraphError, match="every axis must be a multiple of 8x8x8"):
        overview(resolve("zoo:unet"), (32, 64, 97))


@pytest.mark.parametrize(
    ("ops", "text"),
    [
        ((), ""),
        ((Relu(),), "ReLU"),
        ((Conv(kernel=(3, 3)), InstanceNorm(), LeakyRelu()), "3x3 IN LReLU"),
        ((Conv(kernel=(3, 3)), BatchNorm()) * 3, "3x (3x3 BN)"),
        ((Relu(), Relu(), BatchNorm()), "ReLU ReLU BN"),
    ],
)
def test_ops_are_spelled_short(ops: tuple[LayerOp, ...], text: str) -> None:
    assert spell_ops(ops) == text


def test_the_legend_explains_what_is_used_alone() -> None:
    found = overview(resolve("zoo:unet"))

    assert legend(found.nodes) == (
        "+ sum, IN instance norm, LReLU leaky relu, /2 coarser, x2 finer"
    )
