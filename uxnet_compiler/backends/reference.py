"""A network as exactly as it can be computed: what all others are compared with."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F  # noqa: N812 (the name everybody knows)

from uxnet_compiler.backends import torch as backend
from uxnet_compiler.backends.weights import resolve
from uxnet_compiler.ir import Graph

# In float64 torch multiplies matrices of all voxels times all taps: gigabytes for a large map.
# What fits a cache is faster, too.
_SLAB_BYTES = 2**24


def reference(graph: Graph, stored: Mapping[str, Tensor]) -> fx.GraphModule:
    """Build a network in float64, in eval mode, without gradients.

    Args:
        graph: The document's, or a rewritten one.
        stored: Tensors by the names of the document's network; those that are float64 already
            are used as they are, not copied.

    Raises:
        BackendError: The weights do not fit.
    """
    weights = resolve(graph, {name: _double(tensor) for name, tensor in stored.items()})
    module = backend.build(graph, seed=None)
    module.load_state_dict({name: _double(made) for name, made in weights.items()}, assign=True)
    for name, layer in list(module.named_modules()):
        if isinstance(layer, nn.Conv3d):
            module.set_submodule(name, _ConvBySlabs(layer))
    return module.eval().requires_grad_(requires_grad=False)


def _double(tensor: Tensor) -> Tensor:
    return tensor.double() if tensor.is_floating_point() else tensor


class _ConvBySlabs(nn.Module):
    """A 3-D convolution that computes a few planes of its result at a time.

    Shape:
        x    (B, Ci, D, H, W)
        out  (B, Co, D / s, H / s, W / s)
    """

    def __init__(self, conv: nn.Conv3d) -> None:
        super().__init__()
        self.weight, self.bias = conv.weight, conv.bias
        self._stride, self._dilation, self._groups = conv.stride, conv.dilation, conv.groups
        assert not isinstance(conv.padding, str)
        self._margins = [p for axis in reversed(conv.padding) for p in (axis, axis)]

    def forward(self, x: Tensor) -> Tensor:
        """Convolve slab after slab along the first axis."""
        x = F.pad(x, self._margins)
        reach = self._dilation[0] * (self.weight.shape[2] - 1) + 1
        planes = (x.shape[2] - reach) // self._stride[0] + 1
        taps = math.prod(self.weight.shape[1:]) * self._groups
        thick = max(1, _SLAB_BYTES // (x.element_size() * taps * math.prod(x.shape[3:])))
        slabs = []
        for first in range(0, planes, thick):
            last = min(first + thick, planes) - 1
            seen = x[:, :, first * self._stride[0] : last * self._stride[0] + reach]
            slabs.append(
                F.conv3d(
                    seen,
                    self.weight,
                    self.bias,
                    stride=self._stride,
                    dilation=self._dilation,
                    groups=self._groups,
                )
            )
        return torch.cat(slabs, 2)
