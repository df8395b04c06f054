"""The one lowering: every part of a document becomes values named after it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from strategies import document, genotypes

from uxnet_compiler.ir import to_text
from uxnet_compiler.lowering import lower, op_names, slot_name
from uxnet_compiler.ops import Conv, LeakyRelu
from uxnet_compiler.schema import Architecture, Genotype
from uxnet_compiler.spaces.uxnet.known import KNOWN
from uxnet_compiler.zoo import resolve


@pytest.mark.parametrize("name", KNOWN)
def test_the_zoo_is_lowered_as_ever(name: str, golden: Callable[[str, str], None]) -> None:
    graph = lower(resolve(f"zoo:{name}").architecture, deep_supervision=True)

    golden(f"lowering/{name}.ir", to_text(graph))


def test_a_small_document_becomes_these_values(golden: Callable[[str, str], None]) -> None:
    graph = lower(Architecture.model_validate(document()["architecture"]))

    golden("lowering/small.ir", to_text(graph))


def test_ops_of_one_kind_are_numbered() -> None:
    conv = Conv(kernel=(3, 3))

    assert op_names("a0", (conv, LeakyRelu(), conv, conv)) == [
        "a0.conv",
        "a0.leaky_relu",
        "a0.conv_2",
        "a0.conv_3",
    ]
    assert slot_name("a0", "b0") == "a0_to_b0"


def test_a_concatenation_widens_what_the_node_reads() -> None:
    plain = document()["architecture"]
    plain["nodes"][2] |= {"merge": "concat", "ops": [{"op": "conv@1", "kernel": [1, 1]}]}

    graph = lower(Architecture.model_validate(plain))

    assert graph["c0.concat"].type.channels == 8
    assert graph["c0.conv"].type.channels == 4


def test_channels_are_written_out() -> None:
    plain = document()["architecture"]
    plain["edges"][1]["ops"].append({"op": "conv@1", "kernel": [3, 3], "channels": "input"})
    plain["edges"][3]["ops"][0]["channels"] = 4

    graph = lower(Architecture.model_validate(plain))

    made = {v.id: v.op.channels for v in graph.values() if isinstance(v.op, Conv)}
    assert made == {
        "a0.conv": 4,
        "a0_to_b0.conv": 4,
        "b0_to_c0.conv": 4,
        "c0_to_output.conv": 3,
    }


@given(genotypes())
def test_heads_are_added_and_nothing_else_changes(genotype: Genotype) -> None:
    architecture = genotype.architecture

    plain = {v.id: v for v in lower(architecture).values()}
    deep = {v.id: v for v in lower(architecture, deep_supervision=True).values()}

    assert {k: v for k, v in deep.items() if not k.startswith("aux_")} == plain


@given(genotypes())
def test_heads_come_finest_first_and_end_above_the_deepest_level(genotype: Genotype) -> None:
    architecture = genotype.architecture

    outputs = lower(architecture, deep_supervision=True).outputs()

    inner = {n.level for n in architecture.nodes} - {0, architecture.levels - 1}
    assert [v.type.scale for v in outputs] == [
        architecture.scale(level) for level in (0, *sorted(inner))
    ]
    assert {v.type.channels for v in outputs} == {architecture.out_channels}
