"""Networks that people know are points of the space, at any number of levels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import options

from uxnet_compiler.schema import Genotype, defects, structure_id
from uxnet_compiler.spaces.uxnet import UXNetOptions
from uxnet_compiler.spaces.uxnet.known import KNOWN


def at(name: str, levels: int) -> Genotype:
    strides = ((1, 1, 1), *((2, 2, 2),) * (levels - 1))
    return KNOWN[name].genotype(UXNetOptions(widths=(4,) * levels, strides=strides))


def edges(genotype: Genotype) -> set[str]:
    return {e.key for e in genotype.architecture.edges} - {"input>n0_0"}


@given(st.sampled_from(list(KNOWN)), options(max_levels=6))
def test_every_frame_has_every_network(name: str, frame: UXNetOptions) -> None:
    genotype = KNOWN[name].genotype(frame)

    assert defects(genotype.architecture) == []
    assert genotype.provenance.repaired == ()
    assert genotype.architecture.widths == frame.widths
    assert genotype.evidence is not None
    on = {key for key, gate in genotype.evidence.gates.items() if gate}
    assert on | {"input>n0_0", f"n{frame.levels - 1}_0>output"} == {
        edge.key for edge in genotype.architecture.edges
    }


@pytest.mark.parametrize("name", KNOWN)
def test_a_block_is_what_computes_and_all_else_passes_on(name: str) -> None:
    genotype = at(name, 5)

    blocks = {node.id for node in genotype.architecture.nodes if node.ops}
    if name == "unetpp":
        assert blocks == {f"n{i}_{j}" for i in range(5) for j in range(5 - i)}
    elif name == "dla":
        assert blocks == {f"n0_{j}" for j in range(5)} | {f"n{i}_0" for i in range(5)}
    else:
        assert blocks == {f"n0_{j}" for j in range(5)} | {f"n{4 - j}_{j}" for j in range(4)}


def test_a_u_net_of_three_levels_has_these_edges() -> None:
    assert edges(at("unet", 3)) == {
        "n0_0>n0_1",
        "n0_1>n0_2",
        "n0_0>n1_0",
        "n1_0>n2_0",
        "n0_1>n1_1",
        "n0_2>n1_1",
        "n1_1>n2_0",
        "n2_0>output",
    }


def test_a_residual_u_net_steps_over_every_inner_block() -> None:
    extra = edges(at("resunet", 5)) - edges(at("unet", 5))

    down = {"n0_0>n0_2", "n0_1>n0_3", "n0_2>n0_4"}
    up = {"n0_4>n1_2", "n1_3>n2_1", "n2_2>n3_0"}
    assert extra == down | up


def test_a_dense_u_net_connects_all_blocks_of_a_way() -> None:
    extra = edges(at("denseunet", 4)) - edges(at("unet", 4))

    down = {"n0_0>n0_2", "n0_0>n0_3", "n0_1>n0_3"}
    up = {"n0_3>n1_1", "n0_3>n1_0", "n1_2>n2_0"}
    assert extra == down | up


def test_u_net_pp_reads_its_level_and_the_one_below() -> None:
    found = edges(at("unetpp", 4))

    assert {e for e in found if e.endswith(">n1_1")} == {"n0_1>n1_1", "n0_2>n1_1"}
    assert {e for e in found if e.endswith(">n3_0")} == {"n2_0>n3_0", "n2_1>n3_0"}


def test_deep_aggregation_merges_one_coarser_level_a_stage() -> None:
    found = edges(at("dla", 4))

    assert {"n0_3>n1_2", "n1_2>n2_1", "n2_1>n3_0"} <= found
    assert not any(e.startswith("n0_1>n1_1") for e in found)


def test_they_are_different_networks() -> None:
    found = {structure_id(at(name, 4).architecture) for name in KNOWN if name != "unet2d"}

    assert len(found) == 5
