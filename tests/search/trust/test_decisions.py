"""Decisions are as sure as what they were made of."""

from __future__ import annotations

import pytest

from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.measurement import DOUBT, TOLERANCE, Measurement, Missed
from uxnet_compiler.search.trust.decisions import judge

LEARNED = Evidence(
    gates={"a>c": 0.9, "b>c": 0.2},
    choices={"a.normal": {"conv3": 0.6, "conv5": 0.4}, "b.normal": {"conv3": 0.5, "conv5": 0.5}},
)
MEASUREMENT = Measurement(
    price=0.5,
    patches=16,
    loss=1.0,
    edges={"a>c": Missed(mean=TOLERANCE + 0.04, error=0.01, work=0.02), "b>c": None},
    again={},
    adapted=10,
    dice=0.7,
    alone=1.0,
    candidates={
        "a.normal": {
            "conv3": Missed(mean=0.02, error=0.005),
            "conv5": Missed(mean=0.0, error=0.0),
        }
    },
)


def test_without_a_measurement_decisions_are_judged_by_their_course() -> None:
    found = judge([(0, LEARNED), (10, LEARNED)], LEARNED, None, 0.75)
    assert {each.key: each.picked for each in found}["a>c"] == "open"


def test_what_was_measured_is_as_sure_as_its_mean_is_in_standard_errors() -> None:
    evidence = MEASUREMENT.evidence(LEARNED)
    found = {each.key: each for each in judge([(0, LEARNED)], evidence, MEASUREMENT, 0.75)}
    assert found["a>c"].strength == pytest.approx(3.0 - 0.6745, abs=1e-3)  # tau is at 0.6745
    assert found["a.normal"].picked == "conv5"
    assert found["a.normal"].strength == pytest.approx(0.02 / 0.005 + DOUBT)


def test_an_edge_that_was_asked_again_is_judged_by_the_second_answer() -> None:
    missed = Missed(mean=TOLERANCE - 0.02, error=0.01)
    measurement = MEASUREMENT.model_copy(update={"again": {"a>c": missed}})
    evidence = measurement.evidence(LEARNED)
    found = {each.key: each for each in judge([(0, LEARNED)], evidence, measurement, 0.75)}
    assert evidence.gates["a>c"] < 0.05
    assert found["a>c"].picked == "shut"
    assert found["a>c"].strength == pytest.approx(2.0 + 0.6745, abs=1e-3)


def test_the_loss_rises_by_what_was_measured_for_all_edges_that_go() -> None:
    gone = Missed(mean=0.01, error=0.1)
    kept = Missed(mean=0.5, error=0.01)
    again = {"a>c": gone, "b>c": kept, "b>d": gone}
    measurement = MEASUREMENT.model_copy(update={"again": again, "loss": 2.0})
    assert measurement.rise(0.75) == pytest.approx(0.02 / 2.0)
    assert measurement.rise(0.0) is None
    assert MEASUREMENT.rise(0.75) is None


def test_a_candidate_that_does_better_is_taken_with_the_strength_of_the_difference() -> None:
    usual = Missed(mean=0.0, error=0.0)
    better = Missed(mean=-0.12, error=0.01, work=0.12)
    measurement = MEASUREMENT.model_copy(
        update={"candidates": {"a.normal": {"conv3": better, "conv5": usual}}}
    )
    evidence = measurement.evidence(LEARNED)
    found = {each.key: each for each in judge([(0, LEARNED)], evidence, measurement, 0.75)}
    assert found["a.normal"].picked == "conv3"
    assert found["a.normal"].strength == pytest.approx(0.12 / 0.01 - DOUBT - 0.06 / 0.01)


def test_a_reference_that_nothing_was_tried_against_has_no_strength() -> None:
    alone = {"a.normal": {"conv5": Missed(mean=0.0, error=0.0)}}
    measurement = MEASUREMENT.model_copy(update={"dice": 0.0, "candidates": alone})
    evidence = measurement.evidence(LEARNED)
    found = {each.key: each for each in judge([(0, LEARNED)], evidence, measurement, 0.75)}
    assert evidence.choices["a.normal"] == {"conv3": 0.0, "conv5": 1.0}
    assert found["a.normal"].picked == "conv5"
    assert found["a.normal"].strength is None


def test_what_could_not_be_measured_has_no_strength_and_comes_last() -> None:
    evidence = MEASUREMENT.evidence(LEARNED)
    found = judge([(0, LEARNED)], evidence, MEASUREMENT, 0.75)
    assert [each.strength is None for each in found] == [False, False, True, True]
    assert {each.key for each in found[2:]} == {"b>c", "b.normal"}
