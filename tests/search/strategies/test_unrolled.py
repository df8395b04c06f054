from __future__ import annotations

import torch
from torch import nn

from uxnet_compiler.search.strategies.unrolled import unrolled_gradients


def test_it_is_the_gradient_through_a_step_of_the_weights() -> None:
    torch.manual_seed(0)
    net = nn.Linear(3, 4).double()
    mix = torch.randn(4, dtype=torch.float64, requires_grad=True)
    x, y = torch.randn(2, 5, 3, dtype=torch.float64).unbind()
    rate = 0.3

    def loss(image: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return ((image @ weight.T + bias).tanh() @ torch.softmax(mix, 0)).square().mean()

    weights = [net.weight, net.bias]
    step = torch.autograd.grad(loss(x, *weights), weights, create_graph=True)
    moved = [w - rate * g for w, g in zip(weights, step, strict=True)]
    exact = torch.autograd.grad(loss(y, *moved), mix)[0]
    first_order = torch.autograd.grad(loss(y, *weights), mix)[0]
    before = [w.detach().clone() for w in weights]

    _, (found,) = unrolled_gradients(
        lambda: loss(x, *weights), lambda: loss(y, *weights), weights, [mix], rate
    )

    # The finite difference is of second order in a step of 0.01.
    assert (found - exact).abs().max() < 1e-4 * exact.abs().max()
    assert (first_order - exact).abs().max() > 1e-2 * exact.abs().max()
    assert all(torch.equal(a, b) for a, b in zip(weights, before, strict=True))
