"""The laws that every pass keeps."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path

import pytest
from graphs import TOLERANCE, difference, graphs
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import genotypes

from uxnet_compiler.analysis import cost
from uxnet_compiler.backends.weights import tensor_shapes
from uxnet_compiler.ir import Graph, from_text, verify
from uxnet_compiler.ir.weights import Stored
from uxnet_compiler.lowering import lower
from uxnet_compiler.passes import INFERENCE, PASSES, TRAINING, Pass, run_passes
from uxnet_compiler.schema import Genotype

WASTEFUL = """\
input = input@1 {"channels": 2, "spatial_dims": 2} () : 2 @ 1x1
a.conv_2 = conv@1 {"channels": 4, "kernel": [3, 3]} (input) : 4 @ 1x1
a.sum = sum@1 {} (input) : 2 @ 1x1
a.conv = conv@1 {"bias": true, "channels": 4, "kernel": [3, 3]} (a.sum) : 4 @ 1x1
a.instance_norm = instance_norm@1 {} (a.conv) : 4 @ 1x1
a.leaky_relu = leaky_relu@1 {} (a.instance_norm) : 4 @ 1x1
b.max_pool = max_pool@1 {"factor": [2, 2]} (a.leaky_relu) : 4 @ 2x2
c.max_pool = max_pool@1 {"factor": [2, 2]} (a.leaky_relu) : 4 @ 2x2
d.max_pool = max_pool@1 {"factor": [1, 2]} (a.leaky_relu) : 4 @ 1x2
z.max_pool = max_pool@1 {"factor": [2, 2]} (a.conv_2) : 4 @ 2x2
e.conv = conv@1 {"channels": 4, "kernel": [3, 3]} (b.max_pool) : 4 @ 2x2
f.conv = conv@1 {"channels": 4, "kernel": [1, 1]} (b.max_pool) : 4 @ 2x2
g.scale = scale@1 {"factor": 0.3} (c.max_pool) : 4 @ 2x2
g.sum = sum@1 {} (z.max_pool, e.conv, f.conv, g.scale) : 4 @ 2x2
h.conv = conv@1 {"channels": 4, "kernel": [3, 3]} (g.sum) : 4 @ 2x2
h.batch_norm = batch_norm@1 {} (h.conv) : 4 @ 2x2
h.relu = relu@1 {} (h.batch_norm) : 4 @ 2x2
h.scale = scale@1 {"factor": 0.8} (h.relu) : 4 @ 2x2
i.conv = conv@1 {"channels": 4, "kernel": [1, 1]} (h.scale) : 4 @ 2x2
j.conv = conv@1 {"bias": true, "channels": 4, "kernel": [1, 1]} (g.sum) : 4 @ 2x2
k.sum = sum@1 {} (i.conv, j.conv) : 4 @ 2x2
k.concat = concat@1 {} (k.sum) : 4 @ 2x2
k.upsample = upsample@1 {"factor": [2, 2]} (k.concat) : 4 @ 1x1
k.conv = conv@1 {"channels": 3, "kernel": [1, 1]} (k.upsample) : 3 @ 1x1
l.concat = concat@1 {} (k.conv, input) : 5 @ 1x1
l.conv = conv@1 {"bias": true, "channels": 3, "kernel": [3, 3]} (l.concat) : 3 @ 1x1
output = output@1 {} (l.conv) : 3 @ 1x1
"""
"""Something to do for most passes."""

EXACT = [name for name, each in PASSES.items() if each.exact]


def sizes(genotype: Genotype) -> tuple[tuple[int, ...], ...]:
    """Return two sizes of images that a network takes."""
    stride = genotype.architecture.total_stride
    return tuple(2 * s for s in stride), (4 * stride[0], *(2 * s for s in stride[1:]))


def run_twice(graph: Graph, name: str) -> int:
    """Run a pass, check that it leaves a network and nothing to do, and return the count."""
    each = PASSES[name]()
    count = each.run(graph)
    verify(graph)
    assert each.run(graph) == 0, name
    return count


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
def test_a_pass_cannot_be_changed_once_made(each: type[Pass]) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        each().name = "other"  # type: ignore[misc]  # the point of the test


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_has_tests_of_its_own(name: str) -> None:
    assert (Path(__file__).parent / f"test_{name.replace('-', '_')}.py").exists()


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_keeps_the_outputs_of_a_wasteful_graph(name: str) -> None:
    before = from_text(WASTEFUL)
    after = before.copy()

    run_twice(after, name)

    if PASSES[name].exact:
        assert difference(before, after) < TOLERANCE


@settings(max_examples=15)
@given(graphs(), st.permutations(EXACT))
def test_passes_keep_every_output_of_any_graph_in_any_order(
    before: Graph, order: list[str]
) -> None:
    after = before.copy()

    for name in order:
        run_twice(after, name)

    assert difference(before, after) < TOLERANCE


@settings(max_examples=8)
@given(genotypes(max_levels=3), st.booleans(), st.permutations(EXACT))
def test_passes_keep_every_output_of_any_genotype_in_any_order(
    genotype: Genotype, deep: bool, order: list[str]
) -> None:
    before = lower(genotype.architecture, deep_supervision=deep)
    after = before.copy()

    for name in order:
        run_twice(after, name)

    assert difference(before, after, sizes(genotype)) < TOLERANCE


@given(graphs())
def test_passes_for_training_keep_every_tensor_and_its_name(before: Graph) -> None:
    after = run_passes(before, TRAINING)

    shapes = tensor_shapes(before)
    for name, shape in tensor_shapes(after).items():
        slot, kind, *tensor = name.split(".")
        assert shapes[name] == shape
        assert after[f"{slot}.{kind}"].weight(".".join(tensor)) == Stored(name)


@pytest.mark.parametrize("passes", [TRAINING, INFERENCE], ids=["training", "inference"])
@given(before=graphs(max_values=20))
def test_a_list_of_passes_leaves_nothing_to_do_in_a_graph(
    passes: tuple[Pass, ...], before: Graph
) -> None:
    after = run_passes(before, passes)

    assert {each.name: each.run(after) for each in passes} == {each.name: 0 for each in passes}


@pytest.mark.parametrize("passes", [TRAINING, INFERENCE], ids=["training", "inference"])
@settings(max_examples=30)
@given(genotype=genotypes(), deep=st.booleans())
def test_a_list_of_passes_leaves_nothing_to_do_in_a_genotype(
    passes: tuple[Pass, ...], genotype: Genotype, deep: bool
) -> None:
    after = run_passes(lower(genotype.architecture, deep_supervision=deep), passes)

    assert {each.name: each.run(after) for each in passes} == {each.name: 0 for each in passes}


def test_passes_cut_the_work_of_a_wasteful_graph() -> None:
    before = from_text(WASTEFUL)

    after = run_passes(before, INFERENCE)

    assert difference(before, after) < TOLERANCE
    assert "batch_norm" not in {value.op.kind for value in after.values()}
    # Others read the map behind g.scale without it; h.scale goes into the norm before its ReLU.
    assert [v.id for v in after.values() if v.op.kind == "scale"] == ["g.scale"]
    assert cost(after, (8, 8)).macs < cost(before, (8, 8)).macs
