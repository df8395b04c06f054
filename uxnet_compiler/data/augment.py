"""Vary patches so that a network does not learn the training cases by heart.

Turns, scalings and flips move image and label alike; noise, blur, brightness, contrast and lower
resolution change the image alone. Kinds and strengths are nnU-Net's, a little gentler.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Self

import numpy as np
import torch
from monai.transforms.compose import Compose
from monai.transforms.intensity.dictionary import (
    RandAdjustContrastd,
    RandGaussianNoised,
    RandGaussianSmoothd,
    RandScaleIntensityd,
)
from monai.transforms.spatial.dictionary import (
    RandAffined,
    RandFlipd,
    RandSimulateLowResolutiond,
)
from monai.utils.type_conversion import convert_to_tensor
from torch.nn import functional

from uxnet_compiler.data.plan import Plan

_TURN_PROBABILITY = 0.3
_LARGEST_TURN = 0.35  # radians, 20 degrees
_LARGEST_SCALING = 0.2
_MARGIN = 1.5  # what a turned and enlarged patch reaches of its surroundings
_BLUR = (0.25, 1.0)  # voxels
_ANISOTROPIC = 3.0  # beyond it, turning across slices only blurs them


@dataclass(frozen=True)
class Chance:
    """What chance has decided about one patch, before any work is done for it."""

    seed: int
    turned: bool

    @classmethod
    def draw(cls, random: np.random.Generator) -> Self:
        """Let chance decide."""
        return cls(int(random.integers(2**31)), bool(random.random() < _TURN_PROBABILITY))


class Augmentation:
    """Cut a patch out of a case and vary it at random; not for two threads at the same time.

    Args:
        plan: Size of the patches.
        mirror: Flip every axis in half of the patches. Not for labels that depend on the side,
            such as left and right, anterior and posterior.
    """

    def __init__(self, plan: Plan, *, mirror: bool = False) -> None:
        self._size = plan.patch_size
        self._margin = [ceil(size * (_MARGIN - 1) / 2) for size in plan.patch_size]
        both = ("image", "label")
        turns, scalings = _ranges(plan)
        self._turn = RandAffined(
            both,
            prob=1,
            rotate_range=turns,
            scale_range=scalings,
            spatial_size=plan.patch_size,
            mode=("bilinear", "nearest"),
            padding_mode="zeros",
        )
        self._vary = Compose(
            [
                *(
                    RandFlipd(both, prob=0.5, spatial_axis=axis)
                    for axis in range(plan.spatial_dims if mirror else 0)
                ),
                RandGaussianNoised("image", prob=0.15, std=0.1),
                RandGaussianSmoothd("image", prob=0.1, sigma_x=_BLUR, sigma_y=_BLUR, sigma_z=_BLUR),
                RandScaleIntensityd("image", prob=0.15, factors=0.25),
                RandAdjustContrastd("image", prob=0.3, gamma=(0.7, 1.5)),
                RandSimulateLowResolutiond(
                    "image",
                    prob=0.1,
                    upsample_mode="bilinear" if plan.spatial_dims == 2 else "trilinear",
                ),
            ]
        )

    def __call__(
        self,
        image: torch.Tensor,
        label: torch.Tensor,
        start: Sequence[int],
        chance: Chance,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Cut the patch that starts at a voxel, and vary it.

        Shape:
            image, label  (C, D, H, W) and (1, D, H, W), or without D
            out           the same with the size of the patch
        """
        sample: Any  # MONAI: a mapping of names to tensors
        if chance.turned:
            # A larger patch with the same centre, so that no border turns into view.
            wider = [at - margin for at, margin in zip(start, self._margin, strict=True)]
            size = [n + 2 * margin for n, margin in zip(self._size, self._margin, strict=True)]
            sample = {"image": cut(image, wider, size), "label": cut(label, wider, size)}
            sample = self._turn.set_random_state(chance.seed)(sample)
        else:
            sample = {
                "image": cut(image, start, self._size),
                "label": cut(label, start, self._size),
            }
        sample = self._vary.set_random_state(chance.seed)(sample)
        # Plain tensors, also of what no transform has touched.
        made = convert_to_tensor([sample["image"], sample["label"]], track_meta=False)
        return made[0], made[1]


def cut(volume: torch.Tensor, start: Sequence[int], size: Sequence[int]) -> torch.Tensor:
    """Cut a box out of a volume, with zeros where the box reaches beyond it."""
    index: list[slice] = []
    padding: list[int] = []
    for at, wanted, have in zip(start, size, volume.shape[1:], strict=True):
        first, last = min(max(at, 0), have), min(max(at + wanted, 0), have)
        index.append(slice(first, last))
        padding = [min(max(-at, 0), wanted), 0, *padding]  # torch pads the last axis first
        padding[1] = wanted - (last - first) - padding[0]
    return functional.pad(volume[(slice(None), *index)], padding)


def _ranges(plan: Plan) -> tuple[list[float], list[float]]:
    """Return the largest turns (per axis turned about) and scalings that suit the spacing."""
    if plan.spatial_dims == 2:
        return [_LARGEST_TURN], [_LARGEST_SCALING] * 2
    if max(plan.spacing) <= _ANISOTROPIC * min(plan.spacing):
        return [_LARGEST_TURN] * 3, [_LARGEST_SCALING] * 3
    coarse = int(np.argmax(plan.spacing))
    turns = [_LARGEST_TURN if axis == coarse else 0.0 for axis in range(3)]
    scalings = [0.0 if axis == coarse else _LARGEST_SCALING for axis in range(3)]
    return turns, scalings
