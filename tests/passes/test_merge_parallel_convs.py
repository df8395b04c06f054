"""Convolutions of one map are one convolution where that costs no more."""

from __future__ import annotations

import logging

import pytest
from branching import branching_graphs
from graphs import TOLERANCE, difference, kinds, network
from hypothesis import given, settings

from uxnet_compiler.analysis import cost
from uxnet_compiler.ir import Graph, verify
from uxnet_compiler.ops import Conv
from uxnet_compiler.passes.merge_parallel_convs import MergeParallelConvs

SIZE = (24, 24)


def conv(name: str, source: str = "input", more: str = "", kernel: str = "[3, 3]") -> str:
    return f'{name} = conv@1 {{"channels": 4, "kernel": {kernel}{more}}} ({source}) : 4 @ 1x1'


def add(*terms: str) -> str:
    return f"z.sum = sum@1 {{}} ({', '.join(terms)}) : 4 @ 1x1"


def merged(before: Graph, count: int) -> Graph:
    after = before.copy()
    assert MergeParallelConvs().run(after) == count
    verify(after)
    assert MergeParallelConvs().run(after) == 0
    assert difference(before, after) < TOLERANCE
    assert cost(after, SIZE).macs <= cost(before, SIZE).macs
    return after


def reasons(graph: Graph, caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.set_level(logging.DEBUG, "uxnet_compiler.passes")
    assert MergeParallelConvs().run(graph) == 0
    return [text.removeprefix("merge-parallel-convs leaves ") for text in caplog.messages]


def test_a_small_kernel_goes_into_a_large_one_and_the_sum_vanishes() -> None:
    before = network(conv("a.conv"), conv("b.conv", kernel="[1, 1]"), add("a.conv", "b.conv"))

    after = merged(before, 1)

    assert kinds(after) == ["conv"]
    assert str(after["a.conv"].weight("weight")) == (
        "add(a.conv.weight, embed(b.conv.weight, kernel=(3, 3), dilation=(1, 1)))"
    )


def test_biases_are_added() -> None:
    bias = ', "bias": true'
    lines = [conv("a.conv", more=bias), conv("b.conv"), conv("c.conv", more=bias)]

    two = merged(network(*lines, add("a.conv", "b.conv", "c.conv")), 2)
    one = merged(network(*lines[:2], add("b.conv", "a.conv")), 1)

    assert str(two["a.conv"].weight("bias")) == "add(a.conv.bias, c.conv.bias)"
    assert str(one["b.conv"].weight("bias")) == "a.conv.bias"


def test_other_terms_stay_in_the_sum() -> None:
    after = merged(
        network(
            conv("a.conv"),
            "b.leaky_relu = leaky_relu@1 {} (a.conv) : 4 @ 1x1",
            conv("c.conv", "a.conv"),
            conv("d.conv", "a.conv", kernel="[5, 5]"),
            add("c.conv", "b.leaky_relu", "d.conv", "b.leaky_relu"),
        ),
        1,
    )

    assert after["z.sum"].inputs == ("c.conv", "b.leaky_relu", "b.leaky_relu")
    assert str(after["c.conv"].weight("weight")) == (
        "add(embed(c.conv.weight, kernel=(5, 5), dilation=(1, 1)), d.conv.weight)"
    )


@pytest.mark.parametrize(
    ("first", "second", "kernel", "dilation"),
    [
        (([3, 3], [2, 2]), ([3, 3], [2, 2]), (3, 3), (2, 2)),
        (([3, 3], [2, 2]), ([5, 5], [1, 1]), (5, 5), None),
        (([3, 3], [2, 2]), ([1, 1], [1, 1]), (3, 3), (2, 2)),
        (([3, 1], [2, 1]), ([3, 1], [4, 3]), (5, 1), (2, 1)),
        (([1, 1], [3, 3]), ([1, 1], [1, 1]), (1, 1), None),
        (([3, 1], [1, 1]), ([1, 3], [1, 2]), None, None),
        (([3, 3], [1, 1]), ([3, 3], [2, 2]), None, None),
        (([3, 3], [2, 2]), ([3, 3], [3, 3]), None, None),
        (([21, 1], [2, 1]), ([21, 1], [1, 1]), None, None),
    ],
)
def test_the_kernel_is_the_smallest_that_holds_all_taps(
    first: tuple[list[int], list[int]],
    second: tuple[list[int], list[int]],
    kernel: tuple[int, ...] | None,
    dilation: tuple[int, ...] | None,
) -> None:
    lines = [
        conv(name, kernel=str(k), more="" if d == [1, 1] else f', "dilation": {d}')
        for name, (k, d) in (("a.conv", first), ("b.conv", second))
    ]

    after = merged(network(*lines, add("a.conv", "b.conv")), kernel is not None)

    op = after["a.conv"].op
    assert isinstance(op, Conv)
    if kernel is not None:
        assert (op.kernel, op.dilation) == (kernel, dilation)


def test_strides_are_kept_and_offsets_told_apart() -> None:
    halved = ', "stride": [2, 2]'
    shifted = halved + ', "offset": [0, 1]'
    before = network(
        conv("a.conv", more=halved, kernel="[1, 1]").replace("1x1", "2x2"),
        conv("b.conv", more=shifted, kernel="[1, 1]").replace("1x1", "2x2"),
        conv("c.conv", more=halved).replace("1x1", "2x2"),
        conv("d.conv", more=shifted, kernel="[1, 1]").replace("1x1", "2x2"),
        add("a.conv", "b.conv", "c.conv", "d.conv").replace("1x1", "2x2"),
    )

    after = merged(before, 2)

    assert after["z.sum"].inputs == ("a.conv", "b.conv")
    assert after["a.conv"].op == Conv(kernel=(3, 3), channels=4, stride=(2, 2))
    assert after["b.conv"].op == Conv(kernel=(1, 1), channels=4, stride=(2, 2), offset=(0, 1))


def test_many_small_kernels_pay_for_a_large_one_together() -> None:
    names = [f"n{index}.conv" for index in range(5)]
    lines = [conv(n, more="" if i % 2 else ', "dilation": [2, 2]') for i, n in enumerate(names)]

    after = merged(network(*lines, add(*names)), 3)

    assert kinds(after) == ["conv", "conv", "sum"]


def test_sums_of_sums_of_one_map_become_one_convolution() -> None:
    before = network(
        conv("a.conv"),
        conv("b.conv"),
        "c.sum = sum@1 {} (a.conv, b.conv) : 4 @ 1x1",
        conv("d.conv"),
        add("c.sum", "d.conv"),
    )

    assert kinds(merged(before, 2)) == ["conv"]


def test_one_that_would_cost_more_is_told(caplog: pytest.LogCaptureFixture) -> None:
    dilated = conv("b.conv", more=', "dilation": [2, 2]')
    graph = network(conv("a.conv"), dilated, add("a.conv", "b.conv"))

    (reason,) = reasons(graph, caplog)
    assert reason == (
        "b.conv: a kernel for its 3x3 taps and those of a.conv takes more than both,"
        " or is too large"
    )


def test_one_that_others_read_is_told(caplog: pytest.LogCaptureFixture) -> None:
    graph = network(
        conv("a.conv"),
        conv("b.conv"),
        conv("c.conv"),
        add("a.conv", "b.conv", "c.conv", "c.conv"),
        "z.sum_2 = sum@1 {} (z.sum, a.conv) : 4 @ 1x1",
    )

    assert reasons(graph, caplog) == [
        "a.conv: z.sum is not the only one to read it, or reads it twice",
        "c.conv: z.sum is not the only one to read it, or reads it twice",
    ]


def test_groups_and_other_maps_stay() -> None:
    grouped = ', "groups": 2'
    graph = network(
        conv("a.conv"),
        "b.relu = relu@1 {} (input) : 2 @ 1x1",
        conv("c.conv", "b.relu"),
        conv("d.conv", more=grouped),
        conv("e.conv", more=grouped),
        add("a.conv", "c.conv", "d.conv", "e.conv"),
    )

    assert MergeParallelConvs().run(graph) == 0


@settings(max_examples=40)
@given(branching_graphs())
def test_any_network_stays_the_same_and_costs_no_more(before: Graph) -> None:
    after = before.copy()
    count = MergeParallelConvs().run(after)
    verify(after)

    assert MergeParallelConvs().run(after) == 0
    assert cost(after, SIZE).macs <= cost(before, SIZE).macs
    assert kinds(before).count("conv") - kinds(after).count("conv") == count
    assert difference(before, after) < TOLERANCE
