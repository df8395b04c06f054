"""The weights of rewritten graphs are made of the stored ones as their expressions say."""

from __future__ import annotations

import pytest
import torch
from graphs import graphs, network, random_weights
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the name everybody knows)

from uxnet_compiler.backends.torch import build
from uxnet_compiler.backends.weights import (
    RULES,
    evaluate,
    expression_of,
    require_known,
    resolve,
    tensor_shapes,
)
from uxnet_compiler.errors import BackendError
from uxnet_compiler.ir import Graph
from uxnet_compiler.ir.weights import EXPRESSIONS, Embedded, Stored, parse_weight
from uxnet_compiler.passes import INFERENCE, run_passes

CONV = 'a.conv = conv@1 {"bias": true, "channels": 3, "kernel": [3, 3]} (input) : 3 @ 1x1'


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_every_expression_has_a_rule() -> None:
    assert RULES.keys() == set(EXPRESSIONS.values())


A, B, V = draw(3, 2, 3, 3), draw(3, 2, 3, 3, seed=1), draw(3, seed=2).square() + 0.1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x.a", A),
        ("scale(x.a, factor=-0.5)", -0.5 * A),
        ("add(x.a, x.b, x.a)", 2 * A + B),
        ("stack(x.a, x.b, axis=1)", torch.cat([A, B], 1)),
        ("slice(x.a, axis=0, start=1, stop=3)", A[1:3]),
        ("slice(stack(x.a, x.b, axis=0), axis=0, start=3, stop=6)", B),
        (
            "norm_scale(x.a, x.v, x.v, eps=0.1, axis=0)",
            A * (V / (V + 0.1).sqrt())[:, None, None, None],
        ),
        (
            "norm_shift(zeros(length=3), x.v, x.v, x.v, x.v, eps=0.1)",
            V - V * V / (V + 0.1).sqrt(),
        ),
    ],
)
def test_an_expression_is_computed(text: str, expected: Tensor) -> None:
    made = evaluate(parse_weight(text), {"x.a": A, "x.b": B, "x.v": V})

    torch.testing.assert_close(made, expected, rtol=1e-12, atol=1e-12)


def test_zeros_are_as_many_as_asked() -> None:
    assert torch.equal(evaluate(parse_weight("zeros(length=4)"), {}), torch.zeros(4))


def test_a_norm_after_a_transposed_convolution_scales_the_other_axis() -> None:
    text = "norm_scale(x.a, x.v, x.w, eps=0.1, axis=1)"
    gamma, var = draw(2, seed=3), draw(2, seed=4).square()

    made = evaluate(parse_weight(text), {"x.a": A, "x.v": gamma, "x.w": var})

    factor = gamma / (var + 0.1).sqrt()
    torch.testing.assert_close(made, A * factor[None, :, None, None])


@given(
    st.lists(st.sampled_from((1, 3, 5)), min_size=2, max_size=3),
    st.integers(1, 3),
    st.integers(0, 2),
)
@settings(max_examples=30)
def test_an_embedded_kernel_convolves_like_the_small_one(
    sides: list[int], dilation: int, margin: int
) -> None:
    rank = len(sides)
    spread = [dilation * (side - 1) + 1 for side in sides]
    wide = tuple(side + 2 * margin for side in spread)
    kernel, image = draw(2, 3, *sides), draw(1, 3, *(6,) * rank, seed=1)
    convolve = {2: F.conv2d, 3: F.conv3d}[rank]

    made = evaluate(Embedded(Stored("k"), wide, (dilation,) * rank), {"k": kernel})

    torch.testing.assert_close(
        convolve(image, made, padding=tuple(side // 2 for side in wide)),
        convolve(image, kernel, dilation=dilation, padding=tuple(side // 2 for side in spread)),
        rtol=1e-10,
        atol=1e-10,
    )


@settings(max_examples=30)
@given(graphs())
def test_shapes_and_names_are_those_of_the_module(graph: Graph) -> None:
    module = build(graph, seed=None)

    assert tensor_shapes(graph) == {n: tuple(t.shape) for n, t in module.state_dict().items()}


@settings(max_examples=30)
@given(graphs())
def test_a_document_s_own_weights_are_taken_as_they_are(graph: Graph) -> None:
    stored = random_weights(graph)

    made = resolve(graph, stored)

    assert made.keys() == stored.keys()
    assert all(made[name] is stored[name] for name in stored)


@settings(max_examples=30)
@given(graphs())
def test_rewritten_weights_have_the_shapes_of_their_graph_and_leave_the_stored_alone(
    document: Graph,
) -> None:
    stored = random_weights(document)
    kept = {name: tensor.clone() for name, tensor in stored.items()}

    after = run_passes(document, INFERENCE)
    made = resolve(after, stored)

    assert {name: tuple(t.shape) for name, t in made.items()} == tensor_shapes(after)
    assert all(torch.equal(stored[name], kept[name]) for name in kept)


def test_the_expression_of_a_nested_tensor_is_found() -> None:
    graph = network(
        'a.squeeze_excite = squeeze_excite@1 {"reduction": 2} (input) : 2 @ 1x1'
        " ; squeeze.weight = scale(b.weight, factor=2.0)"
    )

    assert str(expression_of(graph, "a.squeeze_excite.squeeze.weight")) == (
        "scale(b.weight, factor=2.0)"
    )
    assert expression_of(graph, "a.squeeze_excite.excite.bias") == Stored(
        "a.squeeze_excite.excite.bias"
    )


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"a.conv.weight": draw(3, 2, 3, 3)}, "w: a.conv.bias is missing; the network has it"),
        (
            {"a.conv.weight": draw(3, 2, 3, 3), "a.conv.bias": draw(4)},
            r"w: a.conv.bias is \(4,\), the network needs \(3,\)",
        ),
        (
            {"a.conv.weight": draw(3, 2, 3, 3), "a.conv.bias": torch.ones(3, dtype=torch.int32)},
            "w: a.conv.bias is int32, the network needs real numbers",
        ),
    ],
)
def test_stored_weights_that_do_not_fit_are_named(weights: dict[str, Tensor], message: str) -> None:
    with pytest.raises(BackendError, match=message) as caught:
        resolve(network(CONV), weights, source="w")

    assert "\n" not in str(caught.value)


def test_a_stored_weight_of_another_shape_is_named_with_what_is_made_of_it() -> None:
    graph = network(f"{CONV} ; weight = scale(x.weight, factor=2.0)")

    with pytest.raises(BackendError) as caught:
        resolve(graph, {"x.weight": draw(3, 2, 1, 1), "a.conv.bias": draw(3)})

    assert str(caught.value) == (
        "weights: x.weight is (3, 2, 1, 1), the network needs what makes a.conv.weight (3, 2, 3, 3)"
    )


def test_weights_of_another_document_are_refused() -> None:
    document = network(CONV)
    known = random_weights(document)

    require_known(known, document)
    require_known({}, document)
    with pytest.raises(BackendError, match=r"w: b.conv.weight is not in the network"):
        require_known(known | {"b.conv.weight": draw(1)}, document, source="w")
