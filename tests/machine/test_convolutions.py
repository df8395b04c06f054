"""Convolutions of one volume mean the same as those of several."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from uxnet_compiler.machine.convolutions import quick_convolutions
from uxnet_compiler.machine.layout import channels_last, channels_last_

ONEDNN = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]  # torch has no type


def a_layer(**options: int | tuple[int, ...]) -> nn.Conv3d:
    torch.manual_seed(0)
    return nn.Conv3d(4, 6, **{"kernel_size": 3, "padding": 1} | options)  # type: ignore[arg-type]  # options by name


def kernels(layer: nn.Module, image: Tensor) -> set[str]:
    """Return the names of the operators that torch calls."""
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        layer(image)
    return {event.key for event in seen.key_averages()}


@pytest.mark.parametrize("is_last", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bias": 0},
        {"stride": 2},
        {"stride": (1, 2, 2), "kernel_size": (1, 3, 3), "padding": (0, 1, 1)},
        {"dilation": 2, "padding": 2},
        {"groups": 2},
    ],
    ids=str,
)
def test_output_and_gradients_are_those_of_torch_in_float64(
    options: dict[str, int | tuple[int, ...]], is_last: bool
) -> None:
    exact, layer = a_layer(**options).double(), a_layer(**options)
    image = torch.randn(1, 4, 6, 7, 8)
    expected = exact(image.double())
    torch.autograd.backward(expected.square().sum())
    if is_last:
        channels_last_(layer, 3)
        image = channels_last(image, 3)

    quick_convolutions(layer)
    made = layer(image)
    torch.autograd.backward(made.square().sum())

    torch.testing.assert_close(made, expected.float())
    for found, wanted in zip(layer.parameters(), exact.parameters(), strict=True):
        assert wanted.grad is not None
        torch.testing.assert_close(found.grad, wanted.grad.float(), check_stride=False)


@pytest.mark.skipif(not ONEDNN, reason="torch has no oneDNN here")
def test_one_small_volume_takes_the_kernels_that_several_take() -> None:
    layer, image = a_layer(), torch.randn(1, 4, 8, 8, 8)
    assert "aten::slow_conv3d_forward" in kernels(layer, image)
    assert "aten::mkldnn_convolution" in kernels(layer, image.expand(2, -1, -1, -1, -1))

    quick_convolutions(layer)

    assert "aten::mkldnn_convolution" in kernels(layer, image)


def test_what_is_not_one_volume_in_float32_is_left_to_torch() -> None:
    plain, quick = a_layer(), a_layer()
    quick_convolutions(quick)
    image = torch.randn(1, 4, 8, 8, 8)

    for other in (image.expand(2, -1, -1, -1, -1), image[0]):
        assert torch.equal(quick(other), plain(other))
    with torch.autocast("cpu", torch.bfloat16):
        assert quick(image).dtype == torch.bfloat16
    assert quick.double()(image.double()).dtype == torch.float64


def test_names_of_weights_stay() -> None:
    network = nn.Sequential(a_layer(), nn.Conv3d(6, 6, 1))
    names = list(network.state_dict())

    quick_convolutions(network)

    assert list(network.state_dict()) == names
