"""Translation validation: wrong passes are caught, right ones pass, both are recorded."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import genotypes

from uxnet_compiler.backends.reference import reference
from uxnet_compiler.errors import PassError
from uxnet_compiler.ir import Graph, from_text, to_text
from uxnet_compiler.ir.weights import (
    NormScaled,
    NormShifted,
    Scaled,
    Sliced,
    Stored,
    Zeros,
)
from uxnet_compiler.lowering import lower
from uxnet_compiler.ops import BatchNorm, Conv, Scale
from uxnet_compiler.passes import INFERENCE, PASSES, Pass, parse_pipeline, run_passes
from uxnet_compiler.schema import Genotype
from uxnet_compiler.validation import (
    LIMIT,
    PassRecord,
    needed_bytes,
    optimise,
    random_weights,
    sizes,
)

TEXT = """\
input = input@1 {"channels": 2, "spatial_dims": 3} () : 2 @ 1x1x1
a.conv = conv@1 {"bias": true, "channels": 4, "kernel": [3, 3, 3]} (input) : 4 @ 1x1x1
a.batch_norm = batch_norm@1 {} (a.conv) : 4 @ 1x1x1
a.max_pool = max_pool@1 {"factor": [2, 1, 2]} (a.batch_norm) : 4 @ 2x1x2
a.relu = relu@1 {} (a.max_pool) : 4 @ 2x1x2
b.avg_pool = avg_pool@1 {"factor": [1, 2, 1]} (a.relu) : 4 @ 2x2x2
b.conv = conv@1 {"channels": 4, "dilation": [2, 2, 2], "kernel": [5, 5, 5]} (b.avg_pool) : 4 @ 2x2x2
b.relu = relu@1 {} (b.conv) : 4 @ 2x2x2
b.conv_2 = conv@1 {"bias": true, "channels": 4, "kernel": [1, 1, 1]} (b.relu) : 4 @ 2x2x2
b.scale = scale@1 {"factor": 0.3} (b.conv_2) : 4 @ 2x2x2
b.instance_norm = instance_norm@1 {} (b.scale) : 4 @ 2x2x2
b.scale_2 = scale@1 {"factor": 0.7} (b.instance_norm) : 4 @ 2x2x2
c.upsample = upsample@1 {"factor": [2, 2, 2]} (b.scale_2) : 4 @ 1x1x1
c.relu = relu@1 {} (c.upsample) : 4 @ 1x1x1
d.conv_2 = conv@1 {"channels": 4, "kernel": [1, 1, 1]} (input) : 4 @ 1x1x1
d.concat = concat@1 {} (d.conv_2, c.relu) : 8 @ 1x1x1
d.conv = conv@1 {"bias": true, "channels": 3, "kernel": [1, 1, 1]} (d.concat) : 3 @ 1x1x1
d.scale = scale@1 {"factor": 0.3} (d.conv) : 3 @ 1x1x1
output = output@1 {} (d.scale) : 3 @ 1x1x1
aux_1.conv = conv@1 {"bias": true, "channels": 3, "kernel": [1, 1, 1]} (b.instance_norm) : 3 @ 2x2x2
aux_1.output = output@1 {} (aux_1.conv) : 3 @ 2x2x2
"""


def made_pass(rewrite: Callable[[Graph], object], *, count: int = 1, exact: bool = True) -> Pass:
    """Return a pass that makes one rewrite, and says that it made `count`."""

    @dataclass(frozen=True)
    class Planted(Pass):
        name: ClassVar[str] = "planted"

        def run(self, graph: Graph) -> int:
            rewrite(graph)
            return count

    Planted.exact = exact
    return Planted()


def swap(graph: Graph, first: str, second: str) -> None:
    """Let two values that follow each other change places, whatever they are."""
    one, two = graph[first], graph[second]
    graph.replace(
        [first, second],
        [(second, two.op, one.inputs, two.weights), (first, one.op, (second,), one.weights)],
    )


def bypass(graph: Graph, name: str) -> None:
    graph.redirect(name, graph[name].inputs[0])
    graph.remove(name)


def swap_the_inputs_of_a_concat(graph: Graph) -> None:
    merge = graph["d.concat"]
    graph.replace(["d.concat"], [("d.concat", merge.op, merge.inputs[::-1], {})])


def scale_a_convolution(graph: Graph, *tensors: str) -> None:
    """Fold the gate into those tensors of the convolution before it."""
    conv, gate = graph["d.conv"], graph["d.scale"]
    assert isinstance(gate.op, Scale)
    weights = {name: Scaled(conv.weight(name), gate.op.factor) for name in tensors}
    graph.replace(["d.conv", "d.scale"], [("d.conv", conv.op, conv.inputs, weights)])


def fold_a_batch_norm(graph: Graph, *, mean: bool) -> None:
    conv, norm = graph["a.conv"], graph["a.batch_norm"]
    assert isinstance(norm.op, BatchNorm)
    gamma, var = norm.weight("weight"), norm.weight("running_var")
    weights = {
        "weight": NormScaled(conv.weight("weight"), gamma, var, norm.op.eps),
        "bias": NormShifted(
            conv.weight("bias"),
            gamma,
            norm.weight("bias"),
            norm.weight("running_mean") if mean else Zeros(4),
            var,
            norm.op.eps,
        ),
    }
    graph.replace(["a.conv", "a.batch_norm"], [("a.batch_norm", conv.op, conv.inputs, weights)])


def cut_the_outer_taps(graph: Graph) -> None:
    conv = graph["b.conv"]
    op = Conv(kernel=(3, 5, 5), dilation=(2, 2, 2), channels=4)
    weights = {"weight": Sliced(conv.weight("weight"), axis=2, start=1, stop=4)}
    graph.replace(["b.conv"], [("b.conv", op, conv.inputs, weights)])


def take_the_weights_of_another(graph: Graph) -> None:
    conv = graph["aux_1.conv"]
    other = {"bias": Stored("d.conv.bias")}
    graph.replace(["aux_1.conv"], [("aux_1.conv", conv.op, conv.inputs, other)])


WRONG: dict[str, Callable[[Graph], None]] = {
    "swaps the inputs of a concatenation": swap_the_inputs_of_a_concat,
    "forgets a bias when it folds a gate": lambda g: scale_a_convolution(g, "weight"),
    "forgets the mean when it folds a batch norm": lambda g: fold_a_batch_norm(g, mean=False),
    "moves a trilinear upsampling past a ReLU": lambda g: swap(g, "c.upsample", "c.relu"),
    "moves an average past a ReLU": lambda g: swap(g, "a.relu", "b.avg_pool"),
    "moves a maximum past a norm of negative scale": lambda g: swap(
        g, "a.batch_norm", "a.max_pool"
    ),
    "drops a gate": lambda g: bypass(g, "b.scale_2"),
    "drops a gate before a norm, which hides all but its eps": lambda g: bypass(g, "b.scale"),
    "drops the far taps of a kernel at the deepest level": cut_the_outer_taps,
    "changes a head of deep supervision alone": take_the_weights_of_another,
}


@pytest.mark.parametrize("rewrite", WRONG.values(), ids=WRONG)
def test_a_pass_is_caught_that(rewrite: Callable[[Graph], None]) -> None:
    with pytest.raises(
        PassError, match=r"^pass 'planted' changes what the network computes: "
    ) as e:
        optimise(from_text(TEXT), [made_pass(rewrite)])

    assert "\n" not in str(e.value)


def test_what_a_comparison_needs_is_known_before_it_is_made() -> None:
    graph = from_text("""\
input = input@1 {"channels": 2, "spatial_dims": 3} () : 2 @ 1x1x1
a.conv = conv@1 {"channels": 4, "kernel": [1, 1, 1]} (input) : 4 @ 1x1x1
output = output@1 {} (a.conv) : 4 @ 1x1x1
""")

    # One image of 2x3x4 voxels or two of 3x2x2, six channels at once, and the kernel: float64.
    assert needed_bytes(graph) == 8 * (24 * (2 + 4) + 2 * 4)


def test_right_foldings_of_the_same_kind_are_believed() -> None:
    passes = [
        made_pass(lambda graph: scale_a_convolution(graph, "weight", "bias")),
        made_pass(lambda graph: fold_a_batch_norm(graph, mean=True)),
    ]

    done = optimise(from_text(TEXT), passes)

    assert [record.rewrites for record in done.records] == [1, 1]
    assert all(0 < record.largest_difference < 1e-13 for record in done.records)  # type: ignore[operator]
    assert "d.scale" not in done.graph


def test_a_message_names_pass_difference_and_size() -> None:
    graph = from_text(TEXT)

    with pytest.raises(PassError) as error:
        optimise(graph, [PASSES["share-equal"](), made_pass(WRONG["drops a gate"])])

    assert str(error.value).startswith("pass 'planted' changes what the network computes: by ")
    assert str(error.value).endswith(" of the largest output at size 4x10x10, 1e-09 is the limit")


def test_the_pass_that_went_wrong_is_blamed_and_not_those_after_it() -> None:
    passes = [*parse_pipeline("fold-batch-norm"), made_pass(WRONG["drops a gate"])]

    with pytest.raises(PassError, match=r"^pass 'planted' changes"):
        optimise(from_text(TEXT), [*passes, *parse_pipeline("fold-batch-norm")])


def test_an_inexact_pass_is_measured_but_not_judged() -> None:
    passes = [made_pass(WRONG["drops a gate"], exact=False), *parse_pipeline("fold-batch-norm")]

    inexact, exact = optimise(from_text(TEXT), passes).records

    assert inexact.largest_difference is not None
    assert inexact.largest_difference > 0.01
    assert not inexact.exact
    assert exact.largest_difference is not None
    assert exact.largest_difference < LIMIT


def test_a_pass_that_hides_its_rewrites_is_caught() -> None:
    with pytest.raises(PassError, match="changed the graph, but says that it rewrote nothing"):
        optimise(from_text(TEXT), [made_pass(WRONG["drops a gate"], count=0)])


def test_a_pass_that_drops_an_output_is_caught() -> None:
    def drop(graph: Graph) -> None:
        graph.remove("aux_1.output")

    with pytest.raises(
        PassError, match=r"changes the ends of the network: from aux_1.output \(3 @"
    ):
        optimise(from_text(TEXT), [made_pass(drop)])


def test_records_tell_what_each_pass_did_and_observers_see_the_graph() -> None:
    seen: list[tuple[PassRecord, bool]] = []
    passes = parse_pipeline("drop-dead,prune-gates{tau=0.9},fold-batch-norm")

    done = optimise(
        from_text(TEXT),
        passes,
        on_pass=lambda record, graph: seen.append((record, "a.batch_norm" in graph)),
    )

    assert [record for record, _ in seen] == list(done.records)
    assert [record.name for record in done.records] == [
        "drop-dead",
        "prune-gates{tau=0.9}",
        "fold-batch-norm",
    ]
    assert [record.rewrites for record in done.records] == [0, 0, 1]
    assert [record.largest_difference is None for record in done.records] == [True, True, False]
    assert all(record.seconds >= 0 for record in done.records)
    assert to_text(done.graph) == to_text(run_passes(from_text(TEXT), passes))


def test_the_document_stays_as_it_is() -> None:
    document = from_text(TEXT)

    optimise(document, INFERENCE)

    assert to_text(document) == to_text(from_text(TEXT))


def test_no_passes_give_a_copy() -> None:
    document = from_text(TEXT)

    done = optimise(document, ())

    assert done.records == ()
    assert done.graph is not document
    assert to_text(done.graph) == to_text(document)


@settings(max_examples=10)
@given(genotypes(max_levels=3), st.booleans())
def test_the_passes_for_inference_are_exact_on(genotype: Genotype, deep: bool) -> None:
    document = lower(genotype.architecture, deep_supervision=deep)

    done = optimise(document, INFERENCE)

    for record in done.records:
        assert (record.largest_difference is None) == (record.rewrites == 0)
        assert (record.largest_difference or 0) < 1e-12  # far from the limit, which is 1e-9


def test_random_weights_hide_nothing() -> None:
    stored = random_weights(from_text(TEXT))

    assert all((tensor != 0).all() for tensor in stored.values())
    assert (stored["a.batch_norm.running_var"] > 0).all()
    assert stored["a.batch_norm.num_batches_tracked"].dtype == torch.int64
    assert {name: tensor.dtype for name, tensor in stored.items() if "tracked" not in name} == {
        name: torch.float64 for name in stored if "tracked" not in name
    }
    assert not torch.equal(
        random_weights(from_text(TEXT), seed=1)["a.conv.weight"], stored["a.conv.weight"]
    )


def test_random_weights_keep_the_size_of_maps_even_without_norms() -> None:
    kinds = (
        'conv@1 {"channels": 16, "kernel": [3, 3, 3]}',
        'transposed_conv@1 {"channels": 16, "kernel": [3, 3, 3], "stride": [1, 1, 1]}',
        'conv@1 {"channels": 16, "groups": "input", "kernel": [3, 3, 3]}',
    )
    last = "input"
    lines = ['input = input@1 {"channels": 16, "spatial_dims": 3} () : 16 @ 1x1x1']
    for index in range(12):
        lines.append(f"n{index}.op = {kinds[index % 3]} ({last}) : 16 @ 1x1x1")
        lines.append(f"n{index}.relu = relu@1 {{}} (n{index}.op) : 16 @ 1x1x1")
        last = f"n{index}.relu"
    lines.append(f"output = output@1 {{}} ({last}) : 16 @ 1x1x1")
    graph = from_text("\n".join(lines))
    image = torch.randn(1, 16, 8, 8, 8, generator=torch.Generator().manual_seed(0)).double()

    spread = float(reference(graph, random_weights(graph))(image).std())

    assert 0.05 < spread < 20


@pytest.mark.parametrize("divisor", [(8, 8), (4, 8, 8), (1, 1, 1), (16, 16, 16), (1, 4)])
def test_sizes_are_small_and_uneven_and_have_two_voxels_at_the_deepest_level(
    divisor: tuple[int, ...],
) -> None:
    found = sizes(divisor)

    assert len(found) == 2
    for size in found:
        factors = [n / d for n, d in zip(size, divisor, strict=True)]
        assert len(set(factors)) > 1
        assert min(factors) >= 2
        assert all(factor.is_integer() for factor in factors)
        assert math.prod(factors) <= 24
    for axis, d in enumerate(divisor):
        assert max(size[axis] for size in found) >= 3 * d


def test_sizes_grow_for_kernels_that_see_farther() -> None:
    assert sizes((8, 8, 8), (5, 1, 5)) == ((16, 24, 40), (40, 16, 16))
