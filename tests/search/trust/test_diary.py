"""What a diary tells: entropy, drift, and evidence against noise."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uxnet_compiler.runs.events import Event
from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.trust.diary import (
    MOMENTS,
    binary_entropy,
    course,
    decisions,
    entropy,
    lead,
    recorded,
    strength,
    variation,
)

weights = st.lists(st.floats(0.001, 1), min_size=2, max_size=8).map(
    lambda values: {str(index): value / sum(values) for index, value in enumerate(values)}
)


def evidence(gate: float, first: float = 0.5) -> Evidence:
    return Evidence(gates={"a>b": gate}, choices={"a.op": {"x": first, "y": 1 - first}})


@given(weights)
def test_entropy_lies_between_0_and_1_and_is_1_for_equal_candidates(
    candidates: dict[str, float],
) -> None:
    assert 0 <= entropy(candidates) <= 1
    assert entropy(dict.fromkeys(candidates, 1 / len(candidates))) == pytest.approx(1)


def test_a_decided_choice_and_a_decided_gate_have_no_entropy() -> None:
    assert entropy({"x": 1.0, "y": 0.0}) == 0
    assert binary_entropy(0.0) == binary_entropy(1.0) == 0
    assert binary_entropy(0.5) == 1


@given(weights)
def test_variation_is_0_without_a_change_and_grows_to_1(candidates: dict[str, float]) -> None:
    assert variation(candidates, candidates) == 0
    assert variation({"x": 1.0, "y": 0.0}, {"x": 0.0, "y": 1.0}) == 1


def test_the_lead_is_that_over_the_next_best() -> None:
    assert lead({"x": 0.5, "y": 0.3, "z": 0.2}, "x") == pytest.approx(0.2)
    assert lead({"x": 1.0}, "x") == 1


def test_strength_is_the_distance_in_units_of_a_random_walk() -> None:
    # Changes of +0.1 and -0.1 in turn: a deviation of 0.1, so that 4 of them wander 0.2.
    assert strength([0.4, 0.5, 0.4, 0.5, 0.4]) == pytest.approx(0.4 / 0.2)


@pytest.mark.parametrize("margins", [[0.5], [0.4, 0.5], [0.5, 0.5, 0.5, 0.5]])
def test_without_noise_there_is_no_strength(margins: list[float]) -> None:
    assert strength(margins) is None


def test_a_steady_climb_is_stronger_evidence_than_a_walk_to_the_same_place() -> None:
    climb = strength([0.0, 0.11, 0.2, 0.29, 0.4])
    walk = strength([0.0, 0.3, -0.1, 0.5, 0.4])

    assert climb is not None
    assert walk is not None
    assert climb > 2
    assert walk < 1


def test_records_are_those_of_the_diary_and_the_end() -> None:
    diary: list[Event] = [
        {"kind": "search", "step": 1, "loss": 1.0},
        {"kind": "gates", "step": 10, "evidence": evidence(0.9).model_dump()},
        {"kind": "gates", "step": 20, "evidence": evidence(0.8).model_dump()},
    ]

    found = recorded(diary, 20, evidence(0.7))

    assert [step for step, _ in found] == [10, 20]
    assert found[-1][1].gates["a>b"] == 0.7


def test_decisions_say_what_was_picked_and_the_weakest_come_first() -> None:
    gates = [0.9, 0.9, 0.6, 0.85, 0.7]  # wanders about 0.75
    ops = [0.5, 0.5, 0.6, 0.71, 0.8]  # climbs
    records = [
        (10 * n, evidence(gate, op)) for n, (gate, op) in enumerate(zip(gates, ops, strict=True))
    ]

    gate, choice = decisions(records, 0.75)

    assert (gate.kind, gate.picked) == ("gate", "shut")
    assert (choice.kind, choice.picked) == ("choice", "x")
    assert gate.strength is not None
    assert gate.strength < 1
    assert choice.strength is not None
    assert choice.strength > 2
    assert choice.drift == pytest.approx(0.3)


def test_the_warm_up_does_not_count_as_calm() -> None:
    moving = [(n, evidence(gate)) for n, gate in enumerate([0.9, 0.8, 0.85, 0.7, 0.78])]
    warm_up = [(n, evidence(0.9)) for n in range(-20, 0)]

    (alone, _), (with_warm_up, _) = decisions(moving, 0.75), decisions(warm_up + moving, 0.75)

    assert alone.strength == with_warm_up.strength


def test_the_course_is_thinned_and_keeps_both_ends() -> None:
    found = course([(step, evidence(0.5 + step / 2000)) for step in range(1000)])

    assert len(found.steps) == MOMENTS
    assert (found.steps[0], found.steps[-1]) == (0, 999)
    assert found.gate_drift is not None
    assert found.gate_drift.mean[0] == 0
    assert math.isclose(found.gate_drift.mean[-1], 0.4995, abs_tol=1e-4)


def test_what_was_not_searched_has_no_course() -> None:
    found = course([(1, Evidence(gates={}, choices={"c": {"x": 1.0, "y": 0.0}}))])

    assert found.gate_entropy is None
    assert found.gate_drift is None
    assert found.choice_entropy is not None
