"""Edges and ops are kept for what the supernet loses without them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.measurement import (
    TOLERANCE,
    Measurement,
    Missed,
    chance,
    gates,
    unsure,
)
from uxnet_compiler.search.perturbation import (
    Change,
    Losses,
    Work,
    living,
    measure_edges,
    measure_edges_again,
    measure_ops,
)
from uxnet_compiler.search.supernet import Weights, one_hot
from uxnet_compiler.spaces import FAMILIES, Space
from uxnet_compiler.spaces.uxnet import UXNetOptions, space

TAU, PRICE = 0.75, 0.5
PATCHES = 16
FRAME = space(UXNetOptions(widths=(4, 8, 16), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2))))


class Stub:
    """A supernet whose loss is 1 plus what each missing edge and each op alone adds.

    Attributes:
        pairs: What edges add that stand in for each other, when both are missing.
        calls: Mixtures that were asked for.
    """

    def __init__(
        self,
        edges: dict[str, float],
        ops: dict[tuple[str, str], float],
        noise: float = 0.0,
        pairs: dict[tuple[str, str], float] | None = None,
    ) -> None:
        self.edges = edges
        self.ops = ops
        self.noise = noise
        self.pairs = pairs or {}
        self.calls: list[Weights] = []

    def __call__(
        self, bases: Sequence[Weights], changes: Sequence[Change], told: Callable[[float], None]
    ) -> NDArray[np.float64]:
        told(1.0)
        (base,) = bases
        return np.array([self._one(weights) for weights in (base, *(do(base) for do in changes))])

    def _one(self, weights: Weights) -> NDArray[np.float64]:
        loss = 1.0
        patches = np.linspace(-1, 1, PATCHES)
        spread = 0.0
        for key, gate in weights.gates.items():
            if gate == 0.0:
                loss += self.edges.get(key, 0.0)
                spread += self.noise
        loss += sum(
            added
            for (one, other), added in self.pairs.items()
            if weights.gates[one] == weights.gates[other] == 0.0
        )
        for choice, candidates in weights.choices.items():
            for name, weight in candidates.items():
                if weight == 1.0 and (choice, name) in self.ops:
                    loss += self.ops[choice, name]
                    spread += self.noise
        self.calls.append(weights)
        return loss + spread * patches


def free(_: Weights) -> float:
    return 0.0


def gates_of(losses: Losses, work: Work = free) -> dict[str, float]:
    loss, edges = measure_edges(FRAME, losses, learned(FRAME), work)
    return gates(edges, loss, PRICE)


def asked_again(losses: Losses, work: Work = free) -> dict[str, Missed]:
    loss, edges = measure_edges(FRAME, losses, learned(FRAME), work)
    return measure_edges_again(
        unsure(edges, loss, PRICE, TAU),
        lambda missed: chance(missed, loss, PRICE) >= TAU,
        losses,
        learned(FRAME),
        work,
    )


def preferences(
    losses: Losses, kept: Collection[str] = FRAME.gates, work: Work = free
) -> Mapping[str, Mapping[str, float]]:
    first = {choice: names[0] for choice, names in FRAME.choices.items()}
    context = one_hot(FRAME, first, frozenset(kept))
    tried = {choice: FRAME.choices[choice] for choice in FRAME.chosen(living(FRAME, kept))}
    alone, candidates = measure_ops(FRAME, losses, [context], tried, work)
    found = Measurement(
        price=PRICE,
        patches=PATCHES,
        loss=1.0,
        edges={},
        again={},
        adapted=0,
        dice=1.0,
        alone=alone,
        candidates=candidates,
    )
    return found.evidence(learned(FRAME)).choices


def picked(weights: Mapping[str, float]) -> str:
    return max(weights, key=weights.__getitem__)


def learned(frame: Space) -> Evidence:
    """Return evidence that prefers nothing, with every gate half open."""
    return Evidence(
        gates=dict.fromkeys(frame.gates, 0.5),
        choices={
            choice: {name: round(1 / len(names), 6) for name in names}
            for choice, names in frame.choices.items()
        },
    )


def test_an_edge_that_is_missed_stays_and_one_that_is_not_goes() -> None:
    worth = {"n0_0>n1_0": 0.3, "n0_1>n1_0": 0.1, "n0_2>n1_0": 0.0}
    found = gates_of(Stub(worth, {}, noise=0.001))
    assert found["n0_1>n1_0"] > 0.99
    assert found["n0_2>n1_0"] < 0.1


def test_an_edge_of_which_the_patches_say_different_things_is_not_kept() -> None:
    worth = {"n0_0>n1_0": 0.3, "n0_1>n1_0": 0.02}
    found = gates_of(Stub(worth, {}, noise=1.0))
    assert 0.4 < found["n0_1>n1_0"] < TAU


def test_an_edge_has_to_be_worth_what_it_takes() -> None:
    worth = {"n0_0>n1_0": 0.3, "n0_1>n1_0": 0.05, "n0_2>n1_0": 0.05}

    def work(weights: Weights) -> float:
        return 0.2 * float(weights.gates["n0_1>n1_0"])

    found = gates_of(Stub(worth, {}, noise=0.01), work)
    assert found["n0_1>n1_0"] < 0.01
    assert found["n0_2>n1_0"] > 0.99


def test_the_edge_that_is_missed_most_stays_open_into_every_node() -> None:
    found = gates_of(Stub({"n0_1>n1_1": 1e-4}, {}))
    assert found["n0_1>n1_1"] == 1.0
    assert {key.partition(">")[2] for key, gate in found.items() if gate == 1.0} == {
        key.partition(">")[2] for key in FRAME.gates
    }


def test_of_edges_that_stand_in_for_each_other_the_one_that_is_asked_last_stays() -> None:
    both = ("n0_1>n1_0", "n0_2>n1_0")
    worth = {"n0_0>n1_0": 0.3, "n0_1>n1_0": 0.001}
    again = asked_again(Stub(worth, {}, noise=1e-5, pairs={both: 0.2}))
    assert again["n0_2>n1_0"].mean == pytest.approx(0.0)
    assert again["n0_1>n1_0"].mean == pytest.approx(0.201)
    assert list(again).index("n0_2>n1_0") < list(again).index("n0_1>n1_0")


def test_edges_that_are_sure_to_stay_are_not_asked_again() -> None:
    worth = dict.fromkeys(FRAME.gates, 0.3)
    stub = Stub(worth, {}, noise=0.01)
    assert asked_again(stub) == {}
    assert len(stub.calls) == 1 + len(FRAME.gates)


def test_the_last_way_out_of_a_node_has_to_be_worth_all_that_dies_with_it() -> None:
    worth = dict.fromkeys(FRAME.gates, 0.3) | {"n0_2>n1_0": 0.0, "n0_2>n1_1": 0.001}

    def work(weights: Weights) -> float:
        kept = {key for key, gate in weights.gates.items() if gate}
        return 0.1 * any(edge.source == "n0_2" for edge in living(FRAME, kept).edges)

    again = asked_again(Stub(worth, {}, noise=1e-4), work)
    assert {key: missed.work for key, missed in again.items()} == {
        "n0_2>n1_0": 0.0,
        "n0_2>n1_1": 0.1,
    }


@given(
    st.lists(st.floats(0, 0.01), min_size=len(FRAME.gates), max_size=len(FRAME.gates)),
    st.dictionaries(
        st.tuples(st.sampled_from(FRAME.gates), st.sampled_from(FRAME.gates)), st.floats(0, 0.1)
    ),
)
def test_what_goes_costs_together_what_was_measured_for_each(
    worth: list[float], pairs: dict[tuple[str, str], float]
) -> None:
    stub = Stub(dict(zip(FRAME.gates, worth, strict=True)), {}, pairs=pairs)
    again = asked_again(stub)
    gone = {key: each for key, each in again.items() if chance(each, 1.0, PRICE) < TAU}
    mixed = dict.fromkeys(FRAME.gates, 0.5) | dict.fromkeys(gone, 0.0)
    (loss,) = stub([Weights(learned(FRAME).choices, mixed)], [], lambda _: None)
    assert sum(each.mean for each in gone.values()) == pytest.approx(loss.mean() - 1.0, abs=1e-4)
    assert all(each.mean <= TOLERANCE for each in gone.values())


def test_the_last_way_to_the_output_is_never_taken_out() -> None:
    stub = Stub({}, {})
    frame = space(UXNetOptions(widths=(4, 8), strides=((1, 1, 1), (2, 2, 2))))
    measure_edges(frame, stub, learned(frame), free)
    for weights in stub.calls:
        kept = {key for key, gate in weights.gates.items() if gate != 0.0}
        first = {choice: names[0] for choice, names in frame.choices.items()}
        reached = {edge.target for edge in frame.select(first, kept).edges}
        assert "output" in reached
        assert kept & {"n0_0>n1_0", "n0_1>n1_0"}


def test_the_candidate_that_does_best_is_preferred() -> None:
    ops = {("n0_0.normal", name): 0.1 for name in FRAME.choices["n0_0.normal"]}
    ops["n0_0.normal", "conv5"] = 0.01
    weights = preferences(Stub({}, ops))["n0_0.normal"]
    assert picked(weights) == "conv5"
    assert weights["conv5"] == pytest.approx(
        np.exp(0.09 / (0.05 * 1.1)) * weights["conv3"], rel=1e-3
    )
    assert sum(weights.values()) == pytest.approx(1.0, abs=1e-5)


def test_a_candidate_has_to_be_worth_what_it_takes_beyond_the_reference() -> None:
    ops = {("n0_0.normal", name): 0.02 for name in FRAME.choices["n0_0.normal"]}
    ops["n0_0.normal", "conv5"] = 0.0

    def work(weights: Weights) -> float:
        taken = weights.choices["n0_0.normal"]
        return 0.1 + 0.08 * float(taken["conv5"]) - 0.1 * float(taken["conv3"])

    weights = preferences(Stub({}, ops), work=work)["n0_0.normal"]
    lead = PRICE * 0.08 - 0.02 / 1.02
    assert weights["conv3_twice"] == pytest.approx(np.exp(lead / 0.05) * weights["conv5"], 1e-3)
    assert weights["conv3"] == weights["conv3_twice"]  # what takes less is no better for that


def test_the_reference_stays_where_no_candidate_is_better_beyond_doubt() -> None:
    alike = {
        (choice, name): 0.0
        for choice, names in FRAME.choices.items()
        for name in names
        if name != FRAME.references[choice]
    }
    better = {("n0_0.normal", "conv5"): -0.1, ("n0_1.expansion", "linear"): -0.1}
    sure, unsure = (preferences(Stub({}, alike | better, noise)) for noise in (0.1, 0.5))
    assert picked(sure["n0_0.normal"]) == "conv5"
    assert picked(sure["n0_1.expansion"]) == "linear"
    assert {choice: picked(weights) for choice, weights in unsure.items()} == FRAME.references


def test_choices_of_parts_that_are_gone_keep_what_was_learned() -> None:
    # Only the way that stays on level 0 is left.
    ops = {(f"{node}.normal", "conv5"): -0.5 for node in ("n0_0", "n0_2")}
    found = preferences(Stub({}, ops), {"n0_0>n1_0", "n1_0>n2_0"})
    before = learned(FRAME)
    assert found["n0_2.normal"] == before.choices["n0_2.normal"]
    assert found["n0_0.normal"] != before.choices["n0_0.normal"]


@given(st.lists(st.floats(0, 0.5), min_size=len(FRAME.gates), max_size=len(FRAME.gates)))
def test_what_is_measured_connects_image_and_logits_without_repair(worth: list[float]) -> None:
    stub = Stub(dict(zip(FRAME.gates, worth, strict=True)), {})
    evidence = Evidence(gates=gates_of(stub), choices=learned(FRAME).choices)
    genotype = FAMILIES["uxnet"].genotype(FRAME, evidence, name="measured", tau=TAU)
    assert genotype.provenance.repaired == ()
