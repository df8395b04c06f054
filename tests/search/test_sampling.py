from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from uxnet_compiler.schema import INPUT, OUTPUT
from uxnet_compiler.search.sampling import Sampled, TwoPath
from uxnet_compiler.search.supernet import Weights
from uxnet_compiler.spaces.uxnet import UXNetOptions, space

FRAME = space(UXNetOptions(widths=(2,) * 3, strides=((1,) * 3, *((2,) * 3,) * 2)))


def spread(relaxation: Sampled | TwoPath, seed: int) -> None:
    with torch.no_grad():
        for p in relaxation.parameters():
            p.normal_(0, 2, generator=torch.Generator().manual_seed(seed))


def reached(weights: Weights) -> set[str]:
    found = {INPUT}
    for node in [*(node.id for node in FRAME.nodes), OUTPUT]:
        for edge in FRAME.edges:
            is_open = not edge.gated or weights.gates[edge.key] != 0.0
            if edge.target == node and edge.source in found and is_open:
                found.add(node)
    return found


@settings(max_examples=25)
@given(st.integers(0, 2**16), st.floats(0, 1), st.booleans())
def test_every_draw_connects_the_input_to_every_node(
    seed: int, progress: float, searching: bool
) -> None:
    relaxation = Sampled(FRAME, "relative", seed)
    spread(relaxation, seed)

    weights = relaxation.draw(progress, searching=searching)

    assert reached(weights) == {INPUT, OUTPUT, *(node.id for node in FRAME.nodes)}


@settings(max_examples=25)
@given(st.sampled_from((Sampled, TwoPath)), st.integers(0, 2**16), st.booleans())
def test_the_weights_of_every_choice_add_up_to_one(
    kind: type[Sampled | TwoPath], seed: int, searching: bool
) -> None:
    relaxation = kind(FRAME, "relative", seed)
    spread(relaxation, seed)

    weights = relaxation.draw(0.5, searching=searching)

    paths = 1 if kind is Sampled else 2
    for each in weights.choices.values():
        assert sum(float(torch.as_tensor(w).detach()) for w in each.values()) == pytest.approx(1)
        assert sum(not isinstance(w, float) or w > 0 for w in each.values()) == paths


def test_on_a_linear_loss_the_sampled_gradient_is_right_on_average() -> None:
    torch.manual_seed(0)
    relaxation = Sampled(FRAME, "plain", 0)
    spread(relaxation, 1)
    name, candidates = next(iter(FRAME.choices.items()))
    costs = torch.linspace(-1, 2, len(candidates))
    alpha = relaxation.alphas[0]
    prices = torch.linspace(1, 3, len(FRAME.gates))
    temperature = 5.0 * 0.1**0.5
    p = torch.softmax(alpha.detach() / temperature, 0)
    exact = p * (costs - (p * costs).sum()) / temperature
    s = torch.sigmoid(relaxation.beta.detach())
    exact_beta = prices * s * (1 - s)
    for group in relaxation.groups:
        exact_beta[group[int(s[group].argmax())]] = 0.0  # always open: nothing to gain

    draws, total, total_beta = 1500, torch.zeros_like(alpha), torch.zeros_like(exact_beta)
    for _ in range(draws):
        weights = relaxation.draw(0.5, searching=True)
        loss = torch.zeros(())
        for candidate, cost in zip(candidates, costs, strict=True):
            loss = loss + weights.choices[name][candidate] * cost
        for key, price in zip(FRAME.gates, prices, strict=True):
            loss = loss + weights.gates[key] * price
        # A draw may open the strongest edges alone, and then it says nothing about the gates.
        a, b = torch.autograd.grad(
            loss, [alpha, relaxation.beta], allow_unused=True, materialize_grads=True
        )
        total += a / draws
        total_beta += b / draws

    # Four standard errors of 1500 draws; a gradient without the division is off by far more.
    assert (total - exact).abs().max() < 0.06
    assert ((total_beta - exact_beta).abs() / prices).max() < 0.06


@pytest.mark.parametrize("kind", [Sampled, TwoPath])
def test_a_restored_relaxation_makes_the_same_draws(kind: type[Sampled | TwoPath]) -> None:
    one, two = kind(FRAME, "relative", 0), kind(FRAME, "relative", 1)
    for _ in range(3):
        one.draw(0.3, searching=True)

    two.restore(one.state())

    for searching in (True, False):
        a, b = one.draw(0.4, searching=searching), two.draw(0.4, searching=searching)
        assert a.gates == b.gates
        assert a.choices == b.choices
