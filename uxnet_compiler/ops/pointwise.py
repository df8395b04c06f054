"""Normalisations, activations and weighings: they keep channels and grid."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

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

    def weights(self, inputs: tuple[TensorType, ...]) -> dict[str, tuple[int, ...]]:
        """Return gamma and beta, one each per channel."""
        channels = only(inputs).channels
        return {"weight": (channels,), "bias": (channels,)}


class InstanceNorm(_Norm):
    """Normalise each channel of each image over its voxels (Ulyanov et al., 2016)."""

    op: Literal["instance_norm@1"] = "instance_norm@1"


class BatchNorm(_Norm):
    """Normalise each channel over batch and voxels (Ioffe and Szegedy, 2015)."""

    op: Literal["batch_norm@1"] = "batch_norm@1"

    def statistics(self, inputs: tuple[TensorType, ...]) -> dict[str, tuple[int, ...]]:
        """Return mean and variance per channel, and the number of batches that they come from."""
        channels = only(inputs).channels
        return {
            "running_mean": (channels,),
            "running_var": (channels,),
            "num_batches_tracked": (),
        }


class GroupNorm(_Norm):
    """Normalise groups of channels of each image (Wu and He, 2018).

    Attributes:
        groups: Their number; or else
        size: Channels in each; all are one group where the channels are no multiple of it.
    """

    op: Literal["group_norm@1"] = "group_norm@1"
    groups: Annotated[int, Field(ge=1, le=65536)] | None = None
    size: Annotated[int, Field(ge=1, le=65536)] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.groups is None) == (self.size is None):
            raise ValueError("needs groups, or else size, the channels in each")
        return self

    def group_count(self, given: int) -> int:
        """Return the number of groups for that many channels."""
        if self.groups is not None:
            return self.groups
        assert self.size is not None
        return 1 if given % self.size else given // self.size

    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return the type of the input.

        Raises:
            GraphError: The groups do not divide the channels.
        """
        x = only(inputs)
        if x.channels % self.group_count(x.channels):
            raise GraphError(f"{self.groups} groups do not divide {x.channels} channels")
        return x


class Relu(_Pointwise):
    """Keep what is positive: max(x, 0)."""

    op: Literal["relu@1"] = "relu@1"


class LeakyRelu(_Pointwise):
    """Keep what is positive, damp what is negative: max(x, slope x)."""

    op: Literal["leaky_relu@1"] = "leaky_relu@1"
    slope: Annotated[float, Field(ge=0, lt=1)] = 0.01


class Scale(_Pointwise):
    """Multiply by a constant, such as the gate of an edge."""

    op: Literal["scale@1"] = "scale@1"
    factor: Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
    linear: ClassVar[bool] = True

    @property
    def label(self) -> str:
        """Return `x 0.75`."""
        return f"x {self.factor:.2g}"


class SqueezeExcite(_Pointwise):
    """Weigh each channel by what all channels look like on the whole (Hu et al., 2018).

    Maths:
        y = x sigmoid(W2 relu(W1 mean(x) + b1) + b2), W1 of C / reduction rows
    """

    op: Literal["squeeze_excite@1"] = "squeeze_excite@1"
    reduction: Annotated[int, Field(ge=1, le=4096)] = 16

    @property
    def label(self) -> str:
        """Return `SE`."""
        return "SE"

    def hidden(self, channels: int) -> int:
        """Return the number of hidden channels, at least one."""
        return max(1, channels // self.reduction)

    def weights(self, inputs: tuple[TensorType, ...]) -> dict[str, tuple[int, ...]]:
        """Return the weights and biases of two fully connected layers."""
        channels = only(inputs).channels
        hidden = self.hidden(channels)
        return {
            "squeeze.weight": (hidden, channels),
            "squeeze.bias": (hidden,),
            "excite.weight": (channels, hidden),
            "excite.bias": (channels,),
        }

    def macs(self, inputs: tuple[TensorType, ...], image_size: tuple[int, ...]) -> int:  # noqa: ARG002
        """Return what the two layers take, which does not depend on the image."""
        channels = only(inputs).channels
        return 2 * channels * self.hidden(channels)


NORMS: tuple[type[_Norm], ...] = (InstanceNorm, BatchNorm, GroupNorm)
ACTIVATIONS: tuple[type[Op], ...] = (Relu, LeakyRelu)
WEIGHINGS: tuple[type[Op], ...] = (Scale, SqueezeExcite)
