"""Values are put in the place of others, and the rest of the graph takes no notice."""

from __future__ import annotations

import pytest
from graphs import graphs
from hypothesis import given
from hypothesis import strategies as st

from uxnet_compiler.errors import GraphError
from uxnet_compiler.ir import Graph, from_text, to_text, verify
from uxnet_compiler.ir.weights import Scaled, Stored
from uxnet_compiler.ops import Conv, LeakyRelu, MaxPool, Relu, Sum

TEXT = """\
input = input@1 {"channels": 2, "spatial_dims": 2} () : 2 @ 1x1
a.conv = conv@1 {"channels": 2, "kernel": [3, 3]} (input) : 2 @ 1x1
b.relu = relu@1 {} (a.conv) : 2 @ 1x1
c.sum = sum@1 {} (b.relu, input, b.relu) : 2 @ 1x1
d.max_pool = max_pool@1 {"factor": [2, 2]} (b.relu) : 2 @ 2x2
aux_1.output = output@1 {} (d.max_pool) : 2 @ 2x2
output = output@1 {} (c.sum) : 2 @ 1x1
"""
ACTIVATION = LeakyRelu(slope=0.5)


@pytest.fixture
def graph() -> Graph:
    return from_text(TEXT)


def test_readers_read_the_last_of_the_new_ones(graph: Graph) -> None:
    graph.replace(
        ["b.relu"],
        [("x.relu", Relu(), ("a.conv",), {}), ("y.act", ACTIVATION, ("x.relu",), {})],
    )

    verify(graph)
    assert "b.relu" not in graph
    assert graph["c.sum"].inputs == ("y.act", "input", "y.act")
    assert graph.readers("y.act") == ["c.sum", "d.max_pool"]
    assert graph.readers("a.conv") == ["x.relu"]


def test_readers_may_read_something_that_stays(graph: Graph) -> None:
    graph.replace(["a.conv", "b.relu"], [], "input")

    verify(graph)
    assert graph["c.sum"].inputs == ("input", "input", "input")
    assert len(graph) == 5


def test_names_and_weights_may_be_used_again(graph: Graph) -> None:
    weights = {"weight": Scaled(Stored("a.conv.weight"), 2.0)}
    conv = Conv(kernel=(3, 3), channels=2, bias=True)

    graph.replace(
        ["a.conv", "b.relu"],
        [("b.relu", Relu(), ("input",), {}), ("a.conv", conv, ("b.relu",), weights)],
    )

    verify(graph)
    assert graph["a.conv"].weight("weight") == weights["weight"]
    assert graph["a.conv"].weight("bias") == Stored("a.conv.bias")
    assert graph["d.max_pool"].inputs == ("a.conv",)


def test_an_inner_value_that_others_read_cannot_go(graph: Graph) -> None:
    with pytest.raises(GraphError, match=r"b.relu cannot go: d.max_pool read it"):
        graph.replace(["b.relu", "c.sum"], [("c.sum", Sum(), ("a.conv",), {})])

    assert to_text(graph) == TEXT


def test_only_an_equal_type_can_stand_in(graph: Graph) -> None:
    with pytest.raises(GraphError, match=r"x.max_pool \(2 @ 2x2\) cannot stand for b.relu"):
        graph.replace(["b.relu"], [("x.max_pool", MaxPool(factor=(2, 2)), ("a.conv",), {})])


def test_new_values_are_checked_like_all_others(graph: Graph) -> None:
    with pytest.raises(GraphError, match=r"x.relu: reads 'nobody', which does not exist"):
        graph.replace(["b.relu"], [("x.relu", Relu(), ("nobody",), {})])


def test_weights_that_an_op_does_not_have_are_found(graph: Graph) -> None:
    graph.replace(["b.relu"], [("b.relu", Relu(), ("a.conv",), {"weight": Stored("a.weight")})])

    with pytest.raises(GraphError, match=r"b.relu: relu@1 has no weights called 'weight'"):
        verify(graph)


def test_in_a_scheduled_graph_new_values_take_the_place_of_the_old(graph: Graph) -> None:
    order = ["input", "a.conv", "b.relu", "d.max_pool", "aux_1.output", "c.sum", "output"]
    graph.schedule(order)

    graph.replace(
        ["b.relu"],
        [("z.relu", Relu(), ("a.conv",), {}), ("y.act", ACTIVATION, ("z.relu",), {})],
    )

    names = [value.id for value in graph.values()]
    assert names == ["input", "a.conv", "z.relu", "y.act", *order[3:]]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["input"], "a schedule names every value once"),
        (["input", *[v.id for v in from_text(TEXT).values()]], "a schedule names every value once"),
        ([v.id for v in from_text(TEXT).values()][::-1], "is scheduled before"),
    ],
    ids=["missing", "twice", "backwards"],
)
def test_an_order_that_cannot_be_run_is_refused(
    graph: Graph, names: list[str], message: str
) -> None:
    with pytest.raises(GraphError, match=message):
        graph.schedule(names)

    assert not graph.scheduled


@given(graphs(), st.randoms(use_true_random=False))
def test_a_schedule_is_kept_and_survives_the_text(graph: Graph, random: object) -> None:
    order = _any_order(graph, random)

    graph.schedule(order)

    again = from_text(to_text(graph))
    assert [value.id for value in graph.values()] == order
    assert again.scheduled
    assert list(again.values()) == list(graph.values())
    assert to_text(again) == to_text(graph)
    assert [value.id for value in graph.copy().values()] == order


def _any_order(graph: Graph, random: object) -> list[str]:
    """Return a random order in which the values could be computed."""
    missing = {value.id: set(value.inputs) for value in graph.values()}
    order: list[str] = []
    while missing:
        ready = sorted(name for name, inputs in missing.items() if inputs <= set(order))
        order.append(random.choice(ready))  # type: ignore[attr-defined]  # hypothesis does not type it
        del missing[order[-1]]
    return order


@given(graphs(), st.data())
def test_a_value_replaced_by_itself_changes_nothing(graph: Graph, data: st.DataObject) -> None:
    before = to_text(graph)
    name = data.draw(st.sampled_from([value.id for value in graph.values()]))
    value = graph[name]

    graph.replace([name], [(name, value.op, value.inputs, value.weights)])

    assert to_text(graph) == before
    verify(graph)
