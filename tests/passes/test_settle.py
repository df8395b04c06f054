"""After settling no exact pass finds anything."""

from __future__ import annotations

from branching import branching_graphs
from graphs import TOLERANCE, difference, kinds, network
from hypothesis import given, settings

from uxnet_compiler.ir import Graph, verify
from uxnet_compiler.passes import INFERENCE, PASSES, run_passes
from uxnet_compiler.passes.settle import Settle


def test_work_that_one_pass_makes_for_another_is_done() -> None:
    conv = "conv@1 {{'channels': 4, 'kernel': [3, 3]}} ({}) : 4 @ 1x1".replace("'", '"')
    before = network(
        f"a.conv = {conv.format('input')}",
        'b.scale = scale@1 {"factor": 0.5} (a.conv) : 4 @ 1x1',
        f"c.conv = {conv.format('input')}",
        "d.sum = sum@1 {} (b.scale, c.conv) : 4 @ 1x1",
        'd.scale = scale@1 {"factor": 0.5} (d.sum) : 4 @ 1x1',
        f"e.conv = {conv.format('input')}",
        "f.sum = sum@1 {} (d.scale, e.conv) : 4 @ 1x1",
        'f.scale = scale@1 {"factor": 0.5} (f.sum) : 4 @ 1x1',
    )
    after = before.copy()

    assert Settle().run(after) == 5
    assert kinds(after) == ["conv"]
    assert difference(before, after) < TOLERANCE


def test_inexact_passes_are_left_out() -> None:
    before = network(
        'a.scale = scale@1 {"factor": 0.01} (input) : 2 @ 1x1',
        "b.relu = relu@1 {} (input) : 2 @ 1x1",
        "c.sum = sum@1 {} (a.scale, b.relu) : 2 @ 1x1",
    )

    assert Settle().run(before) == 0


@settings(max_examples=40)
@given(branching_graphs())
def test_nothing_is_left_to_do_in_any_network(before: Graph) -> None:
    after = before.copy()
    Settle().run(after)
    verify(after)

    assert Settle().run(after) == 0
    exact = [each() for name, each in PASSES.items() if each.exact and name != "order-by-liveness"]
    assert {each.name: each.run(after) for each in exact} == {each.name: 0 for each in exact}
    assert difference(before, after) < TOLERANCE


@settings(max_examples=20)
@given(branching_graphs())
def test_the_list_for_inference_leaves_nothing_to_do(before: Graph) -> None:
    after = run_passes(before, INFERENCE)

    assert {each.name: each.run(after) for each in INFERENCE} == {p.name: 0 for p in INFERENCE}
    assert difference(before, after) < TOLERANCE
