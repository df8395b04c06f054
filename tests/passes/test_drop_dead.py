"""What no output depends on goes."""

from __future__ import annotations

from graphs import difference, network

from uxnet_compiler.passes.drop_dead import DropDead


def test_dead_chains_go_and_every_output_stays() -> None:
    before = network(
        'a.conv = conv@1 {"channels": 3, "kernel": [3, 3]} (input) : 3 @ 1x1',
        "a.relu = relu@1 {} (a.conv) : 3 @ 1x1",
        'b.conv = conv@1 {"channels": 2, "kernel": [3, 3]} (a.relu) : 2 @ 1x1',
        "b.sum = sum@1 {} (b.conv, input) : 2 @ 1x1",
        'aux_1.conv = conv@1 {"channels": 2, "kernel": [1, 1]} (a.relu) : 2 @ 1x1',
        "aux_1.output = output@1 {} (aux_1.conv) : 2 @ 1x1",
        "c.relu = relu@1 {} (input) : 2 @ 1x1",
    )
    after = before.copy()

    assert DropDead().run(after) == 2
    assert {value.id for value in before.values()} - {value.id for value in after.values()} == {
        "b.conv",
        "b.sum",
    }
    assert difference(before, after) == 0


def test_the_image_stays_even_when_nothing_else_does() -> None:
    graph = network("a.relu = relu@1 {} (input) : 2 @ 1x1")

    assert DropDead().run(graph) == 0
    assert "input" in graph
