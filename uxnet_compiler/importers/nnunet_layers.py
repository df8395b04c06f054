"""The arguments of nnU-Net's networks, checked.

Dotted names of classes are only compared with those of known layers; nothing is imported by a
name that a file gives.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from uxnet_compiler.ops import BatchNorm, InstanceNorm, LeakyRelu, Relu
from uxnet_compiler.ops.base import Kernel, Stride

PACKAGE = "dynamic_network_architectures"


def named(package: str, *known: str) -> AfterValidator:
    """Return a check for dotted names of a package's classes; it keeps the last part."""

    def check(name: str) -> str:
        last = name.rpartition(".")[2]
        if name.partition(".")[0] != package or last not in known:
            raise ValueError(f"not importable; known of {package}: {', '.join(known)}")
        return last

    return AfterValidator(check)


def _odd(kernel: tuple[int, ...]) -> tuple[int, ...]:
    if any(side % 2 == 0 for side in kernel):
        raise ValueError("a kernel with an even side is not importable")
    return kernel


Width = Annotated[int, Field(ge=1, le=65536)]
Convs = Annotated[int, Field(ge=1, le=10)]
Blocks = Annotated[int, Field(ge=1, le=64)]
ConvOp = Annotated[str, named("torch", "Conv2d", "Conv3d")]
NormOp = Annotated[
    str, named("torch", "InstanceNorm2d", "InstanceNorm3d", "BatchNorm2d", "BatchNorm3d")
]
Nonlin = Annotated[str, named("torch", "LeakyReLU", "ReLU")]


class _Arguments(BaseModel):
    """Base: an unknown argument could change the network, so there may be none."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NormOptions(_Arguments):
    """Arguments of a norm."""

    eps: Annotated[float, Field(gt=0, le=0.1)] = 1e-5
    affine: bool | None = None


class NonlinOptions(_Arguments):
    """Arguments of an activation; `inplace` changes nothing."""

    inplace: bool = False
    negative_slope: Annotated[float, Field(ge=0, lt=1)] | None = None


class Layers(_Arguments):
    """The arguments that all networks take, one entry per stage where several stand."""

    n_stages: Annotated[int, Field(ge=2, le=16)]
    features_per_stage: tuple[Width, ...]
    conv_op: ConvOp
    kernel_sizes: tuple[Annotated[Kernel, AfterValidator(_odd)], ...]
    strides: tuple[Stride, ...]
    n_conv_per_stage_decoder: tuple[Convs, ...]
    conv_bias: bool = False
    norm_op: NormOp | None = None
    norm_op_kwargs: NormOptions | None = None
    dropout_op: None = None
    dropout_op_kwargs: JsonValue = None
    nonlin: Nonlin | None = None
    nonlin_kwargs: NonlinOptions | None = None

    @model_validator(mode="after")
    def _fit(self) -> Self:
        for name, wanted in self.lengths().items():
            found = len(getattr(self, name) or ())
            if found != wanted:
                raise ValueError(f"{name} has {found} entries, n_stages asks for {wanted}")
        for name in ("kernel_sizes", "strides"):
            if any(len(each) != self.spatial_dims for each in getattr(self, name)):
                raise ValueError(f"{name} needs {self.spatial_dims} numbers per stage")
        if set(self.strides[0]) != {1}:
            raise ValueError("strides[0] should be all ones: the logits have the image's grid")
        return self

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.norm_op is not None:
            if not self.norm_op.endswith(f"{self.spatial_dims}d"):
                raise ValueError(f"norm_op {self.norm_op} does not go with {self.conv_op}")
            affine = self._norm_options.affine
            if not (self.norm_op.startswith("Batch") if affine is None else affine):
                raise ValueError("norm_op_kwargs.affine should be true: norms here have weights")
        if self.nonlin != "LeakyReLU" and self._nonlin_options.negative_slope is not None:
            raise ValueError("nonlin_kwargs.negative_slope is for LeakyReLU alone")
        return self

    def lengths(self) -> dict[str, int]:
        """Return how long each list should be."""
        per_stage = ("features_per_stage", "kernel_sizes", "strides")
        return dict.fromkeys(per_stage, self.n_stages) | {
            "n_conv_per_stage_decoder": self.n_stages - 1
        }

    @property
    def spatial_dims(self) -> Literal[2, 3]:
        """Return 2 or 3."""
        return 2 if self.conv_op == "Conv2d" else 3

    @property
    def _norm_options(self) -> NormOptions:
        return self.norm_op_kwargs or NormOptions()

    @property
    def _nonlin_options(self) -> NonlinOptions:
        return self.nonlin_kwargs or NonlinOptions()

    @property
    def norm(self) -> InstanceNorm | BatchNorm | None:
        """Return the norm that goes with every convolution, if one does."""
        if self.norm_op is None:
            return None
        eps = self._norm_options.eps
        return BatchNorm(eps=eps) if self.norm_op.startswith("Batch") else InstanceNorm(eps=eps)

    @property
    def activation(self) -> LeakyRelu | Relu | None:
        """Return the activation, if there is one."""
        if self.nonlin is None:
            return None
        if self.nonlin == "ReLU":
            return Relu()
        slope = self._nonlin_options.negative_slope
        return LeakyRelu() if slope is None else LeakyRelu(slope=slope)


class PlainLayers(Layers):
    """Arguments of `PlainConvUNet`."""

    n_conv_per_stage: tuple[Convs, ...]
    nonlin_first: bool = False

    def lengths(self) -> dict[str, int]:
        """Return how long each list should be."""
        return super().lengths() | {"n_conv_per_stage": self.n_stages}


class ResidualLayers(Layers):
    """Arguments of `ResidualEncoderUNet` and `ResidualUNet`."""

    n_blocks_per_stage: tuple[Blocks, ...]
    block: Annotated[str, named(PACKAGE, "BasicBlockD", "BottleneckD")] = "BasicBlockD"
    bottleneck_channels: tuple[Width, ...] | None = None
    stem_channels: Width | None = None

    def lengths(self) -> dict[str, int]:
        """Return how long each list should be."""
        found = super().lengths() | {"n_blocks_per_stage": self.n_stages}
        if self.block == "BottleneckD":
            found["bottleneck_channels"] = self.n_stages
        return found

    def bottleneck(self, level: int) -> int | None:
        """Return the fewer channels inside the encoder's blocks, if they have such."""
        if self.block == "BasicBlockD" or self.bottleneck_channels is None:
            return None
        return self.bottleneck_channels[level]


NETWORKS: dict[str, type[PlainLayers | ResidualLayers]] = {
    "PlainConvUNet": PlainLayers,
    "ResidualEncoderUNet": ResidualLayers,
    "ResidualUNet": ResidualLayers,
}
"""Classes of networks, and what arguments they take."""

SPREAD = (
    "features_per_stage",
    "kernel_sizes",
    "strides",
    "n_conv_per_stage",
    "n_blocks_per_stage",
    "n_conv_per_stage_decoder",
    "bottleneck_channels",
)


def spread(arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the arguments with a number that stands for all stages, or all axes, repeated."""
    made = dict(arguments)
    stages = made.get("n_stages")
    if not isinstance(stages, int) or not 2 <= stages <= 16:
        return made  # to be told by the check
    axes = 2 if str(made.get("conv_op")).endswith("2d") else 3
    for name in SPREAD:
        given = made.get(name)
        if isinstance(given, int):
            given = [given] * (stages - (name == "n_conv_per_stage_decoder"))
        if name in {"kernel_sizes", "strides"} and isinstance(given, list):
            given = [[each] * axes if isinstance(each, int) else each for each in given]
        if name in made:
            made[name] = given
    return made
