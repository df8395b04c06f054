"""What the op table says about every op is what torch does."""

from __future__ import annotations

import pytest
import torch
from networks import around
from torch.utils.flop_counter import FlopCounterMode

from uxnet_compiler.analysis import cost
from uxnet_compiler.backends import torch as backend
from uxnet_compiler.backends.torch_calls import EMITTERS
from uxnet_compiler.errors import GraphError, UnknownNameError
from uxnet_compiler.ops import OPS, Conv, MaxPool, Op, TensorType, op_class
from uxnet_compiler.ops.samples import SAMPLES

SIZES = {2: (24, 48), 3: (8, 16, 32)}


def test_every_op_has_a_sample() -> None:
    assert {op.op for op, _ in SAMPLES} == OPS.keys() - {"input@1"}


def test_every_op_can_be_built() -> None:
    assert set(EMITTERS) == OPS.keys() - {"input@1", "output@1"}


@pytest.mark.parametrize(("op", "inputs"), SAMPLES, ids=repr)
def test_shapes_are_those_of_torch(op: Op, inputs: tuple[TensorType, ...]) -> None:
    size = SIZES[inputs[0].spatial_dims]
    module = backend.build(around(op, inputs)).to("meta").eval()

    result = module(torch.empty(2, 1, *size, device="meta"))

    made = op.infer(inputs)
    assert tuple(result.shape) == (2, made.channels, *made.size(size))


@pytest.mark.parametrize(("op", "inputs"), SAMPLES, ids=repr)
def test_parameters_and_macs_are_those_of_torch(op: Op, inputs: tuple[TensorType, ...]) -> None:
    size = SIZES[inputs[0].spatial_dims]
    graph = around(op, inputs)
    module = backend.build(graph).to("meta").eval()

    with FlopCounterMode(display=False) as counter:
        module(torch.empty(1, 1, *size, device="meta"))

    found = sum(p.numel() for name, p in module.named_parameters() if name.startswith("it."))
    assert op.params(inputs) == found
    assert 2 * cost(graph, size).macs == counter.get_total_flops()


@pytest.mark.parametrize(
    ("op", "given"),
    [
        (op, inputs[0])
        for op, inputs in SAMPLES
        if op.arity == 1 and op.kind != "output" and not getattr(op, "bias", False)
    ],
    ids=repr,
)
def test_exactly_the_linear_ops_are_linear(op: Op, given: TensorType) -> None:
    size = (2, given.channels, *given.size(SIZES[given.spatial_dims]))
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(size, generator=generator, dtype=torch.float64) for _ in range(2))
    run = backend.layer(op, given).double()

    linear = torch.allclose(run(x - 3 * y), run(x) - 3 * run(y), atol=1e-10)

    assert linear == op.linear


@pytest.mark.parametrize(("op", "inputs"), SAMPLES, ids=repr)
def test_an_op_survives_json(op: Op, inputs: tuple[TensorType, ...]) -> None:  # noqa: ARG001
    text = op.model_dump_json(exclude_defaults=True)

    assert op_class(op.op).model_validate_json(text) == op


def test_an_unknown_op_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"no op is called 'convv@1'; known: conv@1, "):
        op_class("convv@1")


def test_groups_must_divide_the_channels() -> None:
    op = Conv(kernel=(3, 3), groups=4, channels=8)

    with pytest.raises(GraphError, match="4 groups do not divide 6 -> 8 channels"):
        op.infer((TensorType(6, (1, 1)),))


def test_nothing_becomes_finer_than_the_image() -> None:
    with pytest.raises(GraphError, match="cannot upsample by 2x2 a map that is 2x1 times coarser"):
        TensorType(1, (2, 1)).finer((2, 2))


@pytest.mark.parametrize(
    ("op", "label"),
    [
        (Conv(kernel=(1, 3, 3)), "1x3x3"),
        (Conv(kernel=(3, 3, 3), stride=(1, 2, 2)), "3x3x3 /1x2x2"),
        (Conv(kernel=(3, 3), stride=(2, 2)), "3x3 /2"),
        (Conv(kernel=(5, 5), dilation=(2, 2)), "5x5 d2"),
        (MaxPool(factor=(1, 2, 2)), "max /1x2x2"),
    ],
)
def test_a_label_tells_the_axes_apart_when_they_differ(op: Op, label: str) -> None:
    assert op.label == label
