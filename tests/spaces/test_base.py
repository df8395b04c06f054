"""Choices are made in a space, and read out of what was made."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.ops import Scale
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.spaces.uxnet import UXNetOptions, space

FAMILY = FAMILIES["uxnet"]
FRAME = space(UXNetOptions(widths=(2, 3, 4), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2))))


@given(st.integers(0, 10**6))
def test_choices_are_read_out_of_an_architecture_as_they_were_made(seed: int) -> None:
    draw = random.Random(seed)
    chosen = {choice: draw.choice(candidates) for choice, candidates in FRAME.choices.items()}
    kept = {key for key in FRAME.gates if draw.random() < 0.5}

    found = FRAME.select(chosen, kept)

    assert FRAME.kept(found) == dict.fromkeys(kept, 1.0)
    read = FRAME.chosen(found)
    assert read.items() <= chosen.items()
    assert {node.slot.choice for node in FRAME.nodes} - {None} <= read.keys()


@given(st.integers(0, 10**6))
def test_edges_that_carry_their_gates_hide_neither_choice_nor_gate(seed: int) -> None:
    hard = FAMILY.sample(FRAME, seed).architecture
    gates = {key: round(0.1 + 0.01 * number, 2) for number, key in enumerate(FRAME.gates)}

    soft = FRAME.soften(hard, gates)

    assert FRAME.chosen(soft) == FRAME.chosen(hard)
    assert FRAME.kept(soft) == {key: gates[key] for key in FRAME.kept(hard)}


def test_choices_of_parts_that_were_cut_are_not_among_those_that_are_read() -> None:
    whole = FRAME.select({c: names[0] for c, names in FRAME.choices.items()}, set(FRAME.gates))
    left = whole.model_copy(
        update={
            "nodes": tuple(node for node in whole.nodes if node.id != "n1_1"),
            "edges": tuple(e for e in whole.edges if "n1_1" not in (e.source, e.target)),
        }
    )

    missing = FRAME.chosen(whole).keys() - FRAME.chosen(left).keys()

    assert FRAME.chosen(whole).keys() == FRAME.choices.keys()
    assert missing == {choice for choice in FRAME.choices if choice.startswith("n1_1.")}
    assert missing


def test_an_architecture_of_another_space_is_refused_and_says_where() -> None:
    architecture = FAMILY.sample(FRAME, 3).architecture
    other = architecture.nodes[0].model_copy(update={"ops": (Scale(factor=0.5),)})
    strange = architecture.model_copy(update={"nodes": (other, *architecture.nodes[1:])})

    with pytest.raises(GenotypeError, match=f"file.json: architecture: {other.id} is not as"):
        FRAME.chosen(strange, source="file.json")


def test_a_slot_knows_its_candidates_by_their_ops() -> None:
    slots = [node.slot for node in FRAME.nodes] + [edge.slot for edge in FRAME.edges]
    choosing = [slot for slot in slots if slot.choice is not None]
    assert choosing
    for slot in choosing:
        assert [slot.candidate(slot.ops(name)) for name in slot.candidates] == [*slot.candidates]
        assert slot.candidate((Scale(factor=0.5),)) is None
