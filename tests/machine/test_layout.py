from __future__ import annotations

import torch
from torch import nn

from uxnet_compiler.machine.layout import channels_last, channels_last_


def test_channels_are_innermost_and_values_stay() -> None:
    image = torch.randn(2, 3, 4, 5, 6)

    turned = channels_last(image, 3)

    assert turned.stride(1) == 1
    assert torch.equal(turned, image)


def test_the_weights_of_convolutions_alone_are_turned() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    before = {name: value.clone() for name, value in network.state_dict().items()}

    channels_last_(network, 2)

    weight = network[0].weight
    assert isinstance(weight, torch.Tensor)
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
