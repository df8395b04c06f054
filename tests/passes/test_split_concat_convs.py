"""No concatenation is made where its parts can be convolved."""

from __future__ import annotations

import logging

import pytest
from branching import branching_graphs
from graphs import TOLERANCE, difference, kinds, network
from hypothesis import given, settings

from uxnet_compiler.analysis import cost, peak, unit_image
from uxnet_compiler.compiler import network_graph
from uxnet_compiler.ir import Graph, verify
from uxnet_compiler.passes import INFERENCE
from uxnet_compiler.passes.split_concat_convs import SplitConcatConvs
from uxnet_compiler.zoo import resolve

PARTS = (
    'a.conv = conv@1 {"channels": 4, "kernel": [3, 3]} (input) : 4 @ 1x1',
    'b.conv = conv@1 {"channels": 6, "kernel": [3, 3]} (input) : 6 @ 1x1',
    "c.concat = concat@1 {} (a.conv, b.conv) : 10 @ 1x1",
)


def last(channels: int, more: str = "", kernel: str = "[3, 3]", source: str = "c.concat") -> str:
    attrs = f'"channels": {channels}, "kernel": {kernel}{more}'
    return f"d.conv = conv@1 {{{attrs}}} ({source}) : {channels} @ 1x1"


def split(before: Graph, count: int = 1) -> Graph:
    after = before.copy()
    assert SplitConcatConvs().run(after) == count
    verify(after)
    assert SplitConcatConvs().run(after) == 0
    assert difference(before, after) < TOLERANCE
    size = unit_image(before)
    assert cost(after, size).macs == cost(before, size).macs
    return after


def reasons(graph: Graph, caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.set_level(logging.DEBUG, "uxnet_compiler.passes")
    assert SplitConcatConvs().run(graph) == 0
    return [text.removeprefix("split-concat-convs leaves ") for text in caplog.messages]


def test_each_part_has_its_channels_of_the_kernel_and_the_first_has_the_bias() -> None:
    after = split(network(*PARTS, last(4, ', "bias": true')))

    assert kinds(after) == ["conv", "conv", "conv", "conv", "sum"]
    weights = {v.id: {k: str(w) for k, w in v.weights.items()} for v in after.values()}
    assert weights["d.conv"] == {
        "weight": "slice(d.conv.weight, axis=1, start=0, stop=4)",
        "bias": "d.conv.bias",
    }
    assert weights["d.conv_part2"] == {"weight": "slice(d.conv.weight, axis=1, start=4, stop=10)"}
    assert after["output"].inputs == ("d.conv_parts",)


def test_the_peak_is_lower() -> None:
    before = network(*PARTS, last(4))
    after = split(before)

    assert peak(after, (8, 8)).num_bytes < peak(before, (8, 8)).num_bytes


def test_a_part_that_is_a_concatenation_is_split_again() -> None:
    after = split(
        network(
            *PARTS,
            "e.relu = relu@1 {} (input) : 2 @ 1x1",
            "e.concat = concat@1 {} (c.concat, e.relu) : 12 @ 1x1",
            last(3, source="e.concat"),
        ),
        2,
    )

    assert "concat" not in kinds(after)
    assert str(after["d.conv_part2_"].weight("weight")) == (
        "slice(slice(d.conv.weight, axis=1, start=0, stop=10), axis=1, start=4, stop=10)"
    )


def test_a_map_twice_in_a_concatenation_is_convolved_twice() -> None:
    split(network(PARTS[0], "c.concat = concat@1 {} (a.conv, a.conv) : 8 @ 1x1", last(4)))


def test_a_stride_makes_results_small() -> None:
    after = split(network(*PARTS, last(12, ', "stride": [2, 2]').replace("12 @ 1x1", "12 @ 2x2")))

    assert "concat" not in kinds(after)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((*PARTS, last(4, ', "groups": 2')), "its groups do not follow the parts"),
        ((*PARTS, last(4, kernel="[1, 1]")), "a kernel of one voxel reads each copied number once"),
        ((*PARTS, last(12)), "the results of the parts would take as much memory"),
        (
            (
                *PARTS,
                last(4),
                'e.conv = conv@1 {"channels": 4, "kernel": [1, 1]} (c.concat) : 4 @ 1x1',
                "f.sum = sum@1 {} (d.conv, e.conv) : 4 @ 1x1",
            ),
            "others read c.concat, too",
        ),
    ],
)
def test_what_stays_is_told(
    lines: tuple[str, ...], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert f"d.conv: {reason}" in reasons(network(*lines), caplog)


def test_a_unet_needs_less_memory() -> None:
    architecture = resolve("zoo:nnunet").architecture
    before = network_graph(architecture)
    after = network_graph(architecture, passes=INFERENCE)
    size = unit_image(before)

    assert "concat" not in kinds(after)
    assert peak(after, size).num_bytes <= 0.8 * peak(before, size).num_bytes


@settings(max_examples=40)
@given(branching_graphs())
def test_any_network_stays_the_same(before: Graph) -> None:
    after = before.copy()
    count = SplitConcatConvs().run(after)
    verify(after)

    assert SplitConcatConvs().run(after) == 0
    assert kinds(before).count("concat") - kinds(after).count("concat") == count
    assert difference(before, after) < TOLERANCE
