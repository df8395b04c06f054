"""The price of a relaxed network is that of the one network its weights may mean."""

from __future__ import annotations

from statistics import fmean

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import genotypes

from uxnet_compiler.analysis import cost
from uxnet_compiler.lowering import lower
from uxnet_compiler.schema import Genotype, Limits
from uxnet_compiler.search.budget.penalty import MARGIN, Budget, hinge
from uxnet_compiler.search.budget.prices import FIXED, slot_prices
from uxnet_compiler.search.relaxation import Relaxation
from uxnet_compiler.search.supernet import Weights, all_open, one_hot
from uxnet_compiler.spaces.uxnet import UXNET, UXNetOptions, space

FRAME = space(UXNetOptions(widths=(4, 8, 8), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2))))
SIZE = (16, 16, 16)
PRICES = slot_prices(FRAME, SIZE)


def budget(cost_pressure: float = 0.0, **values: float) -> Budget:
    limits = Limits.model_validate({"size": SIZE} | values) if values else None
    return Budget(FRAME, PRICES, limits, cost_pressure)


def relaxed() -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor], Weights]:
    """Return parameters of even preferences and half-open gates, and the weights they make."""
    alphas = {n: torch.zeros(len(c), requires_grad=True) for n, c in FRAME.choices.items()}
    gates = {key: torch.tensor(0.5, requires_grad=True) for key in FRAME.gates}
    choices = {
        name: dict(zip(candidates, torch.softmax(alphas[name], 0).unbind(), strict=True))
        for name, candidates in FRAME.choices.items()
    }
    return alphas, gates, Weights(choices, gates)


@settings(max_examples=25)
@given(genotypes(max_levels=3))
def test_weights_of_zero_and_one_cost_what_their_network_costs(genotype: Genotype) -> None:
    assert genotype.space is not None
    assert genotype.space.tau is not None
    assert genotype.evidence is not None
    frame = UXNET.space(genotype.space)
    size = tuple(
        2 * s for s in frame.select({n: c[0] for n, c in frame.choices.items()}, ()).total_stride
    )
    found = UXNET.read(frame, genotype.evidence, genotype.space.tau)

    expected = Budget(frame, slot_prices(frame, size)).expected(
        one_hot(frame, found.chosen, found.kept)
    )

    real = cost(lower(genotype.architecture), size)
    assert float(expected["params"]) == real.params
    assert float(expected["macs"]) == pytest.approx(real.macs, rel=1e-6)  # sums in float32


def test_well_within_its_limits_a_network_is_not_pressed_at_all() -> None:
    alphas, gates, weights = relaxed()
    spent = {name: value.item() for name, value in budget().expected(weights).items()}
    generous = budget(macs=int(2 * spent["macs"]), params=int(2 * spent["params"]))

    penalty = generous.penalty(weights)
    torch.autograd.backward(penalty)

    assert penalty.item() == 0.0
    assert all(float(gate.grad or 0.0) == 0.0 for gate in gates.values())
    assert all(alpha.grad is None or not alpha.grad.any() for alpha in alphas.values())


def test_an_exceeded_limit_pushes_the_expensive_candidate_down_most() -> None:
    alphas, gates, weights = relaxed()
    spent = budget().expected(weights)
    tight = budget(macs=int(spent["macs"].item() / 3))

    penalty = tight.penalty(weights)
    torch.autograd.backward(penalty)

    # Three times the limit: (3 - 1) and half the margin.
    assert penalty.item() == pytest.approx(2 + MARGIN / 2, rel=1e-5)
    slope = alphas["n0_0.normal"].grad
    assert slope is not None
    by_name = dict(zip(FRAME.choices["n0_0.normal"], slope.tolist(), strict=True))
    prices = {name: price.macs for name, price in PRICES["n0_0"].items()}
    assert sorted(by_name, key=by_name.__getitem__) == sorted(prices, key=prices.__getitem__)
    assert by_name["conv5"] > 0 > by_name["conv3_flat"]
    assert all(gate.grad is not None and gate.grad >= 0 for gate in gates.values())


def test_with_cost_pressure_an_edge_pays_its_own_price() -> None:
    _, gates, weights = relaxed()

    torch.autograd.backward(budget(cost_pressure=1.0).penalty(weights))

    # Both lead from the same node to nodes of one stage: through a pooling and a 1x1x1
    # convolution of 8 channels, or through nothing at all.
    paid = {key: float(gate.grad or 0.0) for key, gate in gates.items()}
    assert min(paid.values()) > 0
    spent = budget().expected(weights)["macs"]
    everything = budget().expected(all_open(FRAME))["macs"]
    assert budget(cost_pressure=2.0).penalty(weights).item() == pytest.approx(
        2 * (spent / everything).item(), rel=1e-5
    )


def test_all_limits_are_priced_and_fall_as_gates_close() -> None:
    relaxation = Relaxation(FRAME, "plain", 0)
    limits = {"params": 1, "macs": 1, "memory_bytes": 1, "training_bytes": 1}
    meter = budget(**limits)

    with torch.no_grad():
        half = meter.expected(relaxation.weights())
        relaxation.beta.fill_(-4.0)
        shut = meter.expected(relaxation.weights())
        whole = meter.expected(all_open(FRAME))

    for name in limits:
        assert 0 < float(shut[name]) < float(half[name]) < float(whole[name])


@given(st.floats(0, 10), st.floats(0, 10))
def test_the_penalty_rises_smoothly_with_the_excess(a: float, b: float) -> None:
    low, high = sorted((a, b))

    first, second = (float(hinge(torch.tensor(r, dtype=torch.float64))) for r in (low, high))

    assert 0 <= first <= second
    assert second - first <= high - low + 1e-12  # the slope is at most one
    assert high > 1 - MARGIN or second == 0
    assert low <= 1 or second - first == pytest.approx(high - low, abs=1e-9)


def test_the_share_of_the_work_is_half_arithmetic_and_half_memory() -> None:
    first = {choice: names[0] for choice, names in FRAME.choices.items()}
    slots = {node.id: node.slot for node in FRAME.nodes} | {e.key: e.slot for e in FRAME.edges}
    macs = maps = open_macs = open_maps = 0.0
    for name, by_candidate in PRICES.items():
        choice = slots[name].choice
        taken = by_candidate[first[choice] if choice is not None else FIXED]
        macs, maps = macs + taken.macs, maps + taken.map_bytes
        open_macs += fmean(price.macs for price in by_candidate.values())
        open_maps += fmean(price.map_bytes for price in by_candidate.values())
    assert budget().share(all_open(FRAME)) == pytest.approx(1.0)
    assert budget().share(one_hot(FRAME, first, frozenset(FRAME.gates))) == pytest.approx(
        (macs / open_macs + maps / open_maps) / 2, rel=1e-5
    )
