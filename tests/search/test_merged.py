from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from uxnet_compiler.ops import Conv, InstanceNorm
from uxnet_compiler.search.merged import composed, dilated_conv, embedded, mergeable, merged_conv
from uxnet_compiler.spaces.uxnet.space import normal_candidates

CONV = {2: nn.Conv2d, 3: nn.Conv3d}


def chain(ops: tuple[Conv, ...], given: int, made: int) -> nn.Sequential:
    layers = []
    for op in ops:
        layers.append(
            CONV[op.axes](
                given,
                made,
                op.kernel,  # type: ignore[arg-type]  # one number per axis suits both classes
                padding=op.padding,  # type: ignore[arg-type]
                dilation=op.dilations,  # type: ignore[arg-type]
                bias=False,
            ).double()
        )
        given = made
    return nn.Sequential(*layers)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_one_kernel_does_what_the_weighted_candidates_do(dims: int, dilation: int) -> None:
    torch.manual_seed(0)
    ops = {n: o for n, o in normal_candidates(dims).items() if mergeable(o)}
    chosen = {
        name: chain(op, 3, 4)  # type: ignore[arg-type]  # mergeable: all are Conv
        for name, op in ops.items()
        if isinstance(op[0], Conv) and op[0].dilations[0] == dilation
    }
    weights = {name: torch.rand((), dtype=torch.float64, requires_grad=True) for name in chosen}
    x = torch.randn(2, 3, *(11, 10, 13)[:dims], dtype=torch.float64, requires_grad=True)
    leaves = [x, *weights.values(), *(p for m in chosen.values() for p in m.parameters())]

    plain = sum((weights[name] * chosen[name](x) for name in chosen), torch.zeros(()))
    merged = merged_conv(x, chosen, weights, dilation)

    assert len(chosen) >= 2
    assert (merged - plain).abs().max() < 1e-10
    probe = torch.randn_like(plain)
    for a, b in zip(
        torch.autograd.grad(plain, leaves, probe),
        torch.autograd.grad(merged, leaves, probe),
        strict=True,
    ):
        assert (a - b).abs().max() < 1e-10


def test_what_has_a_norm_a_stride_or_a_bias_is_not_merged() -> None:
    plain = Conv(kernel=(3, 3))

    assert mergeable((plain,))
    assert not mergeable(())
    assert not mergeable((plain, InstanceNorm(), plain))
    assert not mergeable((Conv(kernel=(3, 3), stride=(2, 2)),))
    assert not mergeable((Conv(kernel=(3, 3), bias=True),))
    assert not mergeable((Conv(kernel=(3, 3), dilation=(1, 2)),))
    assert not mergeable((plain, Conv(kernel=(3, 3), dilation=(2, 2))))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(2, 3),
    st.sampled_from((1, 3, 5)),
    st.integers(2, 3),
    st.lists(st.integers(8, 15), min_size=3, max_size=3),
)
def test_a_dilated_convolution_by_sub_grids_is_the_same(
    dims: int, side: int, dilation: int, size: list[int]
) -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 2, *size[:dims], dtype=torch.float64)
    kernel = torch.randn(3, 2, *[side] * dims, dtype=torch.float64)

    expected = {2: nn.functional.conv2d, 3: nn.functional.conv3d}[dims](
        x, kernel, padding=dilation * (side // 2), dilation=dilation
    )

    assert (dilated_conv(x, kernel, dilation) - expected).abs().max() < 1e-12


def test_embedding_puts_the_kernel_in_the_middle() -> None:
    kernel = torch.ones(1, 1, 1, 3)

    wide = embedded(kernel, (3, 5))

    assert wide[0, 0].tolist() == [[0] * 5, [0, 1, 1, 1, 0], [0] * 5]


def test_a_single_kernel_composes_to_itself() -> None:
    kernel = torch.randn(2, 3, 3, 3)

    assert composed([kernel]) is kernel
