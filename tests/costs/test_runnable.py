"""A size is refused for a norm just when torch does not take it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uxnet_compiler.backends.torch import layer
from uxnet_compiler.costs.runnable import require_runnable
from uxnet_compiler.errors import GraphError
from uxnet_compiler.ops import BatchNorm, GroupNorm, InstanceNorm, Op, TensorType

NORMS = [InstanceNorm(), BatchNorm(), GroupNorm(groups=1), GroupNorm(groups=4), GroupNorm(size=2)]


@given(
    op=st.sampled_from(NORMS),
    channels=st.sampled_from([4, 8]),
    scale=st.tuples(*[st.sampled_from([1, 2])] * 3),
    voxels=st.tuples(*[st.integers(1, 2)] * 3),
)
def test_the_sizes_that_torch_takes_are_taken(
    op: Op, channels: int, scale: tuple[int, ...], voxels: tuple[int, ...]
) -> None:
    read = TensorType(channels=channels, scale=scale)
    size = tuple(a * b for a, b in zip(scale, voxels, strict=True))
    try:
        layer(op, read).eval()(torch.zeros(1, channels, *voxels))
        expected: AbstractContextManager[object] = nullcontext()
    except ValueError:
        expected = pytest.raises(GraphError, match=f"^size {'x'.join(map(str, size))}: leaves one")

    with expected:
        require_runnable(op, read, size, "n0.norm")


def test_the_norm_is_named() -> None:
    with pytest.raises(GraphError, match=r"for the norm n0\.norm; take a larger size to measure$"):
        require_runnable(InstanceNorm(), TensorType(channels=4, scale=(8, 8)), (8, 8), "n0.norm")
