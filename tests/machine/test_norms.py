"""Instance norms with channels last compute the same as torch's with channels first."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from uxnet_compiler.machine.layout import channels_last, channels_last_, is_channels_last
from uxnet_compiler.machine.norms import instance_norm, quick_norms

EPS = 1e-3
SIZE = (6, 4, 5)
LAYERS = {
    2: (nn.Conv2d, nn.InstanceNorm2d),
    3: (nn.Conv3d, nn.InstanceNorm3d),
}


def made(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def gradients(out: Tensor, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    """Return gradients for a gradient that comes in the order that the result has."""
    wanted = made(tuple(out.shape), seed=9).to(out.dtype)
    if is_channels_last(out):
        wanted = channels_last(wanted, out.dim() - 2)
    return torch.autograd.grad(out, inputs, wanted)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("images", [1, 2, 3])
@pytest.mark.parametrize("is_last", [False, True])
def test_norm_and_gradients_are_torchs_and_the_order_stays(
    dims: int, images: int, is_last: bool
) -> None:
    image = made((images, 3, *SIZE[:dims])) + 2
    weight, bias = made((3,), 1).requires_grad_(), made((3,), 2).requires_grad_()
    plain = image.clone().requires_grad_()
    expected = functional.instance_norm(plain, weight=weight, bias=bias, eps=EPS)
    ordered = (channels_last(image, dims) if is_last else image).clone().requires_grad_()

    found = instance_norm(ordered, weight, bias, EPS)

    assert is_channels_last(found) == is_last
    assert torch.allclose(found, expected, atol=1e-12)
    ours = gradients(found, [ordered, weight, bias])
    theirs = gradients(expected, [plain, weight, bias])
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=1e-12)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("images", [1, 2])
@pytest.mark.parametrize("is_last", [False, True])
def test_a_gradient_may_come_in_the_other_order(dims: int, images: int, is_last: bool) -> None:
    image = made((images, 3, *SIZE[:dims]))
    weight, bias = made((3,), 1).requires_grad_(), made((3,), 2).requires_grad_()
    ordered = (channels_last(image, dims) if is_last else image).clone().requires_grad_()
    out = instance_norm(ordered, weight, bias, EPS)
    gradient = made(tuple(out.shape), 3)
    other = gradient if is_last else channels_last(gradient, dims)

    ours = torch.autograd.grad(out, [ordered, weight, bias], other)

    plain = image.clone().requires_grad_()
    expected = functional.instance_norm(plain, weight=weight, bias=bias, eps=EPS)
    theirs = torch.autograd.grad(expected, [plain, weight, bias], gradient)
    for one, two in zip(ours, theirs, strict=True):
        assert torch.allclose(one, two, atol=1e-12)


def test_norm_without_weights_has_gradients_too() -> None:
    image = channels_last(made((2, 3, *SIZE)), 3).requires_grad_()
    plain = image.detach().contiguous().requires_grad_()

    found = instance_norm(image, None, None, EPS)
    expected = functional.instance_norm(plain, eps=EPS)

    assert torch.allclose(found, expected, atol=1e-12)
    (ours,), (theirs,) = gradients(found, [image]), gradients(expected, [plain])
    assert torch.allclose(ours, theirs, atol=1e-12)


def test_bfloat16_has_the_statistics_of_float32() -> None:
    image = channels_last(made((2, 4, 16, 16, 16)).bfloat16() + 3, 3)
    weight, bias = torch.ones(4), torch.zeros(4)
    asked = image.clone().requires_grad_()

    found = instance_norm(asked, weight, bias, EPS)

    exact = functional.instance_norm(image.contiguous().double(), eps=EPS)
    assert found.dtype == torch.bfloat16
    assert (found.double() - exact).norm() < 3e-3 * exact.norm()  # 8 bits
    (gradient,) = gradients(found, [asked])
    plain = image.contiguous().double().requires_grad_()
    (wanted,) = gradients(functional.instance_norm(plain, eps=EPS), [plain])
    assert gradient.dtype == torch.bfloat16
    assert (gradient.double() - wanted).norm() < 6e-3 * wanted.norm()  # three roundings


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("images", [1, 2])
def test_layers_behind_a_norm_train_alike_in_both_orders(dims: int, images: int) -> None:
    """torch's own norm fails for one image in two dimensions: its gradient is misread."""
    conv, norm = LAYERS[dims]
    network = nn.Sequential(
        conv(2, 4, 3, padding=1), norm(4, affine=True), conv(4, 3, 3, padding=1)
    ).double()
    quick_norms(network)
    image = made((images, 2, *SIZE[:dims]))
    weights = list(network.parameters())
    expected = torch.autograd.grad(network(image).square().sum(), weights)

    channels_last_(network, dims)
    found = torch.autograd.grad(network(channels_last(image, dims)).square().sum(), weights)

    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other, atol=1e-9)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("affine", [True, False])
def test_quick_norms_predict_the_same_under_the_same_names(dims: int, affine: bool) -> None:
    _, kind = LAYERS[dims]
    norm = kind(3, eps=EPS, affine=affine).double()
    for seed, parameter in enumerate(norm.parameters()):
        parameter.data = made(tuple(parameter.shape), seed)
    image = made((2, 3, *SIZE[:dims]))
    network = nn.Sequential(nn.Identity(), norm)
    expected = network(image)
    names = list(network.state_dict())

    quick_norms(network)

    with torch.no_grad():
        assert torch.allclose(network(image), expected, atol=1e-12)
    assert list(network.state_dict()) == names
