"""A network is made ready for a machine, and stays the network that it was."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from uxnet_compiler.machine.layout import channels_last, is_channels_last
from uxnet_compiler.machine.prepare import prepare


@pytest.mark.parametrize("is_last", [False, True])
def test_a_prepared_network_computes_the_same_in_the_order_that_is_asked_for(is_last: bool) -> None:
    torch.manual_seed(0)
    conv = nn.Conv3d(2, 4, 3, padding=1)
    network = nn.Sequential(conv, nn.InstanceNorm3d(4, affine=True))
    image = torch.randn(2, 2, 6, 6, 6)
    expected, names = network(image), list(network.state_dict())

    prepare(network, 3, is_last=is_last)

    found = network(channels_last(image, 3) if is_last else image)
    assert torch.allclose(found, expected, atol=1e-5)
    assert list(network.state_dict()) == names
    assert is_channels_last(conv.weight) == is_last
    assert is_channels_last(found) == is_last


def test_a_prepared_network_leaves_bfloat16_where_its_kernels_are_not_safe() -> None:
    network = nn.Sequential(nn.Conv3d(2, 4, 5, padding=2))
    prepare(network, 3, is_last=True)

    with torch.autocast("cpu", torch.bfloat16):
        small, large = (network(torch.randn(1, 2, n, n, n)) for n in (3, 8))

    assert small.dtype == torch.float32
    assert large.dtype == torch.bfloat16
