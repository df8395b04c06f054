"""Edges and ops are kept for what the supernet loses without them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.perturbation import Losses, perturb
from uxnet_compiler.search.supernet import Weights
from uxnet_compiler.spaces import FAMILIES, Space
from uxnet_compiler.spaces.uxnet import UXNetOptions, space

TAU = 0.75
PATCHES = 16
FRAME = space(UXNetOptions(widths=(4, 8, 16), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2))))


class Stub:
    """A supernet whose loss is 1 plus what each missing edge and each op alone adds.

    Attributes:
        calls: Mixtures that were asked for.
    """

    def __init__(
        self, edges: dict[str, float], ops: dict[tuple[str, str], float], noise: float = 0.0
    ) -> None:
        self.edges = edges
        self.ops = ops
        self.noise = noise
        self.calls: list[Weights] = []

    def __call__(
        self, base: Weights, variants: Sequence[Weights], told: Callable[[float], None]
    ) -> NDArray[np.float64]:
        told(1.0)
        return np.array([self._one(weights) for weights in (base, *variants)])

    def _one(self, weights: Weights) -> NDArray[np.float64]:
        loss = 1.0
        patches = np.linspace(-1, 1, PATCHES)
        spread = 0.0
        for key, gate in weights.gates.items():
            if gate == 0.0:
                loss += self.edges.get(key, 0.0)
                spread += self.noise
        for choice, candidates in weights.choices.items():
            for name, weight in candidates.items():
                if weight == 1.0:
                    loss += self.ops.get((choice, name), 0.0)
        self.calls.append(weights)
        return loss + spread * patches


def measured(frame: Space, losses: Losses, before: Evidence | None = None) -> Evidence:
    before = before or learned(frame)
    return perturb(frame, losses, before, tau=TAU).evidence(before)


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
    found = measured(FRAME, Stub(worth, {}, noise=0.01))
    assert found.gates["n0_1>n1_0"] > 0.99
    assert found.gates["n0_2>n1_0"] < 0.1


def test_an_edge_of_which_the_patches_say_different_things_is_not_kept() -> None:
    worth = {"n0_0>n1_0": 0.3, "n0_1>n1_0": 0.02}
    found = measured(FRAME, Stub(worth, {}, noise=1.0))
    assert 0.4 < found.gates["n0_1>n1_0"] < TAU


def test_the_edge_that_is_missed_most_stays_open_into_every_node() -> None:
    found = measured(FRAME, Stub({"n0_1>n1_1": 1e-4}, {}))
    assert found.gates["n0_1>n1_1"] == 1.0
    assert {key.partition(">")[2] for key, gate in found.gates.items() if gate == 1.0} == {
        key.partition(">")[2] for key in FRAME.gates
    }


def test_the_last_way_to_the_output_is_never_taken_out() -> None:
    stub = Stub({}, {})
    frame = space(UXNetOptions(widths=(4, 8), strides=((1, 1, 1), (2, 2, 2))))
    perturb(frame, stub, learned(frame), tau=TAU)
    for weights in stub.calls:
        kept = {key for key, gate in weights.gates.items() if gate != 0.0}
        first = {choice: names[0] for choice, names in frame.choices.items()}
        living = {edge.target for edge in frame.select(first, kept).edges}
        assert "output" in living
        assert kept & {"n0_0>n1_0", "n0_1>n1_0"}


def test_the_candidate_that_does_best_alone_is_preferred() -> None:
    ops = {("n0_0.normal", name): 0.1 for name in FRAME.choices["n0_0.normal"]}
    ops["n0_0.normal", "conv5"] = 0.01
    found = measured(FRAME, Stub({}, ops))
    weights = found.choices["n0_0.normal"]
    assert max(weights, key=weights.__getitem__) == "conv5"
    assert weights["conv5"] == pytest.approx(np.exp(0.09 / 0.05) * weights["conv3"], rel=1e-3)
    assert sum(weights.values()) == pytest.approx(1.0, abs=1e-5)


def test_choices_of_parts_that_are_gone_keep_what_was_learned() -> None:
    # Only the way that stays on level 0 is missed: nothing deeper reaches the output.
    stay = {"n0_0>n1_0": 0.5, "n1_0>n2_0": 0.5}
    before = learned(FRAME)
    found = measured(FRAME, Stub(stay, {("n0_2.normal", "conv5"): -0.5}), before)
    assert found.choices["n0_2.normal"] == before.choices["n0_2.normal"]
    assert found.choices["n0_0.normal"].keys() == before.choices["n0_0.normal"].keys()


@given(st.lists(st.floats(0, 0.5), min_size=len(FRAME.gates), max_size=len(FRAME.gates)))
def test_what_is_measured_connects_image_and_logits_without_repair(worth: list[float]) -> None:
    stub = Stub(dict(zip(FRAME.gates, worth, strict=True)), {})
    evidence = measured(FRAME, stub)
    genotype = FAMILIES["uxnet"].genotype(FRAME, evidence, name="measured", tau=TAU)
    assert genotype.provenance.repaired == ()
