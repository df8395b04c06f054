"""An order is as good as the best of all, or says how far the search went."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import genotypes

from uxnet_compiler.analysis import best_order, ordering, ordering_search, peak, unit_image
from uxnet_compiler.compiler import network_graph
from uxnet_compiler.ir import Graph, from_text
from uxnet_compiler.lowering import lower
from uxnet_compiler.ops import Concat, Conv, Input, MaxPool, Op, Output, Relu, Sum
from uxnet_compiler.schema import Genotype

TWO_BRANCHES = """\
input = input@1 {"channels": 1, "spatial_dims": 2} () : 1 @ 1x1
a.conv = conv@1 {"channels": 8, "kernel": [3, 3]} (input) : 8 @ 1x1
b.conv = conv@1 {"channels": 8, "kernel": [3, 3]} (input) : 8 @ 1x1
c.max_pool = max_pool@1 {"factor": [2, 2]} (a.conv) : 8 @ 2x2
d.max_pool = max_pool@1 {"factor": [2, 2]} (b.conv) : 8 @ 2x2
e.sum = sum@1 {} (c.max_pool, d.max_pool) : 8 @ 2x2
output = output@1 {} (e.sum) : 8 @ 2x2
"""


@st.composite
def graphs(draw: st.DrawFn, most: int = 6) -> Graph:
    """Draw a small graph of maps of all sizes, with dead values and several outputs."""
    graph = Graph()
    names = [graph.add("input", Input(channels=draw(st.integers(1, 3)), spatial_dims=2))]
    for index in range(draw(st.integers(1, most))):
        source = draw(st.sampled_from(names))
        kind = graph[source].type
        others = [n for n in names if n != source and graph[n].type.scale == kind.scale]
        equal = [n for n in others if graph[n].type == kind]
        op, inputs = draw(
            st.sampled_from(
                [
                    (Conv(kernel=(1, 1), channels=draw(st.integers(1, 6))), (source,)),
                    (Relu(), (source,)),
                    (MaxPool(factor=draw(st.sampled_from([(2, 2), (1, 3)]))), (source,)),
                    *[(Sum(), (source, other)) for other in equal[-1:]],
                    *[(Concat(), (source, other)) for other in others[-1:]],
                ]
            )
        )
        names.append(_add(graph, f"n{index}", op, inputs))
    for index, name in enumerate(dict.fromkeys((names[-1], draw(st.sampled_from(names))))):
        graph.add("output" if index == 0 else f"aux_{index}.output", Output(), (name,))
    return graph


def _add(graph: Graph, slot: str, op: Op, inputs: tuple[str, ...]) -> str:
    return graph.add(f"{slot}.{op.kind}", op, inputs)


def orders(graph: Graph, done: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield every order in which a graph can be computed."""
    if len(done) == len(graph):
        yield done
    for value in list(graph.values()):
        if value.id not in done and all(source in done for source in value.inputs):
            yield from orders(graph, (*done, value.id))


def peak_of(graph: Graph, order: tuple[str, ...]) -> int:
    twin = graph.copy()
    twin.schedule(order)
    return peak(twin, unit_image(twin)).num_bytes


@settings(max_examples=60)
@given(graphs())
def test_no_order_at_all_is_better(graph: Graph) -> None:
    found = best_order(graph, width=1)

    assert found.num_bytes == min(peak_of(graph, order) for order in orders(graph))


@settings(max_examples=60)
@given(graphs(most=10), st.integers(1, 3), st.sampled_from((0, 1, 3, 4000)))
def test_the_peaks_are_those_of_the_orders(graph: Graph, width: int, states: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ordering_search, "STATES", states)
        found = best_order(graph, width)

    assert peak_of(graph, found.names) == found.num_bytes
    assert peak(graph, unit_image(graph)).num_bytes == found.present
    assert found.num_bytes <= found.present


@settings(max_examples=15)
@given(genotypes(), st.booleans())
def test_networks_are_ordered_as_promised(genotype: Genotype, deep: bool) -> None:
    graph = lower(genotype.architecture, deep_supervision=deep)
    found = best_order(graph, width=4)

    assert peak_of(graph, found.names) == found.num_bytes <= found.present


@settings(max_examples=15)
@given(genotypes(max_levels=3), st.integers(2, 3))
def test_the_best_order_does_not_depend_on_the_size_of_the_image(
    genotype: Genotype, times: int
) -> None:
    graph = network_graph(genotype.architecture)
    found = best_order(graph, width=4)
    size = tuple(times * n for n in unit_image(graph))
    graph.schedule(found.names)

    assert peak(graph, size).num_bytes == times ** len(size) * found.num_bytes


def test_one_branch_is_finished_before_the_other_begins() -> None:
    found = best_order(from_text(TWO_BRANCHES), width=1)

    names = [name for name in found.names if name != "input"]
    assert names[1] in {"c.max_pool", "d.max_pool"}
    assert (found.present, found.num_bytes) == (4 * (8 * 4 + 8 * 4 + 8), 4 * (8 * 4 + 8 + 8))


def test_what_is_too_long_stays_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "LONGEST", 4)
    graph = from_text(TWO_BRANCHES)

    found = best_order(graph, width=1)

    assert found.num_bytes == found.present
    assert found.left == ("a.conv",)
    assert found.names == tuple(value.id for value in graph.values())
