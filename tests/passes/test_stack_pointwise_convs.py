"""Thin maps are concatenated and convolved once."""

from __future__ import annotations

import logging

import pytest
from branching import branching_graphs
from graphs import TOLERANCE, difference, kinds, network
from hypothesis import given, settings

from uxnet_compiler.analysis import cost, peak, unit_image
from uxnet_compiler.ir import Graph, verify
from uxnet_compiler.passes.split_concat_convs import SplitConcatConvs
from uxnet_compiler.passes.stack_pointwise_convs import StackPointwiseConvs

MAPS = (
    'a.conv = conv@1 {"channels": 3, "kernel": [3, 3]} (input) : 3 @ 1x1',
    'b.conv = conv@1 {"channels": 4, "kernel": [3, 3]} (input) : 4 @ 1x1',
)


def point(slot: str, source: str, channels: int = 16, more: str = "") -> str:
    attrs = f'"channels": {channels}, "kernel": [1, 1]{more}'
    return f"{slot}.conv = conv@1 {{{attrs}}} ({source}) : {channels} @ 1x1"


def add(*terms: str, channels: int = 16) -> str:
    return f"z.sum = sum@1 {{}} ({', '.join(terms)}) : {channels} @ 1x1"


def stacked(before: Graph, count: int = 1) -> Graph:
    after = before.copy()
    assert StackPointwiseConvs().run(after) == count
    verify(after)
    assert StackPointwiseConvs().run(after) == 0
    assert difference(before, after) < TOLERANCE
    size = unit_image(before)
    assert cost(after, size).macs == cost(before, size).macs
    assert peak(after, size).num_bytes < peak(before, size).num_bytes
    return after


def reasons(graph: Graph, caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.set_level(logging.DEBUG, "uxnet_compiler.passes")
    assert StackPointwiseConvs().run(graph) == 0
    return [text.removeprefix("stack-pointwise-convs leaves ") for text in caplog.messages]


def test_kernels_stand_side_by_side_and_the_sum_vanishes() -> None:
    before = network(
        *MAPS, point("c", "a.conv"), point("d", "b.conv", more=', "bias": true'),
        add("c.conv", "d.conv"),
    )  # fmt: skip

    after = stacked(before)

    assert kinds(after) == ["conv", "conv", "concat", "conv"]
    assert {name: str(weight) for name, weight in after["c.conv"].weights.items()} == {
        "weight": "stack(c.conv.weight, d.conv.weight, axis=1)",
        "bias": "d.conv.bias",
    }


def test_other_terms_stay_and_biases_are_added() -> None:
    bias = ', "bias": true'
    after = stacked(
        network(
            *MAPS,
            point("c", "a.conv", more=bias),
            'e.conv = conv@1 {"channels": 16, "kernel": [3, 3]} (input) : 16 @ 1x1',
            point("d", "b.conv", more=bias),
            add("c.conv", "e.conv", "d.conv"),
        )
    )

    assert after["z.sum"].inputs == ("c.conv", "e.conv")
    assert str(after["c.conv"].weight("bias")) == "add(c.conv.bias, d.conv.bias)"


def test_of_two_convolutions_of_a_map_one_is_left_to_merging() -> None:
    after = stacked(
        network(
            *MAPS,
            point("c", "a.conv"),
            point("d", "b.conv"),
            point("e", "a.conv"),
            add("c.conv", "d.conv", "e.conv"),
        )
    )

    assert after["z.sum"].inputs == ("c.conv", "e.conv")


def test_convolutions_of_the_same_maps_are_stacked_in_layers() -> None:
    names = ["c.conv", "d.conv", "e.conv", "f.conv"]
    points = [point(n[0], m) for n, m in zip(names, ["a.conv", "b.conv"] * 2, strict=True)]
    after = stacked(network(*MAPS, *points, add(*names)), 2)

    assert after["z.sum"].inputs == ("c.conv", "e.conv")


def test_a_concatenation_is_not_copied_again(caplog: pytest.LogCaptureFixture) -> None:
    graph = network(
        *MAPS,
        "c.concat = concat@1 {} (a.conv, b.conv) : 7 @ 1x1",
        point("c", "c.concat"),
        point("d", "b.conv"),
        add("c.conv", "d.conv"),
    )

    assert reasons(graph, caplog) == [
        "c.conv: it reads a concatenation, which would be copied again"
    ]


def test_splitting_does_not_undo_it() -> None:
    graph = network(*MAPS, point("c", "a.conv"), point("d", "b.conv"), add("c.conv", "d.conv"))
    after = stacked(graph)

    assert SplitConcatConvs().run(after) == 0


def test_thick_maps_are_not_copied(caplog: pytest.LogCaptureFixture) -> None:
    graph = network(
        *MAPS,
        point("c", "a.conv", 3),
        point("d", "b.conv", 3),
        add("c.conv", "d.conv", channels=3),
    )

    assert reasons(graph, caplog) == [
        "z.sum: the concatenation would take as much memory as what is added up"
    ]


def test_groups_and_what_others_read_are_told(caplog: pytest.LogCaptureFixture) -> None:
    graph = network(
        *MAPS,
        point("c", "a.conv"),
        point("d", "b.conv", more=', "groups": 2'),
        point("e", "b.conv"),
        point("f", "input"),
        add("c.conv", "d.conv", "e.conv", "f.conv", "f.conv"),
        "z.sum_2 = sum@1 {} (z.sum, e.conv) : 16 @ 1x1",
    )

    assert reasons(graph, caplog) == [
        "d.conv: it has groups",
        "e.conv: z.sum is not the only one to read it, or reads it twice",
        "f.conv: z.sum is not the only one to read it, or reads it twice",
    ]


@settings(max_examples=40)
@given(branching_graphs())
def test_any_network_stays_the_same(before: Graph) -> None:
    after = before.copy()
    StackPointwiseConvs().run(after)
    verify(after)

    assert StackPointwiseConvs().run(after) == 0
    assert difference(before, after) < TOLERANCE
