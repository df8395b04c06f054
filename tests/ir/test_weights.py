"""Expressions of weights: their text is what they are, and stays within the vocabulary."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uxnet_compiler.errors import GraphError
from uxnet_compiler.ir import from_text, to_text
from uxnet_compiler.ir.weights import (
    EXPRESSIONS,
    Added,
    Embedded,
    NormScaled,
    NormShifted,
    Scaled,
    Sliced,
    Stacked,
    Stored,
    Weight,
    Zeros,
    parse_weight,
)

PARTS = st.sampled_from(("a", "n0_0", "input_to_n0_0", "conv", "conv_2", "batch_norm", "weight"))
KEYS = st.lists(PARTS, min_size=1, max_size=4).map(".".join)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
SIDES = st.lists(st.integers(1, 7), min_size=2, max_size=3).map(tuple)


def _larger(inner: st.SearchStrategy[Weight]) -> st.SearchStrategy[Weight]:
    terms = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Scaled, inner, NUMBERS),
        st.builds(Added, terms),
        st.builds(Stacked, terms, st.integers(0, 1)),
        st.builds(Sliced, inner, st.integers(0, 1), st.integers(0, 9), st.integers(0, 9)),
        st.builds(Embedded, inner, SIDES, SIDES),
    )


WEIGHTS: st.SearchStrategy[Weight] = st.recursive(
    st.builds(Stored, KEYS) | st.builds(Zeros, st.integers(1, 99)), _larger, max_leaves=8
)

NORMED = st.builds(NormScaled, WEIGHTS, WEIGHTS, WEIGHTS, NUMBERS, st.integers(0, 1)) | st.builds(
    NormShifted, WEIGHTS, WEIGHTS, WEIGHTS, WEIGHTS, WEIGHTS, NUMBERS
)


@given(WEIGHTS)
def test_an_expression_survives_its_text(weight: Weight) -> None:
    assert parse_weight(str(weight)) == weight


@given(NORMED)
def test_a_folded_norm_survives_its_text(weight: Weight) -> None:
    assert parse_weight(str(weight)) == weight


@settings(max_examples=30)
@given(WEIGHTS, WEIGHTS)
def test_expressions_survive_the_text_of_a_graph(weight: Weight, bias: Weight) -> None:
    graph = from_text(
        'input = input@1 {"channels": 1, "spatial_dims": 2} () : 1 @ 1x1\n'
        'a.conv = conv@1 {"bias": true, "channels": 3, "kernel": [3, 3]} (input) : 3 @ 1x1'
        f" ; bias = {bias} ; weight = {weight}\n"
        "b.relu = relu@1 {} (a.conv) : 3 @ 1x1\n"
    )

    again = from_text(to_text(graph))

    assert graph["a.conv"].weight("weight") == weight
    assert graph["a.conv"].weight("bias") == bias
    assert list(again.values()) == list(graph.values())


@given(WEIGHTS)
def test_the_stored_tensors_that_are_needed_are_those_in_the_text(weight: Weight) -> None:
    def keys(part: Weight) -> list[str]:
        if isinstance(part, Stored):
            return [part.key]
        return [key for inner in part.parts() for key in keys(inner)]

    assert list(weight.stored()) == keys(weight)
    assert all(key in str(weight) for key in weight.stored())


def test_every_expression_has_a_word_of_its_own() -> None:
    words = {name: kind.name for name, kind in EXPRESSIONS.items()}

    assert words == {word: word for word in words}
    assert set(EXPRESSIONS.values()) == set(Weight.__subclasses__()) - {Stored}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no expression of weights: ''"),
        ("a.weight + b.weight", "a name or a call is wanted"),
        ("blur(a.weight)", "unknown word 'blur'; known: zeros, scale, add"),
        ("scale(a.weight)", "missing 1 required positional argument: 'factor'"),
        ("scale(a.weight, size=2)", "unexpected keyword argument 'size'"),
        ("scale(a.weight, factor=open('x'))", "no expression of weights"),
        ("__import__('os').system('true')", "no expression of weights"),
        ("a[0]", "a name or a call is wanted"),
        ("(lambda: a)()", "a name or a call is wanted"),
        ("add(" * 5000 + ")" * 5000, "no expression of weights"),
    ],
)
def test_what_is_no_expression_is_one_line(text: str, message: str) -> None:
    with pytest.raises(GraphError) as caught:
        parse_weight(text)

    assert message in str(caught.value)
    assert len(str(caught.value)) < 300
