"""The blocks of nnU-Net's networks as ops, with the names under which nnU-Net files tensors."""

from __future__ import annotations

from uxnet_compiler.importers.draft import Layer
from uxnet_compiler.importers.nnunet_layers import PlainLayers, ResidualLayers
from uxnet_compiler.ops import AvgPool, Conv, TransposedConv
from uxnet_compiler.ops.base import Channels

Run = tuple[Layer, ...]


class Blocks:
    """Makes the runs of ops that the arguments of a network ask for."""

    def __init__(self, layers: PlainLayers | ResidualLayers) -> None:
        self.layers = layers
        self.ones = (1,) * layers.spatial_dims

    def conv(
        self,
        home: str,
        kernel: tuple[int, ...],
        *,
        stride: tuple[int, ...] | None = None,
        channels: Channels = "node",
        bias: bool | None = None,
        active: bool = True,
    ) -> Run:
        """Return a convolution, its norm and, when `active`, its activation."""
        layers = self.layers
        op = Conv(
            kernel=kernel,
            stride=stride if stride and set(stride) != {1} else None,
            channels=channels,
            bias=layers.conv_bias if bias is None else bias,
        )
        norm: Run = () if layers.norm is None else ((layers.norm, f"{home}.norm"),)
        after = (norm, self.activation() if active else ())
        turned = isinstance(layers, PlainLayers) and layers.nonlin_first
        first, second = reversed(after) if turned else after
        return (op, f"{home}.conv"), *first, *second

    def activation(self) -> Run:
        """Return the activation, if there is one."""
        return () if self.layers.activation is None else ((self.layers.activation, ""),)

    def convs(
        self, home: str, level: int, count: int, stride: tuple[int, ...] | None = None
    ) -> Run:
        """Return convolutions one after the other; the first has the stride."""
        kernel = self.layers.kernel_sizes[level]
        return tuple(
            layer
            for index in range(count)
            for layer in self.conv(
                f"{home}.convs.{index}", kernel, stride=None if index else stride
            )
        )

    def body(self, home: str, level: int, stride: tuple[int, ...], bottleneck: int | None) -> Run:
        """Return what a residual block adds: two convolutions, or three through a bottleneck."""
        kernel = self.layers.kernel_sizes[level]
        if bottleneck is None:
            return (
                *self.conv(f"{home}.conv1", kernel, stride=stride),
                *self.conv(f"{home}.conv2", kernel, active=False),
            )
        return (
            *self.conv(f"{home}.conv1", self.ones, channels=bottleneck),
            *self.conv(f"{home}.conv2", kernel, stride=stride, channels="input"),
            *self.conv(f"{home}.conv3", self.ones, active=False),
        )

    def skip(self, home: str, stride: tuple[int, ...], *, projects: bool) -> Run:
        """Return what a residual block adds to: its input, brought to grid and channels."""
        pool: Run = () if set(stride) == {1} else ((AvgPool(factor=stride), ""),)
        if not projects:
            return pool
        place = f"{home}.skip.{len(pool)}"
        return *pool, *self.conv(place, self.ones, bias=False, active=False)

    def rise(self, home: str, level: int) -> Run:
        """Return the way up from the level below."""
        op = TransposedConv(stride=self.layers.strides[level + 1], bias=self.layers.conv_bias)
        return ((op, home),)

    def head(self, home: str) -> Run:
        """Return what makes logits."""
        return ((Conv(kernel=self.ones, bias=True), home),)


def split(run: Run) -> tuple[Run, Run]:
    """Cut a run behind its strided convolution: only edges lead to another grid."""
    for index, (op, _) in enumerate(run, start=1):
        if isinstance(op, Conv) and op.stride is not None:
            return run[:index], run[index:]
    return (), run
