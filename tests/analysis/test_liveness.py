"""The memory peak is the largest of all moments, each counted by itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from strategies import genotypes

from uxnet_compiler.analysis import in_place, peak, unit_image
from uxnet_compiler.analysis.liveness import map_bytes
from uxnet_compiler.compiler import network_graph
from uxnet_compiler.ir import Graph, from_text
from uxnet_compiler.schema import Genotype

CHAIN = """\
input = input@1 {"channels": 1, "spatial_dims": 2} () : 1 @ 1x1
a.conv = conv@1 {"channels": 8, "kernel": [3, 3]} (input) : 8 @ 1x1
b.max_pool = max_pool@1 {"factor": [2, 2]} (a.conv) : 8 @ 2x2
c.upsample = upsample@1 {"factor": [2, 2]} (b.max_pool) : 8 @ 1x1
output = output@1 {} (c.upsample) : 8 @ 1x1
"""


def alive_at(graph: Graph, moment: int) -> set[str]:
    """Return what a moment needs: the value made then, and earlier ones read then or later.

    A value that overwrites its first input does not need room beside it.
    """
    order = list(graph.values())
    overwritten = order[moment].inputs[:1] if order[moment].id in in_place(graph) else ()
    results = {source for v in order if v.op.kind == "output" for source in v.inputs}
    return {
        value.id
        for index, value in enumerate(order[: moment + 1])
        if value.id not in overwritten
        if index == moment
        or value.id in results
        or any(value.id in later.inputs for later in order[moment:])
    }


@given(genotypes(), st.booleans())
def test_the_peak_is_that_of_a_count_moment_by_moment(genotype: Genotype, deep: bool) -> None:
    graph = network_graph(genotype.architecture, deep_supervision=deep)
    size = tuple(2 * d for d in genotype.architecture.total_stride)
    sizes = {v.id: 0 if v.op.kind == "output" else map_bytes(v, size) for v in graph.values()}
    totals = [sum(sizes[n] for n in alive_at(graph, at)) for at in range(len(graph))]

    found = peak(graph, size)

    moment = totals.index(max(totals))
    assert found.num_bytes == max(totals)
    assert found.at == list(graph.values())[moment].id
    assert set(found.alive) == {n for n in alive_at(graph, moment) if sizes[n]}


def test_a_chain_holds_two_maps_at_a_time() -> None:
    found = peak(from_text(CHAIN), (4, 4))

    assert (found.num_bytes, found.at) == (4 * 8 * (4 + 16), "b.max_pool")
    assert found.alive == ("a.conv", "b.max_pool")


def test_every_map_divides_the_unit_image() -> None:
    text = CHAIN.replace("2x2", "2x3").replace("[2, 2]", "[2, 3]")
    assert unit_image(from_text(text)) == (2, 3)
