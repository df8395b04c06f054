"""Lists of passes: run, spelled and read."""

from __future__ import annotations

import re

import pytest
from graphs import network
from hypothesis import given
from hypothesis import strategies as st

from uxnet_compiler.errors import GraphError, PassError, UnknownNameError
from uxnet_compiler.ir import Graph, to_text
from uxnet_compiler.passes import (
    INFERENCE,
    PASSES,
    TRAINING,
    Pass,
    parse_pipeline,
    run_passes,
    run_steps,
    spell_pipeline,
)
from uxnet_compiler.passes.drop_dead import DropDead
from uxnet_compiler.passes.prune_gates import PruneGates
from uxnet_compiler.passes.share_equal import ShareEqual

PLAIN = st.sampled_from([each() for each in PASSES.values()])
PRUNING = st.builds(PruneGates, tau=st.floats(0, allow_infinity=False, allow_nan=False))


def small() -> Graph:
    return network(
        "a.sum = sum@1 {} (input) : 2 @ 1x1",
        "b.relu = relu@1 {} (a.sum) : 2 @ 1x1",
        "c.relu = relu@1 {} (a.sum) : 2 @ 1x1",
        "d.sum = sum@1 {} (b.relu, c.relu) : 2 @ 1x1",
    )


@given(st.lists(PLAIN | PRUNING, max_size=5).map(tuple))
def test_a_list_of_passes_survives_its_text(passes: tuple[Pass, ...]) -> None:
    text = spell_pipeline(passes)

    assert parse_pipeline(text) == passes
    assert spell_pipeline(parse_pipeline(text)) == text


@pytest.mark.parametrize("passes", [TRAINING, INFERENCE], ids=["training", "inference"])
def test_the_lists_of_the_catalogue_are_spelled_as_names_alone(passes: tuple[Pass, ...]) -> None:
    assert spell_pipeline(passes) == ",".join(each.name for each in passes)
    assert parse_pipeline(spell_pipeline(passes)) == passes


def test_spaces_and_defaults_do_not_matter() -> None:
    read = parse_pipeline(" drop-dead , prune-gates{tau=0.75},share-equal{}")

    assert read == (DropDead(), PruneGates(), ShareEqual())
    assert spell_pipeline(read) == "drop-dead,prune-gates,share-equal"
    assert parse_pipeline("") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("drop-dead{", "'drop-dead{' is no pass; write name or name{key=value key=value}"),
        ("drop-dead,", "'' is no pass"),
        ("Drop Dead", "'Drop Dead' is no pass"),
        ("drop-dead{width=3}", "drop-dead: no option is called 'width'; it has none"),
        ("prune-gates{t=1}", "prune-gates: no option is called 't'; known: tau"),
        ("prune-gates{tau=x}", "prune-gates: tau: Input should be a valid number"),
        ("prune-gates{tau}", "prune-gates: tau: Input should be a valid number"),
    ],
)
def test_a_text_that_makes_no_sense_is_one_line(text: str, message: str) -> None:
    with pytest.raises(PassError, match=re.escape(message)) as caught:
        parse_pipeline(text)

    assert "\n" not in str(caught.value)


def test_an_unknown_pass_brings_up_the_one_that_was_meant() -> None:
    with pytest.raises(UnknownNameError, match="drop-dead"):
        parse_pipeline("share-equal,drop-deda")


def test_running_leaves_the_graph_alone() -> None:
    graph = small()

    after = run_passes(graph, parse_pipeline("drop-dead,fold-single-merge,share-equal"))

    assert to_text(graph) == to_text(small())
    assert after["d.sum"].inputs == ("b.relu", "b.relu")


def test_each_step_tells_what_was_done() -> None:
    graph = small()

    steps = run_steps(graph, parse_pipeline("drop-dead,fold-single-merge,share-equal"))
    told = [(step.made_by.name, step.rewrites, len(graph)) for step in steps]

    assert told == [("drop-dead", 0, 6), ("fold-single-merge", 1, 5), ("share-equal", 1, 4)]


def test_a_pass_that_breaks_a_graph_is_named() -> None:
    class Break(Pass):
        name = "break"

        def run(self, graph: Graph) -> int:
            graph.remove("output")
            return 1

    with pytest.raises(PassError, match=r"pass 'break' failed after drop-dead: a graph has at"):
        run_passes(small(), (DropDead(), Break()))


def test_a_pass_that_gives_up_is_named() -> None:
    class GiveUp(Pass):
        name = "give-up"

        def run(self, graph: Graph) -> int:
            raise GraphError(f"no, {len(graph)} are too many")

    with pytest.raises(PassError, match="pass 'give-up' failed: no, 6 are too many"):
        run_passes(small(), (GiveUp(),))
