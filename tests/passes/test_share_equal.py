"""What is computed twice from the same maps and weights is computed once."""

from __future__ import annotations

import logging

import pytest
from graphs import difference, network

from uxnet_compiler.ir import Graph
from uxnet_compiler.passes.share_equal import ShareEqual


def two(op: str, type_: str, one: str = "", other: str = "") -> Graph:
    """Return a graph in which an op reads the image twice."""
    return network(
        f"a.op = {op} (input) : {type_}{one}",
        f"b.op = {op} (input) : {type_}{other}",
        f"c.sum = sum@1 {{}} (b.op, a.op) : {type_}",
    )


@pytest.mark.parametrize(
    ("op", "type_"),
    [
        ('max_pool@1 {"factor": [2, 2]}', "2 @ 2x2"),
        ('scale@1 {"factor": 0.5}', "2 @ 1x1"),
        ("relu@1 {}", "2 @ 1x1"),
    ],
)
def test_equal_values_without_weights_become_one(op: str, type_: str) -> None:
    before = two(op, type_)
    after = before.copy()

    assert ShareEqual().run(after) == 1
    assert after["c.sum"].inputs == ("a.op", "a.op")
    assert difference(before, after) == 0


def test_whole_chains_become_one() -> None:
    graph = network(
        "a.relu = relu@1 {} (input) : 2 @ 1x1",
        "b.relu = relu@1 {} (input) : 2 @ 1x1",
        'a.max_pool = max_pool@1 {"factor": [2, 2]} (a.relu) : 2 @ 2x2',
        'b.max_pool = max_pool@1 {"factor": [2, 2]} (b.relu) : 2 @ 2x2',
        "c.sum = sum@1 {} (b.max_pool, a.max_pool) : 2 @ 2x2",
    )

    assert ShareEqual().run(graph) == 2
    assert [value.id for value in graph.values()] == [
        "input",
        "a.relu",
        "a.max_pool",
        "c.sum",
        "output",
    ]


@pytest.mark.parametrize(
    "difference_",
    ['max_pool@1 {"factor": [2, 1]} (input) : 2 @ 2x1', "relu@1 {} (x.relu) : 2 @ 1x1"],
    ids=["attributes", "inputs"],
)
def test_what_differs_stays(difference_: str) -> None:
    graph = network(
        "x.relu = relu@1 {} (input) : 2 @ 1x1",
        'a.max_pool = max_pool@1 {"factor": [1, 2]} (input) : 2 @ 1x2',
        f"a.op = {difference_}",
    )

    assert ShareEqual().run(graph) == 0


CONV = ('conv@1 {"bias": true, "channels": 3, "kernel": [3, 3]}', "3 @ 1x1")
SAME = " ; bias = x.bias ; weight = scale(x.weight, factor=2.0)"


def test_values_of_equal_weights_become_one() -> None:
    graph = two(*CONV, SAME, SAME)

    assert ShareEqual().run(graph) == 1
    assert graph["c.sum"].inputs == ("a.op", "a.op")


def test_a_value_may_use_the_weights_of_another() -> None:
    before = two(*CONV, "", " ; bias = a.op.bias ; weight = a.op.weight")
    after = before.copy()

    assert ShareEqual().run(after) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", ""),
        (SAME, ""),
        (SAME, SAME.replace("2.0", "3.0")),
        (SAME, SAME.replace("x.bias", "y.bias")),
        (SAME, SAME.replace("; bias = x.bias ", "")),
    ],
)
def test_values_of_different_weights_stay(
    one: str, other: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "uxnet_compiler.passes")

    assert ShareEqual().run(two(*CONV, one, other)) == 0
    assert caplog.messages == ["share-equal leaves b.op: it is like a.op, but for its weights"]


@pytest.mark.parametrize(
    "norm", ["running_mean = y.running_mean", "num_batches_tracked = y.num_batches_tracked"]
)
def test_statistics_are_weights_too(norm: str) -> None:
    names = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    same = "".join(f" ; {name} = x.{name}" for name in names)
    name = norm.partition(" ")[0]

    assert ShareEqual().run(two("batch_norm@1 {}", "2 @ 1x1", same, same)) == 1
    other = same.replace(f"{name} = x.{name}", norm)
    assert ShareEqual().run(two("batch_norm@1 {}", "2 @ 1x1", same, other)) == 0


def test_outputs_of_one_map_stay_outputs() -> None:
    graph = network(
        "a.relu = relu@1 {} (input) : 2 @ 1x1",
        "aux_1.output = output@1 {} (a.relu) : 2 @ 1x1",
        "b.relu = relu@1 {} (input) : 2 @ 1x1",
    )

    assert ShareEqual().run(graph) == 1
    assert [value.id for value in graph.outputs()] == ["output", "aux_1.output"]
