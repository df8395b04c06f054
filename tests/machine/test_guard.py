from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from uxnet_compiler.machine.guard import guard, is_unsafe


@pytest.mark.parametrize(
    ("kernel", "shape", "unsafe"),
    [
        ((3, 3, 3), (4, 4, 4), False),
        ((5, 5, 5), (4, 6, 6), True),
        ((5, 5, 5), (5, 5, 5), False),
        ((1, 1, 1), (1, 1, 1), False),
        ((1, 3, 3), (1, 8, 8), False),
        ((1, 3, 3), (1, 8, 2), True),
    ],
)
def test_a_kernel_longer_than_the_image_is_unsafe(
    kernel: tuple[int, ...], shape: tuple[int, ...], unsafe: bool
) -> None:
    assert is_unsafe(kernel, shape) is unsafe


@given(st.lists(st.integers(1, 9), min_size=2, max_size=3), st.integers(9, 64))
def test_no_kernel_is_unsafe_on_an_image_that_holds_it(kernel: list[int], size: int) -> None:
    assert not is_unsafe(kernel, [size] * len(kernel))


def test_a_guarded_layer_computes_in_float32_only_where_it_must() -> None:
    network = nn.Sequential(nn.Conv3d(2, 2, 5, padding=2))
    guard(network)

    with torch.autocast("cpu", torch.bfloat16):
        small, large = network(torch.ones(1, 2, 4, 8, 8)), network(torch.ones(1, 2, 8, 8, 8))

    assert (small.dtype, large.dtype) == (torch.float32, torch.bfloat16)


def test_guarded_gradients_are_right_on_a_small_image() -> None:
    torch.manual_seed(0)
    layer = nn.Conv3d(16, 16, 5, padding=2)
    image = torch.randn(2, 16, 4, 4, 4)
    torch.autograd.backward(layer(image).square().sum())
    exact, layer.weight.grad = layer.weight.grad, None
    guard(layer)

    with torch.autocast("cpu", torch.bfloat16):
        loss = layer(image).square().sum()
    torch.autograd.backward(loss)

    assert exact is not None
    assert layer.weight.grad is not None
    torch.testing.assert_close(layer.weight.grad, exact)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dims", [2, 3])
def test_a_guarded_layer_means_the_same_on_an_image_shorter_than_its_kernel(
    dims: int, stride: int
) -> None:
    torch.manual_seed(0)
    kind = nn.Conv2d if dims == 2 else nn.Conv3d
    kernel, padding, dilation = (3, 7, 5)[:dims], (1, 6, 2)[:dims], (1, 2, 1)[:dims]
    layer = kind(4, 6, kernel, stride=stride, padding=padding, dilation=dilation, groups=2)  # type: ignore[arg-type]  # as many numbers as axes
    image = torch.randn(2, 4, *(2, 5, 3)[:dims])
    # torch computes in float64 by other kernels, which are right.
    exact = layer.double()(image.double()).float()

    guard(layer.float())

    torch.testing.assert_close(layer(image), exact)


def test_guarding_changes_neither_names_nor_values() -> None:
    plain = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1))
    image = torch.randn(1, 2, 8, 8)
    before, names = plain(image), list(plain.state_dict())

    guard(plain)

    assert list(plain.state_dict()) == names
    assert torch.equal(plain(image), before)
