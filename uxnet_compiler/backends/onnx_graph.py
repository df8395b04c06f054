"""Spell a graph in ONNX, op by op; needs the package onnx."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper
from torch import Tensor

from uxnet_compiler.ir import Graph, Value
from uxnet_compiler.ops import (
    AvgPool,
    BatchNorm,
    Conv,
    Downsample,
    GroupNorm,
    InstanceNorm,
    LeakyRelu,
    MaxPool,
    Scale,
    TensorType,
    TransposedConv,
    Upsample,
)

INPUT_NAME = "image"
OUTPUT_NAME = "logits"

# GroupNormalization took its present form in opset 21, of April 2024.
OPSET = 21
_IR_VERSION = 10


class Writer:
    """Collects nodes and weights; results are named after the values that they are.

    Attributes:
        graph: What is spelled.
        nodes: In the order of execution.
        weights: The tensors that the nodes read.
    """

    def __init__(self, graph: Graph, tensors: Mapping[str, Tensor]) -> None:
        self.graph = graph
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self._tensors = tensors
        self._names = {graph.input().id: INPUT_NAME}

    def write(self, value: Value) -> None:
        """Write the nodes of a value."""
        self._names[value.id] = EMITTERS[value.op.op](self, value)

    def inputs(self, value: Value) -> list[str]:
        """Return the names of what a value reads."""
        return [self._names[source] for source in value.inputs]

    def given(self, value: Value) -> TensorType:
        """Return the type of the first map that a value reads."""
        return self.graph[value.inputs[0]].type

    def node(self, kind: str, inputs: Sequence[str], result: str, **attributes: Any) -> str:
        """Write a node and return the name of its result."""
        self.nodes.append(helper.make_node(kind, inputs, [result], name=result, **attributes))
        return result

    def weight(self, value: Value, name: str, shape: tuple[int, ...] | None = None) -> str:
        """Add a tensor of a value, possibly in another shape, and return its name."""
        array = self._tensors[f"{value.id}.{name}"].detach().cpu().float().numpy()
        return self.constant(f"{value.id}.{name}", array if shape is None else array.reshape(shape))

    def weights_of(self, value: Value, *names: str) -> list[str]:
        """Add several tensors of a value and return their names."""
        return [self.weight(value, name) for name in names]

    def constant(self, name: str, array: np.ndarray) -> str:
        """Add a tensor and return its name."""
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        self.weights.append(helper.make_tensor(name, kind, array.shape, array.tobytes(), raw=True))
        return name


def _conv(to: Writer, value: Value) -> str:
    op = value.op
    assert isinstance(op, Conv)
    (source,) = to.inputs(value)
    if op.offset is not None:
        axes = np.arange(2, 2 + op.axes)
        to_the_end = np.full(op.axes, np.iinfo(np.int64).max)
        bounds = (
            to.constant(f"{value.id}.{name}", array.astype(np.int64))
            for name, array in (
                ("starts", np.array(op.offset)),
                ("ends", to_the_end),
                ("axes", axes),
            )
        )
        source = to.node("Slice", [source, *bounds], f"{value.id}.slice")
    return _convolution("Conv", to, value, source, op)


def _transposed_conv(to: Writer, value: Value) -> str:
    op = value.op
    assert isinstance(op, TransposedConv)
    (source,) = to.inputs(value)
    padding = op.output_padding
    options = {"output_padding": padding} if any(padding) else {}
    return _convolution("ConvTranspose", to, value, source, op, **options)


def _convolution(
    kind: str, to: Writer, value: Value, source: str, op: Conv | TransposedConv, **options: Any
) -> str:
    return to.node(
        kind,
        [source, *to.weights_of(value, "weight", *(["bias"] if op.bias else []))],
        value.id,
        kernel_shape=op.kernel if isinstance(op, Conv) else op.kernels,
        strides=op.strides if isinstance(op, Conv) else op.stride,
        dilations=op.dilations,
        pads=(*op.padding, *op.padding),
        group=op.group_count(to.given(value).channels),
        **options,
    )


def _norm(to: Writer, value: Value) -> str:
    op = value.op
    assert isinstance(op, InstanceNorm | GroupNorm | BatchNorm)
    tensors = ["weight", "bias"]
    options: dict[str, Any] = {"epsilon": op.eps}
    if isinstance(op, InstanceNorm):
        kind = "InstanceNormalization"
    elif isinstance(op, GroupNorm):
        kind = "GroupNormalization"
        options["num_groups"] = op.group_count(to.given(value).channels)
    else:
        kind = "BatchNormalization"
        tensors += ["running_mean", "running_var"]
    return to.node(kind, [*to.inputs(value), *to.weights_of(value, *tensors)], value.id, **options)


def _pool(to: Writer, value: Value) -> str:
    op = value.op
    assert isinstance(op, MaxPool | AvgPool)
    kind = "MaxPool" if isinstance(op, MaxPool) else "AveragePool"
    return to.node(kind, to.inputs(value), value.id, kernel_shape=op.factor, strides=op.factor)


def _resize(to: Writer, value: Value) -> str:
    op = value.op
    assert isinstance(op, Upsample | Downsample)
    factors = op.factor if isinstance(op, Upsample) else tuple(map(_inverse, op.factor))
    scales = to.constant(f"{value.id}.scales", np.array((1, 1, *factors), np.float32))
    if isinstance(op, Upsample) and op.mode == "nearest":
        how = {
            "mode": "nearest",
            "coordinate_transformation_mode": "asymmetric",
            "nearest_mode": "floor",
        }
    else:
        corners = "align_corners" if op.align_corners else "half_pixel"
        how = {"mode": "linear", "coordinate_transformation_mode": corners}
    # The second input, a region of interest, is left out.
    return to.node("Resize", [*to.inputs(value), "", scales], value.id, **how)


def _inverse(factor: int) -> np.float32:
    """Return 1 / factor, never less: a runtime rounds the size that it makes down."""
    found = np.float32(1 / factor)
    return found if float(found) * factor >= 1 else np.nextafter(found, np.float32(1))


def _relu(to: Writer, value: Value) -> str:
    return to.node("Relu", to.inputs(value), value.id)


def _leaky_relu(to: Writer, value: Value) -> str:
    assert isinstance(value.op, LeakyRelu)
    return to.node("LeakyRelu", to.inputs(value), value.id, alpha=value.op.slope)


def _scale(to: Writer, value: Value) -> str:
    assert isinstance(value.op, Scale)
    factor = to.constant(f"{value.id}.factor", np.array(value.op.factor, np.float32))
    return to.node("Mul", [*to.inputs(value), factor], value.id)


def _squeeze_excite(to: Writer, value: Value) -> str:
    """Write fully connected layers as convolutions of the one voxel that the mean is."""
    (x,) = to.inputs(value)
    given = to.given(value)
    made = to.node("GlobalAveragePool", [x], f"{value.id}.mean")
    for layer, activation in (("squeeze", "Relu"), ("excite", "Sigmoid")):
        shape = value.op.weights((given,))[f"{layer}.weight"]
        kernel = to.weight(value, f"{layer}.weight", (*shape, *(1,) * given.spatial_dims))
        bias = to.weight(value, f"{layer}.bias")
        made = to.node("Conv", [made, kernel, bias], f"{value.id}.{layer}")
        made = to.node(activation, [made], f"{value.id}.{activation.lower()}")
    return to.node("Mul", [x, made], value.id)


def _sum(to: Writer, value: Value) -> str:
    """Add one after the other, in the order in which torch does."""
    made, *others = to.inputs(value)
    for index, other in enumerate(others, start=1):
        last = index == len(others)
        made = to.node("Add", [made, other], value.id if last else f"{value.id}.{index}")
    return made


def _concat(to: Writer, value: Value) -> str:
    return to.node("Concat", to.inputs(value), value.id, axis=1)


EMITTERS: dict[str, Callable[[Writer, Value], str]] = {
    "conv@1": _conv,
    "transposed_conv@1": _transposed_conv,
    "instance_norm@1": _norm,
    "batch_norm@1": _norm,
    "group_norm@1": _norm,
    "squeeze_excite@1": _squeeze_excite,
    "max_pool@1": _pool,
    "avg_pool@1": _pool,
    "upsample@1": _resize,
    "downsample@1": _resize,
    "relu@1": _relu,
    "leaky_relu@1": _leaky_relu,
    "scale@1": _scale,
    "sum@1": _sum,
    "concat@1": _concat,
}
"""The nodes that each op becomes; each returns the name of the result."""


def to_model(
    graph: Graph,
    tensors: Mapping[str, Tensor],
    divisor: tuple[int, ...],
    metadata: Mapping[str, str],
) -> onnx.ModelProto:
    """Return a network as an ONNX model; the same network always gives the same one.

    Shape:
        image   (batch, C, 2*d, 4*h, 4*w) for a divisor of 2x4x4
        logits  (batch, classes, 2*d, 4*h, 4*w)

    Args:
        graph: The network; the main output is the one that is written.
        tensors: By value and name.
        divisor: Image sizes are multiples of it, per axis (D, H, W).
        metadata: Texts to put beside it.
    """
    writer = Writer(graph, tensors)
    main = graph.outputs()[0]
    for value in _needed(graph, main):
        writer.write(value)
    writer.node("Identity", writer.inputs(main), OUTPUT_NAME)
    model = helper.make_model(
        helper.make_graph(
            writer.nodes,
            "network",
            [_maps(INPUT_NAME, graph.input().type, divisor)],
            [_maps(OUTPUT_NAME, main.type, divisor)],
            writer.weights,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="uxnet-compiler",
    )
    helper.set_model_props(model, dict(metadata))
    return model


def _needed(graph: Graph, result: Value) -> list[Value]:
    """Return what a result is made of, in the order of execution; not what other outputs need."""
    names = set(result.inputs)
    found = []
    for value in reversed(list(graph.values())):
        if value.id in names and value.op.kind != "input":
            names.update(value.inputs)
            found.append(value)
    return found[::-1]


def _maps(name: str, kind: TensorType, divisor: tuple[int, ...]) -> Any:
    """Declare maps of any batch and size."""
    axes = [
        letter if d == s else f"{d // s}*{letter}"
        for letter, d, s in zip("dhw"[-len(divisor) :], divisor, kind.scale, strict=True)
    ]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", kind.channels, *axes])
