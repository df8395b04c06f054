from __future__ import annotations

import pytest
import torch
from torch import nn

from uxnet_compiler.data.plan import Plan, ZScoreNormalisation
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.training.inference import Segmenter

CPU = torch.device("cpu")
EXACT = Precision("float32", False, "test")


def make_plan(axes: int = 3) -> Plan:
    return Plan(
        spatial_dims=axes,
        spacing=(1.0,) * axes,
        patch_size=(8,) * axes,
        strides=((1,) * axes,),
        batch_size=1,
        normalisation=(ZScoreNormalisation(nonzero=False),),
    )


class Pointwise(nn.Module):
    """Decide each voxel by its own value, wherever the window is."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return torch.cat((torch.zeros_like(image), image), dim=1)


class Place(nn.Module):
    """Decide each voxel by its place in the window: what flips cancel."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        ramp = torch.linspace(-1, 1, image.shape[-1]).expand_as(image)
        return torch.cat((torch.zeros_like(image), ramp), dim=1)


@pytest.mark.parametrize("shape", [(8, 8, 8), (20, 9, 13), (5, 8, 30)])
def test_windows_join_without_a_seam(shape: tuple[int, ...]) -> None:
    image = torch.randn(1, *shape)

    found = Segmenter(Pointwise(), make_plan(), CPU, EXACT).probabilities(image)

    torch.testing.assert_close(found[1], image[0].sigmoid(), atol=1e-6, rtol=0)
    torch.testing.assert_close(found.sum(dim=0), torch.ones(shape))


def test_an_image_may_be_2_d() -> None:
    image = torch.randn(1, 11, 17)

    found = Segmenter(Pointwise(), make_plan(2), CPU, EXACT, tta=True).probabilities(image)

    torch.testing.assert_close(found[1], image[0].sigmoid(), atol=1e-6, rtol=0)


def test_averaging_over_flips_makes_the_answer_symmetric() -> None:
    image = torch.zeros(1, 8, 8, 8)

    plain = Segmenter(Place(), make_plan(), CPU, EXACT).probabilities(image)
    averaged = Segmenter(Place(), make_plan(), CPU, EXACT, tta=True).probabilities(image)

    assert not torch.allclose(plain[1], plain[1].flip(2), atol=0.1)
    torch.testing.assert_close(averaged[1], averaged[1].flip(2))


def test_bfloat16_gives_nearly_the_same_probabilities() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv3d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv3d(8, 2, 1))
    image = torch.randn(1, 9, 9, 9)

    exact = Segmenter(network, make_plan(), CPU, EXACT).probabilities(image)
    rough = Segmenter(network, make_plan(), CPU, Precision("bfloat16", True, "test")).probabilities(
        image
    )

    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, exact, atol=0.02, rtol=0)


def test_batch_norm_uses_what_it_learned_and_learns_nothing() -> None:
    network = nn.Sequential(nn.BatchNorm3d(1), nn.Conv3d(1, 2, 1))
    before = {name: value.clone() for name, value in network.state_dict().items()}

    Segmenter(network, make_plan(), CPU, EXACT).probabilities(torch.randn(1, 8, 8, 8) * 9)

    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
