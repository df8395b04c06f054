"""The order of execution is the one that takes the least memory."""

from __future__ import annotations

import logging

import pytest
from branching import branching_graphs
from graphs import TOLERANCE, difference, network
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import genotypes

from uxnet_compiler.analysis import ordering, peak, unit_image
from uxnet_compiler.errors import PassError
from uxnet_compiler.ir import Graph, from_text, to_text, verify
from uxnet_compiler.lowering import lower
from uxnet_compiler.passes import INFERENCE, TRAINING, parse_pipeline, run_passes
from uxnet_compiler.passes.order_by_liveness import OrderByLiveness
from uxnet_compiler.schema import Genotype


def two_branches() -> Graph:
    return network(
        'a.conv = conv@1 {"channels": 8, "kernel": [3, 3]} (input) : 8 @ 1x1',
        'b.conv = conv@1 {"channels": 8, "kernel": [3, 3]} (input) : 8 @ 1x1',
        'c.max_pool = max_pool@1 {"factor": [2, 2]} (a.conv) : 8 @ 2x2',
        'd.max_pool = max_pool@1 {"factor": [2, 2]} (b.conv) : 8 @ 2x2',
        "e.sum = sum@1 {} (c.max_pool, d.max_pool) : 8 @ 2x2",
    )


def names(graph: Graph) -> list[str]:
    return [value.id for value in graph.values()]


def test_one_branch_is_finished_before_the_other_begins() -> None:
    graph = two_branches()
    before = peak(graph, (4, 4)).num_bytes

    assert OrderByLiveness().run(graph) == 1
    assert names(graph)[1:5] == ["a.conv", "c.max_pool", "b.conv", "d.max_pool"]
    assert peak(graph, (4, 4)).num_bytes < before
    assert OrderByLiveness().run(graph) == 0


def test_the_default_order_stays_where_none_is_better() -> None:
    graph = network("a.relu = relu@1 {} (input) : 2 @ 1x1", "b.relu = relu@1 {} (a.relu) : 2 @ 1x1")

    assert OrderByLiveness().run(graph) == 0
    assert not graph.scheduled


def test_the_order_survives_text() -> None:
    graph = two_branches()
    OrderByLiveness().run(graph)

    assert names(from_text(to_text(graph))) == names(graph)


def test_it_is_last_in_both_lists() -> None:
    assert [passes[-1].name for passes in (TRAINING, INFERENCE)] == ["order-by-liveness"] * 2


def test_what_is_too_long_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ordering, "LONGEST", 3)
    caplog.set_level(logging.DEBUG, "uxnet_compiler.passes")

    assert OrderByLiveness().run(two_branches()) == 0
    (message,) = caplog.messages
    assert message == (
        "order-by-liveness leaves a.conv: too many values from here on can change places with"
        " each other"
    )


def test_a_beam_of_no_width_is_refused() -> None:
    assert parse_pipeline("order-by-liveness{width=3}") == (OrderByLiveness(width=3),)
    with pytest.raises(PassError, match="width"):
        parse_pipeline("order-by-liveness{width=0}")


@settings(max_examples=15)
@given(genotypes(max_levels=4), st.booleans(), st.integers(1, 4))
def test_any_genotype_computes_the_same_with_no_more_memory(
    genotype: Genotype, deep: bool, width: int
) -> None:
    before = lower(genotype.architecture, deep_supervision=deep)
    after = before.copy()
    count = OrderByLiveness(width).run(after)
    verify(after)

    size = unit_image(before)
    smaller = peak(after, size).num_bytes < peak(before, size).num_bytes
    assert bool(count) is smaller is after.scheduled
    assert OrderByLiveness(width).run(after) == 0
    image = tuple(2 * n for n in size)
    assert difference(before, after, (image,)) == 0


@settings(max_examples=20)
@given(branching_graphs())
def test_passes_after_it_leave_an_order(before: Graph) -> None:
    after = before.copy()
    OrderByLiveness().run(after)
    after = run_passes(after, INFERENCE)

    assert difference(before, after) < TOLERANCE
