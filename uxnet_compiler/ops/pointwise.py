"""Normalisations and activations: they keep channels and grid."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from uxnet_compiler.errors import GraphError
from uxnet_compiler.ops.base import Op, only
from uxnet_compiler.ops.types import TensorType


class _Pointwise(Op):
    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return the type of the input."""
        return only(inputs)


class _Norm(_Pointwise):
    """Base: subtract a mean, divide by a deviation, scale and shift per channel.

    Maths:
        y = gamma (x - mean) / sqrt(var + eps) + beta
    """

    eps: Annotated[float, Field(gt=0, le=0.1)] = 1e-5

    @property
    def label(self) -> str:
        """Return `instance` for `instance_norm`."""
        return self.kind.removesuffix("_norm")

    def params(self, inputs: tuple[TensorType, ...]) -> int:
        """Return gamma and beta: two per channel."""
        return 2 * only(inputs).channels


class InstanceNorm(_Norm):
    """Normalise each channel of each image over its voxels (Ulyanov et al., 2016)."""

    op: Literal["instance_norm@1"] = "instance_norm@1"


class BatchNorm(_Norm):
    """Normalise each channel over batch and voxels (Ioffe and Szegedy, 2015)."""

    op: Literal["batch_norm@1"] = "batch_norm@1"


class GroupNorm(_Norm):
    """Normalise groups of channels of each image (Wu and He, 2018)."""

    op: Literal["group_norm@1"] = "group_norm@1"
    groups: Annotated[int, Field(ge=1, le=65536)]

    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return the type of the input.

        Raises:
            GraphError: The groups do not divide the channels.
        """
        x = only(inputs)
        if x.channels % self.groups:
            raise GraphError(f"{self.groups} groups do not divide {x.channels} channels")
        return x


class Relu(_Pointwise):
    """Keep what is positive: max(x, 0)."""

    op: Literal["relu@1"] = "relu@1"


class LeakyRelu(_Pointwise):
    """Keep what is positive, damp what is negative: max(x, slope x)."""

    op: Literal["leaky_relu@1"] = "leaky_relu@1"
    slope: Annotated[float, Field(ge=0, lt=1)] = 0.01


NORMS: tuple[type[_Norm], ...] = (InstanceNorm, BatchNorm, GroupNorm)
ACTIVATIONS: tuple[type[Op], ...] = (Relu, LeakyRelu)
