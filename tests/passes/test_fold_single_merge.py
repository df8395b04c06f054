"""Merges of a single map are nothing."""

from __future__ import annotations

from graphs import difference, kinds, network

from uxnet_compiler.passes.fold_single_merge import FoldSingleMerge


def test_chains_of_single_merges_vanish() -> None:
    before = network(
        "a.sum = sum@1 {} (input) : 2 @ 1x1",
        "b.concat = concat@1 {} (a.sum) : 2 @ 1x1",
        "c.relu = relu@1 {} (b.concat) : 2 @ 1x1",
        "d.sum = sum@1 {} (c.relu) : 2 @ 1x1",
    )
    after = before.copy()

    assert FoldSingleMerge().run(after) == 3
    assert kinds(after) == ["relu"]
    assert after["output"].inputs == ("c.relu",)
    assert difference(before, after) == 0


def test_a_sum_of_a_map_with_itself_is_no_single_merge() -> None:
    graph = network(
        "a.sum = sum@1 {} (input) : 2 @ 1x1", "b.sum = sum@1 {} (a.sum, input) : 2 @ 1x1"
    )

    assert FoldSingleMerge().run(graph) == 1
    assert graph["b.sum"].inputs == ("input", "input")
    assert FoldSingleMerge().run(graph) == 0
