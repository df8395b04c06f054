"""The costs of the parts are those of the whole, whatever the passes did."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import document, genotypes

from uxnet_compiler.compiler import fitting_size, network_cost
from uxnet_compiler.costs import common_size, compare, count
from uxnet_compiler.errors import GraphError
from uxnet_compiler.passes import INFERENCE, TRAINING, Pass
from uxnet_compiler.schema import Genotype, drop_dead
from uxnet_compiler.zoo import resolve

PIPELINES = [(), TRAINING, INFERENCE]


@given(genotypes(), st.sampled_from(PIPELINES))
def test_the_parts_add_up_to_the_whole(genotype: Genotype, passes: tuple[Pass, ...]) -> None:
    found = count(genotype, passes=passes)

    whole = network_cost(genotype.architecture, passes=passes)
    image = 4 * genotype.architecture.in_channels
    for n in found.image_size:
        image *= n
    assert sum(part.params for part in found.parts) == found.params == whole.params
    assert sum(part.macs for part in found.parts) == found.macs == whole.macs
    assert sum(part.num_bytes for part in found.parts) == found.map_bytes - image
    assert found.peak_bytes == whole.peak_bytes
    assert (found.ms, {part.ms for part in found.parts}) == (None, {None})


@given(genotypes())
def test_every_node_and_edge_of_the_document_is_there_once(genotype: Genotype) -> None:
    found = count(genotype)

    pruned = drop_dead(genotype.architecture)
    names = {kind: [p.id for p in found.parts if p.kind == kind] for kind in ("node", "edge")}
    assert sorted(names["node"]) == sorted(node.id for node in pruned.nodes)
    assert sorted(names["edge"]) == sorted(edge.key for edge in pruned.edges)


def test_a_part_is_worth_what_its_ops_are() -> None:
    found = {p.id: p for p in count(Genotype.model_validate(document()), (8, 16), passes=()).parts}

    # 3x3, 4 to 4 channels on 8 x 16 pixels; sum, then the convolution: two maps.
    assert found["a0"].macs == 9 * 4 * 1 * 8 * 16
    assert found["a0"].params == 9 * 4 * 1
    assert found["c0>output"].params == 4 * 3 + 3
    assert (found["input>a0"].macs, found["input>a0"].num_bytes) == (0, 0)


def test_a_common_size_fits_both_or_is_refused() -> None:
    unet, flat = resolve("zoo:unet"), resolve("zoo:unet2d")

    size = common_size([unet, resolve("zoo:unetpp")])
    assert size == fitting_size(unet.architecture) == (64, 64, 64)
    assert common_size([unet, unet], (8, 16, 24)) == (8, 16, 24)
    with pytest.raises(GraphError, match="every axis must be a multiple of 8x8x8"):
        common_size([unet, unet], (8, 8, 9))
    with pytest.raises(GraphError, match="2-D and 3-D networks cannot be compared"):
        common_size([unet, flat])


def test_a_comparison_with_itself_is_one_everywhere() -> None:
    found = count(resolve("zoo:unet"), (16, 16, 16))

    comparison = compare(found, found)

    assert comparison.ratios == {
        "params": 1.0,
        "macs": 1.0,
        "peak_bytes": 1.0,
        "map_bytes": 1.0,
        "ms": None,
    }
    assert {part.id for part in found.parts} == comparison.part_ratios.keys()
    assert comparison.part_ratios["n0_0"]["macs"] == 1.0


def test_a_wider_network_costs_what_its_ratios_say() -> None:
    first, second = (count(resolve(f"zoo:{name}"), (16, 16, 16)) for name in ("unet", "unetpp"))

    comparison = compare(first, second)

    assert comparison.ratios["macs"] == second.macs / first.macs
    assert "n1_1>n2_0" not in comparison.part_ratios  # U-Net has no such edge
    assert comparison.part_ratios["n1_0"]["macs"] is None  # and nothing to compare with there
