"""Instance norms that run as group norms compute the same."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from uxnet_compiler.machine.norms import quick_norms


@pytest.mark.parametrize("kind", [nn.InstanceNorm2d, nn.InstanceNorm3d])
@pytest.mark.parametrize("affine", [True, False])
def test_quick_norms_compute_the_same(
    kind: type[nn.InstanceNorm2d | nn.InstanceNorm3d], affine: bool
) -> None:
    generator = torch.Generator().manual_seed(0)
    norm = kind(3, eps=1e-3, affine=affine).double()
    for parameter in norm.parameters():
        nn.init.normal_(parameter, generator=generator)
    image = torch.randn(2, 3, 4, 5, 6, generator=generator, dtype=torch.float64)
    image = image[..., 0] if kind is nn.InstanceNorm2d else image
    network = nn.Sequential(nn.Identity(), norm)
    expected = network(image)
    names = list(network.state_dict())

    quick_norms(network)

    assert torch.allclose(network(image), expected, atol=1e-12)
    assert list(network.state_dict()) == names
