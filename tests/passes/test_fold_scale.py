"""Constants vanish in the weights around them."""

from __future__ import annotations

import logging

import pytest
from graphs import TOLERANCE, difference, kinds, network
from hypothesis import given, settings
from hypothesis import strategies as st

from uxnet_compiler.ir import Graph
from uxnet_compiler.passes.fold_scale import FoldScale

CONV = 'a.conv = conv@1 {"bias": true, "channels": 4, "kernel": [3, 3]} (input) : 4 @ 1x1'
BEHIND = 'c.conv = conv@1 {"bias": true, "channels": 3, "kernel": [3, 3]} (b.scale) : 3 @ 1x1'
SMALL = 'x.max_pool = max_pool@1 {"factor": [2, 2]} (input) : 2 @ 2x2'


def scale(slot: str, source: str, factor: float = 0.3, type_: str = "4 @ 1x1") -> str:
    return f'{slot}.scale = scale@1 {{"factor": {factor}}} ({source}) : {type_}'


def expressions(graph: Graph, name: str) -> dict[str, str]:
    return {tensor: str(weight) for tensor, weight in graph[name].weights.items()}


def folded(before: Graph, count: int = 1) -> Graph:
    after = before.copy()
    assert FoldScale().run(after) == count
    assert FoldScale().run(after) == 0
    assert difference(before, after) < TOLERANCE
    return after


def reasons(graph: Graph, caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.set_level(logging.DEBUG, "uxnet_compiler.passes")
    assert FoldScale().run(graph) == 0
    return [text.removeprefix("fold-scale leaves ") for text in caplog.messages]


@pytest.mark.parametrize("factor", [0.3, -2.0, 0.0])
def test_the_convolution_before_takes_it_into_kernel_and_bias(factor: float) -> None:
    after = folded(network(CONV, scale("b", "a.conv", factor)))

    assert kinds(after) == ["conv"]
    assert expressions(after, "a.conv") == {
        "weight": f"scale(a.conv.weight, factor={factor})",
        "bias": f"scale(a.conv.bias, factor={factor})",
    }


def test_a_grouped_transposed_convolution_before_takes_it() -> None:
    after = folded(
        network(
            SMALL,
            'a.conv = transposed_conv@1 {"bias": true, "channels": 4, "groups": 2,'
            ' "stride": [2, 2]} (x.max_pool) : 4 @ 1x1',
            scale("b", "a.conv"),
        )
    )

    assert kinds(after) == ["max_pool", "transposed_conv"]


@pytest.mark.parametrize(
    "norm", ["instance_norm@1 {}", "batch_norm@1 {}", 'group_norm@1 {"groups": 2}']
)
def test_a_norm_before_takes_it_into_both_vectors(norm: str) -> None:
    after = folded(network(CONV, f"a.norm = {norm} (a.conv) : 4 @ 1x1", scale("b", "a.norm")))

    assert "scale" not in kinds(after)
    assert expressions(after, "a.norm") == {
        "weight": "scale(a.norm.weight, factor=0.3)",
        "bias": "scale(a.norm.bias, factor=0.3)",
    }


@pytest.mark.parametrize("factor", [0.3, -2.0])
def test_convolutions_behind_take_it_into_the_kernel_alone(factor: float) -> None:
    after = folded(
        network(
            "a.relu = relu@1 {} (input) : 2 @ 1x1",
            "a.sum = sum@1 {} (a.relu, input) : 2 @ 1x1",
            scale("b", "a.sum", factor, "2 @ 1x1"),
            'd.conv = conv@1 {"channels": 3, "kernel": [1, 1]} (b.scale) : 3 @ 1x1',
            BEHIND,
            "e.sum = sum@1 {} (c.conv, d.conv) : 3 @ 1x1",
        )
    )

    assert kinds(after).count("scale") == 0
    assert expressions(after, "c.conv") == {"weight": f"scale(c.conv.weight, factor={factor})"}
    assert expressions(after, "d.conv") == {"weight": f"scale(d.conv.weight, factor={factor})"}


def test_a_transposed_convolution_behind_takes_it_and_so_do_interpolations() -> None:
    after = folded(
        network(
            'a.avg_pool = avg_pool@1 {"factor": [4, 4]} (input) : 2 @ 4x4',
            scale("b", "a.avg_pool", -0.3, "2 @ 4x4"),
            'b.upsample = upsample@1 {"factor": [2, 2]} (b.scale) : 2 @ 2x2',
            'c.conv = transposed_conv@1 {"bias": true, "channels": 3, "stride": [2, 2]}'
            " (b.upsample) : 3 @ 1x1",
        )
    )

    assert kinds(after) == ["avg_pool", "upsample", "transposed_conv"]


def test_one_that_is_not_negative_passes_activations_and_max_pools() -> None:
    after = folded(
        network(
            CONV,
            "a.leaky_relu = leaky_relu@1 {} (a.conv) : 4 @ 1x1",
            'a.max_pool = max_pool@1 {"factor": [2, 2]} (a.leaky_relu) : 4 @ 2x2',
            scale("b", "a.max_pool", 0.3, "4 @ 2x2"),
        )
    )

    assert kinds(after) == ["conv", "leaky_relu", "max_pool"]


def test_constants_that_follow_each_other_become_one() -> None:
    after = folded(
        network(
            scale("a", "input", 0.5, "2 @ 1x1"),
            "a.relu = relu@1 {} (a.scale) : 2 @ 1x1",
            scale("b", "a.relu", 3.0, "2 @ 1x1"),
        )
    )

    assert kinds(after) == ["scale", "relu"]
    assert after["a.scale"].op.model_dump()["factor"] == 1.5


@pytest.mark.parametrize("factors", [(1.0, 1.0), (0.5, 2.0), (-1.0, -1.0)])
def test_one_times_a_map_is_the_map(factors: tuple[float, float]) -> None:
    after = folded(
        network(
            scale("a", "input", factors[0], "2 @ 1x1"), scale("b", "a.scale", factors[1], "2 @ 1x1")
        ),
        2,
    )

    assert kinds(after) == []


@settings(max_examples=20)
@given(st.lists(st.floats(-4, 4), min_size=1, max_size=5))
def test_a_convolution_takes_a_whole_chain_as_one_factor(factors: list[float]) -> None:
    sources = ["a.conv", *(f"s{n}.scale" for n in range(len(factors)))]
    chain = [scale(f"s{n}", sources[n], factor) for n, factor in enumerate(factors)]

    after = folded(network(CONV, *chain), len(factors))

    assert kinds(after) == ["conv"]
    assert expressions(after, "a.conv").get("weight", "").count("scale(") <= 1


def test_constants_that_are_together_too_large_for_one_go_into_the_weights() -> None:
    after = folded(
        network(CONV, scale("b", "a.conv", 1e6), scale("c", "b.scale", 1e6)),
        2,
    )

    assert expressions(after, "a.conv")["bias"] == "scale(a.conv.bias, factor=1000000000000.0)"


def test_equal_gates_of_one_map_are_taken_together() -> None:
    after = folded(
        network(
            CONV,
            'b.avg_pool = avg_pool@1 {"factor": [2, 2]} (a.conv) : 4 @ 2x2',
            scale("b", "b.avg_pool", 0.3, "4 @ 2x2"),
            'b.upsample = upsample@1 {"factor": [2, 2]} (b.scale) : 4 @ 1x1',
            scale("c", "a.conv"),
            "d.sum = sum@1 {} (b.upsample, c.scale) : 4 @ 1x1",
        ),
        2,
    )

    assert "scale" not in kinds(after)


def test_when_one_goes_forwards_another_may_follow() -> None:
    after = folded(
        network(
            scale("a", "input", 0.5, "2 @ 1x1"),
            'd.conv = conv@1 {"channels": 3, "kernel": [1, 1]} (a.scale) : 3 @ 1x1',
            scale("b", "a.scale", 0.7, "2 @ 1x1"),
            BEHIND,
            "e.sum = sum@1 {} (c.conv, d.conv) : 3 @ 1x1",
        ),
        2,
    )

    assert expressions(after, "c.conv") == {"weight": f"scale(c.conv.weight, factor={0.7 * 0.5!r})"}


def test_what_others_read_unscaled_takes_none(caplog: pytest.LogCaptureFixture) -> None:
    graph = network(CONV, scale("b", "a.conv"), "c.sum = sum@1 {} (b.scale, a.conv) : 4 @ 1x1")

    assert reasons(graph, caplog) == [
        "b.scale: others get what a.conv makes, too; c.sum behind it takes none"
    ]


def test_what_others_read_with_another_factor_takes_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    graph = network(
        CONV,
        scale("b", "a.conv", 0.3),
        scale("c", "a.conv", 0.4),
        "d.sum = sum@1 {} (b.scale, c.scale) : 4 @ 1x1",
    )

    assert sorted(reasons(graph, caplog)) == [
        f"{name}: others get what a.conv makes with another factor; d.sum behind it takes none"
        for name in ("b.scale", "c.scale")
    ]


def test_a_negative_one_passes_no_activation(caplog: pytest.LogCaptureFixture) -> None:
    graph = network(
        CONV,
        "a.relu = relu@1 {} (a.conv) : 4 @ 1x1",
        scale("b", "a.relu", -1.0),
        "b.relu = relu@1 {} (b.scale) : 4 @ 1x1",
        'c.conv = conv@1 {"channels": 3, "kernel": [3, 3]} (b.relu) : 3 @ 1x1',
    )

    assert reasons(graph, caplog) == [
        (
            "b.scale: it is negative, and an activation or max pool lies between it and a.conv;"
            " it is negative, and an activation or max pool lies before c.conv"
        )
    ]


@pytest.mark.parametrize(
    "norm", ["instance_norm@1 {}", "batch_norm@1 {}", 'group_norm@1 {"groups": 2}']
)
def test_before_a_norm_its_size_matters(norm: str, caplog: pytest.LogCaptureFixture) -> None:
    graph = network(scale("b", "input", 0.001, "2 @ 1x1"), f"c.norm = {norm} (b.scale) : 2 @ 1x1")

    assert reasons(graph, caplog) == [
        "b.scale: nothing before it takes it; next to the eps of c.norm its size matters"
    ]


def test_two_that_are_together_too_large_stay_two(caplog: pytest.LogCaptureFixture) -> None:
    graph = network(
        scale("b", "input", 1e6, "2 @ 1x1"),
        scale("c", "b.scale", 2.0, "2 @ 1x1"),
        "d.sum = sum@1 {} (c.scale) : 2 @ 1x1",
    )

    assert reasons(graph, caplog) == [
        "c.scale: with b.scale it would be larger than 1e+06; d.sum behind it takes none",
        "b.scale: nothing before it takes it; c.scale behind it takes none",
    ]


def test_one_that_nobody_reads_is_left_to_others(caplog: pytest.LogCaptureFixture) -> None:
    graph = network(scale("b", "input", 0.3, "2 @ 1x1"), "c.relu = relu@1 {} (input) : 2 @ 1x1")

    assert reasons(graph, caplog) == ["b.scale: nothing before it takes it; nobody reads it"]
