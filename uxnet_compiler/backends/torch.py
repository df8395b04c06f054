"""Build a graph as a static `torch.fx.GraphModule`: straight-line code, plain layers."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional as F  # noqa: N812 (the name everybody knows)

from uxnet_compiler.errors import BackendError
from uxnet_compiler.ir import Graph, Value
from uxnet_compiler.ops import (
    AvgPool,
    BatchNorm,
    Conv,
    GroupNorm,
    InstanceNorm,
    LeakyRelu,
    MaxPool,
    TensorType,
    TransposedConv,
    Upsample,
)

Layer = Callable[[Any, TensorType], nn.Module]
Emit = Callable[[fx.Graph, Any, tuple[fx.Node, ...]], fx.Node]


def _conv(op: Conv, given: TensorType) -> nn.Module:
    return {2: nn.Conv2d, 3: nn.Conv3d}[op.axes](
        given.channels,
        op.out_channels,
        op.kernel,  # type: ignore[arg-type]  # a tuple per axis is what both classes take
        stride=op.strides,  # type: ignore[arg-type]
        padding=op.padding,  # type: ignore[arg-type]
        dilation=op.dilations,  # type: ignore[arg-type]
        groups=op.group_count(given.channels),
        bias=op.bias,
    )


def _transposed_conv(op: TransposedConv, given: TensorType) -> nn.Module:
    return {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}[op.axes](
        given.channels,
        op.out_channels,
        op.stride,  # type: ignore[arg-type]
        stride=op.stride,  # type: ignore[arg-type]
        bias=op.bias,
    )


def _instance_norm(op: InstanceNorm, given: TensorType) -> nn.Module:
    kind = {2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}[given.spatial_dims]
    return kind(given.channels, eps=op.eps, affine=True)


def _batch_norm(op: BatchNorm, given: TensorType) -> nn.Module:
    kind = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}[given.spatial_dims]
    return kind(given.channels, eps=op.eps)


def _group_norm(op: GroupNorm, given: TensorType) -> nn.Module:
    return nn.GroupNorm(op.groups, given.channels, eps=op.eps)


LAYERS: dict[str, Layer] = {
    "conv@1": _conv,
    "transposed_conv@1": _transposed_conv,
    "instance_norm@1": _instance_norm,
    "batch_norm@1": _batch_norm,
    "group_norm@1": _group_norm,
}
"""Ops with weights: the module for an op and the type of its input."""


def _max_pool(graph: fx.Graph, op: MaxPool, inputs: tuple[fx.Node, ...]) -> fx.Node:
    pool = {2: F.max_pool2d, 3: F.max_pool3d}[op.axes]
    return graph.call_function(pool, (inputs[0], op.factor))


def _avg_pool(graph: fx.Graph, op: AvgPool, inputs: tuple[fx.Node, ...]) -> fx.Node:
    pool = {2: F.avg_pool2d, 3: F.avg_pool3d}[op.axes]
    return graph.call_function(pool, (inputs[0], op.factor))


def _upsample(graph: fx.Graph, op: Upsample, inputs: tuple[fx.Node, ...]) -> fx.Node:
    options: dict[str, Any] = {"scale_factor": tuple(float(f) for f in op.factor)}
    if op.mode == "linear":
        options |= {"mode": {2: "bilinear", 3: "trilinear"}[op.axes], "align_corners": False}
    return graph.call_function(F.interpolate, inputs, options)


def _relu(graph: fx.Graph, _op: Any, inputs: tuple[fx.Node, ...]) -> fx.Node:
    return graph.call_function(F.relu, inputs)


def _leaky_relu(graph: fx.Graph, op: LeakyRelu, inputs: tuple[fx.Node, ...]) -> fx.Node:
    return graph.call_function(F.leaky_relu, (*inputs, op.slope))


def _sum(graph: fx.Graph, _op: Any, inputs: tuple[fx.Node, ...]) -> fx.Node:
    return reduce(lambda a, b: graph.call_function(operator.add, (a, b)), inputs)


def _concat(graph: fx.Graph, _op: Any, inputs: tuple[fx.Node, ...]) -> fx.Node:
    return graph.call_function(torch.cat, (list(inputs), 1))


FUNCTIONS: dict[str, Emit] = {
    "max_pool@1": _max_pool,
    "avg_pool@1": _avg_pool,
    "upsample@1": _upsample,
    "relu@1": _relu,
    "leaky_relu@1": _leaky_relu,
    "sum@1": _sum,
    "concat@1": _concat,
}
"""Ops without weights: the call they become."""

MAX_PARAMS = 2**31
"""A stranger's document cannot ask for more."""

_EMPTY = fx.GraphModule({}, fx.Graph())
"""Has every name that no child module may take."""


def build(graph: Graph, *, seed: int = 0) -> fx.GraphModule:
    """Build the network with fresh weights that depend on `seed` alone.

    The module maps an image (B, C, D, H, W) to the logits; with several outputs it returns a
    tuple, the main one first. Parameters are named after the values of the graph.

    Raises:
        BackendError: A node has a name that torch keeps for itself, or there are more than
            `MAX_PARAMS` parameters.
    """
    _check(graph)
    modules: dict[str, nn.Module] = {}
    traced = fx.Graph()
    made: dict[str, fx.Node] = {}
    # Fresh weights come from a generator of their own, and the caller's stays as it was.
    with torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed, which would seed the accelerators, too.
        torch.default_generator.manual_seed(seed)
        for value in graph.values():
            if value.op.kind == "input":
                made[value.id] = traced.placeholder("x")
            elif value.op.kind != "output":
                made[value.id] = _emit(graph, value, made, modules, traced)
    results = tuple(made[value.inputs[0]] for value in graph.outputs())
    traced.output(results if len(results) > 1 else results[0])
    traced.lint()
    return fx.GraphModule(modules, traced, class_name="Network")


def _check(graph: Graph) -> None:
    params = 0
    for value in graph.values():
        slot = value.id.partition(".")[0]
        if value.op.op in LAYERS and hasattr(_EMPTY, slot):
            raise BackendError(f"{slot}: torch keeps this name for itself; rename the node")
        params += value.op.params(tuple(graph[source].type for source in value.inputs))
    if params > MAX_PARAMS:
        raise BackendError(f"{params} parameters, more than the {MAX_PARAMS} that are built")


def _emit(
    graph: Graph,
    value: Value,
    made: dict[str, fx.Node],
    modules: dict[str, nn.Module],
    traced: fx.Graph,
) -> fx.Node:
    inputs = tuple(made[source] for source in value.inputs)
    if value.op.op in LAYERS:
        modules[value.id] = layer(value.op, graph[value.inputs[0]].type)
        node = traced.call_module(value.id, inputs)
    else:
        node = FUNCTIONS[value.op.op](traced, value.op, inputs)
    return node


def layer(op: Any, given: TensorType) -> nn.Module:
    """Return the module of one op, freshly initialised.

    Convolutions: He et al., 2015, normal, fan-in, for leaky ReLU of slope 0.01; biases zero. An
    op without weights becomes a module that makes the same call as a compiled network.
    """
    if op.op not in LAYERS:
        graph = fx.Graph()
        graph.output(FUNCTIONS[op.op](graph, op, (graph.placeholder("x"),)))
        return fx.GraphModule({}, graph)
    module = LAYERS[op.op](op, given)
    if isinstance(op, Conv | TransposedConv):
        nn.init.kaiming_normal_(module.weight, a=0.01)  # type: ignore[arg-type]
        if op.bias:
            nn.init.zeros_(module.bias)  # type: ignore[arg-type]
    return module


def load_weights(
    module: nn.Module, weights: dict[str, torch.Tensor], *, source: str = "weights"
) -> None:
    """Load weights by name.

    Args:
        module: The network.
        weights: Tensors by parameter name.
        source: Where they come from, for messages.

    Raises:
        BackendError: A tensor is missing, unknown or of another shape; the first is named.
    """
    wanted = module.state_dict()
    for name in sorted(wanted.keys() | weights.keys()):
        if name not in weights:
            raise BackendError(f"{source}: {name} is missing; the network has it")
        if name not in wanted:
            raise BackendError(f"{source}: {name} is not in the network")
        if wanted[name].shape != weights[name].shape:
            raise BackendError(
                f"{source}: {name} is {tuple(weights[name].shape)}, the network needs"
                f" {tuple(wanted[name].shape)}"
            )
    module.load_state_dict(weights)
