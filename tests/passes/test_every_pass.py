"""The laws that every pass keeps."""

from __future__ import annotations

import dataclasses
import inspect

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import genotypes

from uxnet_compiler.backends.torch import build
from uxnet_compiler.errors import GraphError, PassError
from uxnet_compiler.ir import Graph, from_text, to_text, verify
from uxnet_compiler.lowering import lower
from uxnet_compiler.passes import PASSES, TRAINING, Pass, run_passes
from uxnet_compiler.schema import Genotype

WASTEFUL = """\
input = input@1 {"channels": 2, "spatial_dims": 2} () : 2 @ 1x1
a.sum = sum@1 {} (input) : 2 @ 1x1
a.conv = conv@1 {"channels": 4, "kernel": [3, 3]} (a.sum) : 4 @ 1x1
b.max_pool = max_pool@1 {"factor": [2, 2]} (a.conv) : 4 @ 2x2
c.max_pool = max_pool@1 {"factor": [2, 2]} (a.conv) : 4 @ 2x2
d.max_pool = max_pool@1 {"factor": [1, 2]} (a.conv) : 4 @ 1x2
b.relu = relu@1 {} (b.max_pool) : 4 @ 2x2
c.relu = relu@1 {} (c.max_pool) : 4 @ 2x2
e.conv = conv@1 {"channels": 4, "kernel": [1, 1]} (b.relu) : 4 @ 2x2
f.conv = conv@1 {"channels": 4, "kernel": [1, 1]} (b.relu) : 4 @ 2x2
g.sum = sum@1 {} (c.relu, e.conv, f.conv) : 4 @ 2x2
g.sum_2 = sum@1 {} (g.sum, g.sum) : 4 @ 2x2
h.concat = concat@1 {} (g.sum_2) : 4 @ 2x2
h.upsample = upsample@1 {"factor": [2, 2]} (h.concat) : 4 @ 1x1
h.conv = conv@1 {"channels": 3, "kernel": [1, 1]} (h.upsample) : 3 @ 1x1
output = output@1 {} (h.conv) : 3 @ 1x1
"""


def same_outputs(before: Graph, after: Graph, size: tuple[int, ...]) -> bool:
    """Say whether two graphs compute the same with the same weights."""
    one, two = build(before).double().eval(), build(after).double().eval()
    weights = one.state_dict()
    two.load_state_dict({name: weights[name] for name in two.state_dict()})
    image = torch.randn(
        1,
        before.input().type.channels,
        *size,
        dtype=torch.float64,
        generator=torch.Generator().manual_seed(0),
    )
    with torch.no_grad():
        first, second = one(image), two(image)
    pairs = zip(first, second, strict=True) if isinstance(first, tuple) else [(first, second)]
    return all(torch.allclose(a, b, rtol=0, atol=1e-12) for a, b in pairs)


@pytest.mark.parametrize("each", PASSES.values(), ids=PASSES)
def test_a_pass_says_what_it_does(each: type[Pass]) -> None:
    text = inspect.getdoc(each) or ""

    assert dataclasses.is_dataclass(each)
    assert [label for label in ("Before:", "After:", "Keeps:") if label in text] == [
        "Before:",
        "After:",
        "Keeps:",
    ]


def test_a_pass_is_called_what_its_class_is_called() -> None:
    for name, each in PASSES.items():
        assert each.__name__ == "".join(word.title() for word in name.split("-"))
        assert each.__module__.rpartition(".")[2] == name.replace("-", "_")


@pytest.mark.parametrize("each", PASSES.values(), ids=PASSES)
def test_a_pass_keeps_every_output_of_a_wasteful_graph(each: type[Pass]) -> None:
    before = from_text(WASTEFUL)
    after = before.copy()

    count = each().run(after)

    verify(after)
    assert count > 0
    assert each().run(after) == 0
    assert same_outputs(before, after, (4, 8))


@settings(max_examples=10)
@given(genotypes(max_levels=3), st.booleans(), st.permutations(list(PASSES)))
def test_passes_keep_every_output_in_any_order(
    genotype: Genotype, deep: bool, order: list[str]
) -> None:
    before = lower(genotype.architecture, deep_supervision=deep)
    after = before.copy()

    for name in order:
        PASSES[name]().run(after)
        verify(after)
        assert PASSES[name]().run(after) == 0

    assert same_outputs(before, after, tuple(2 * d for d in genotype.architecture.total_stride))


@given(genotypes(), st.booleans())
def test_the_pipeline_leaves_nothing_to_do(genotype: Genotype, deep: bool) -> None:
    graph = run_passes(lower(genotype.architecture, deep_supervision=deep), TRAINING)

    assert [each.run(graph) for each in TRAINING] == [0] * len(TRAINING)


def test_drop_dead_removes_what_no_output_reads() -> None:
    graph = from_text(WASTEFUL)

    assert PASSES["drop-dead"]().run(graph) == 1
    assert "d.max_pool" not in graph


def test_fold_single_merge_removes_sums_and_concatenations_of_one() -> None:
    graph = from_text(WASTEFUL)

    assert PASSES["fold-single-merge"]().run(graph) == 2
    assert graph["a.conv"].inputs == ("input",)
    assert graph["h.upsample"].inputs == ("g.sum_2",)
    assert {"g.sum", "g.sum_2"} <= {value.id for value in graph.values()}


def test_share_equal_shares_chains_and_leaves_weights_alone() -> None:
    graph = from_text(WASTEFUL)

    assert PASSES["share-equal"]().run(graph) == 2
    assert graph["g.sum"].inputs == ("b.relu", "e.conv", "f.conv")
    assert "d.max_pool" in graph


def test_the_pipeline_leaves_its_argument_alone_and_tells_what_it_did() -> None:
    graph = from_text(WASTEFUL)
    told: list[tuple[str, int]] = []

    run_passes(graph, TRAINING, lambda each, count, _: told.append((each.name, count)))

    assert to_text(graph) == to_text(from_text(WASTEFUL))
    assert [name for name, _ in told] == [each.name for each in TRAINING]
    assert {("drop-dead", 1), ("fold-single-merge", 2), ("share-equal", 2)} <= set(told)


def test_a_pass_that_breaks_a_graph_is_named() -> None:
    class Break(Pass):
        name = "break"

        def run(self, graph: Graph) -> int:
            graph.remove("output")
            return 1

    with pytest.raises(PassError, match=r"pass 'break' failed after drop-dead: a graph has at"):
        run_passes(from_text(WASTEFUL), (*TRAINING[:1], Break()))


def test_a_pass_that_gives_up_is_named() -> None:
    class GiveUp(Pass):
        name = "give-up"

        def run(self, graph: Graph) -> int:
            raise GraphError(f"no, {len(graph)} are too many")

    with pytest.raises(PassError, match="pass 'give-up' failed: no, 16 are too many"):
        run_passes(from_text(WASTEFUL), (GiveUp(),))
