from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from monai.inferers.utils import sliding_window_inference
from torch import nn

from uxnet_compiler.data.plan import Plan, ZScoreNormalisation
from uxnet_compiler.errors import RunError
from uxnet_compiler.training.inference import Segmenter


def make_plan(axes: int = 3, patch: tuple[int, ...] = ()) -> Plan:
    return Plan(
        spatial_dims=axes,
        spacing=(1.0,) * axes,
        patch_size=patch or (8,) * axes,
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

    found = Segmenter(Pointwise(), make_plan()).probabilities(image)

    torch.testing.assert_close(found[1], image[0].sigmoid(), atol=1e-6, rtol=0)
    torch.testing.assert_close(found.sum(dim=0), torch.ones(shape))


def test_an_image_may_be_2_d() -> None:
    image = torch.randn(1, 11, 17)

    found = Segmenter(Pointwise(), make_plan(2), tta=True).probabilities(image)

    torch.testing.assert_close(found[1], image[0].sigmoid(), atol=1e-6, rtol=0)


def test_averaging_over_flips_makes_the_answer_symmetric() -> None:
    image = torch.zeros(1, 8, 8, 8)

    plain = Segmenter(Place(), make_plan()).probabilities(image)
    averaged = Segmenter(Place(), make_plan(), tta=True).probabilities(image)

    assert not torch.allclose(plain[1], plain[1].flip(2), atol=0.1)
    torch.testing.assert_close(averaged[1], averaged[1].flip(2))


def convolution(axes: int) -> nn.Module:
    torch.manual_seed(0)
    return (nn.Conv3d if axes == 3 else nn.Conv2d)(1, 4, 3, padding=1)


@pytest.mark.parametrize(
    ("shape", "patch"),
    [
        ((8, 12, 10), (8, 12, 10)),
        ((20, 9, 13), (8, 12, 10)),
        ((5, 40, 7), (8, 11, 10)),
        ((17, 30), (8, 10)),
        ((3, 4), (8, 10)),
    ],
)
def test_it_computes_what_monai_does_bit_for_bit_wherever_the_sums_are(
    shape: tuple[int, ...], patch: tuple[int, ...], tmp_path: Path
) -> None:
    image, network = torch.randn(1, *shape), convolution(len(shape))
    segmenter = Segmenter(network, make_plan(len(shape), patch))

    with torch.inference_mode():
        (expected,) = sliding_window_inference(
            image[None], patch, 2, lambda x: network(x).softmax(1), overlap=0.5, mode="gaussian"
        )

    assert torch.equal(segmenter.probabilities(image), expected)
    for folder in (None, tmp_path / "scratch"):
        assert np.array_equal(np.stack(list(segmenter.classes(image, folder))), expected.numpy())


def test_nothing_is_left_on_the_disk(tmp_path: Path) -> None:
    segmenter = Segmenter(Pointwise(), make_plan())

    found = list(segmenter.classes(torch.randn(1, 9, 9, 9), tmp_path))

    assert [one.shape for one in found] == [(9, 9, 9)] * 2
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    segmenter = Segmenter(Pointwise(), make_plan())

    with pytest.raises(RunError, match=r"file: cannot hold 0\.00 GiB for a while: ") as caught:
        list(segmenter.classes(torch.randn(1, 9, 9, 9), tmp_path / "file"))
    assert "\n" not in str(caught.value)
