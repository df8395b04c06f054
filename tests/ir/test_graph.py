"""A graph types its values and refuses what is no network."""

from __future__ import annotations

from dataclasses import replace

import pytest

from uxnet_compiler.errors import GraphError
from uxnet_compiler.ir import Graph, from_text, verify
from uxnet_compiler.ops import Conv, Input, MaxPool, Output, Relu, Sum, TensorType

TWO_BRANCHES = """\
input = input@1 {"channels": 1, "spatial_dims": 2} () : 1 @ 1x1
a.conv = conv@1 {"channels": 4, "kernel": [3, 3]} (input) : 4 @ 1x1
b.relu = relu@1 {} (a.conv) : 4 @ 1x1
c.relu = relu@1 {} (a.conv) : 4 @ 1x1
d.sum = sum@1 {} (b.relu, c.relu) : 4 @ 1x1
output = output@1 {} (d.sum) : 4 @ 1x1
"""


@pytest.fixture
def graph() -> Graph:
    return from_text(TWO_BRANCHES)


def test_a_value_is_typed_when_it_is_added(graph: Graph) -> None:
    graph.add("e.max_pool", MaxPool(factor=(1, 2)), ("d.sum",))

    assert graph["e.max_pool"].type == TensorType(4, (1, 2))


def test_values_come_after_what_they_read(graph: Graph) -> None:
    seen: set[str] = set()
    for value in graph.values():
        assert seen.issuperset(value.inputs)
        seen.add(value.id)
    assert len(seen) == len(graph) == 6


def test_the_order_does_not_depend_on_that_of_adding() -> None:
    lines = TWO_BRANCHES.splitlines()
    other = from_text("\n".join((*lines[:2], lines[3], lines[2], *lines[4:])))

    assert [v.id for v in other.values()] == [v.id for v in from_text(TWO_BRANCHES).values()]


@pytest.mark.parametrize(
    ("name", "op", "inputs", "message"),
    [
        ("b.relu", Relu(), ("input",), "there is a value of that name already"),
        ("e.relu", Relu(), ("nobody",), "reads 'nobody', which does not exist"),
        ("e.relu", Relu(), ("a.conv", "input"), "takes 1 inputs, not 2"),
        ("e.sum", Sum(), (), "takes one or more inputs, not 0"),
        ("e.sum", Sum(), ("a.conv", "input"), "a sum needs equal channels, not 1, 4"),
        ("e.conv", Conv(kernel=(3, 3, 3), channels=1), ("input",), "speaks of 3 axes"),
    ],
)
def test_what_cannot_be_added_is_refused(
    graph: Graph, name: str, op: Relu, inputs: tuple[str, ...], message: str
) -> None:
    with pytest.raises(GraphError, match=f"{name}: .*{message}"):
        graph.add(name, op, inputs)

    assert len(graph) == 6


def test_readers_are_redirected(graph: Graph) -> None:
    graph.redirect("c.relu", "b.relu")

    assert graph["d.sum"].inputs == ("b.relu", "b.relu")
    assert graph.readers("c.relu") == []
    assert graph.readers("b.relu") == ["d.sum"]
    verify(graph)


def test_only_an_equal_type_can_stand_in(graph: Graph) -> None:
    with pytest.raises(GraphError, match="cannot stand for"):
        graph.redirect("a.conv", "input")


def test_what_is_read_cannot_be_removed(graph: Graph) -> None:
    with pytest.raises(GraphError, match=r"a.conv cannot go: b.relu, c.relu read it"):
        graph.remove("a.conv")


def test_a_copy_is_independent(graph: Graph) -> None:
    twin = graph.copy()
    twin.redirect("c.relu", "b.relu")
    twin.remove("c.relu")

    assert "c.relu" in graph
    assert graph["d.sum"].inputs == ("b.relu", "c.relu")


def test_the_main_output_comes_first() -> None:
    graph = from_text(TWO_BRANCHES)
    graph.add("coarse.max_pool", MaxPool(factor=(2, 2)), ("a.conv",))
    graph.add("aux_1.output", Output(), ("coarse.max_pool",))
    graph.add("aux_0.output", Output(), ("a.conv",))

    assert [v.id for v in graph.outputs()] == ["output", "aux_0.output", "aux_1.output"]


def test_a_wrong_type_is_found(graph: Graph) -> None:
    graph._values["b.relu"] = replace(graph["b.relu"], type=TensorType(5, (1, 1)))

    with pytest.raises(GraphError, match=r"b.relu: typed 5 @ 1x1, but its inputs make 4 @ 1x1"):
        verify(graph)


def test_a_circle_is_found(graph: Graph) -> None:
    graph.redirect("a.conv", "d.sum")

    with pytest.raises(GraphError, match="a circle: "):
        verify(graph)


def test_a_graph_has_one_input_and_an_output() -> None:
    graph = Graph()
    graph.add("input", Input(channels=1, spatial_dims=2))
    with pytest.raises(GraphError, match="at least one output"):
        verify(graph)

    graph.add("output", Output(), ("input",))
    graph.add("second", Input(channels=1, spatial_dims=2))
    with pytest.raises(GraphError, match="one input, this one has 2"):
        verify(graph)


def test_what_a_rewrite_touched_is_verified_again(graph: Graph) -> None:
    verify(graph)
    assert graph.unverified == set()

    graph.redirect("c.relu", "b.relu")
    graph.remove("c.relu")
    graph.replace(["b.relu"], [("e.relu", Relu(), ("a.conv",), {})])

    assert graph.unverified == {"d.sum", "e.relu"}
    assert graph.copy().unverified == {"d.sum", "e.relu"}
    verify(graph)
    assert graph.unverified == set()
