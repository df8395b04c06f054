"""Build a graph as a static `torch.fx.GraphModule`: straight-line code, plain layers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import islice
from typing import Any

import torch
from torch import fx, nn

from uxnet_compiler.analysis import in_place
from uxnet_compiler.backends.torch_calls import EMITTERS, LAYERS, Emitter
from uxnet_compiler.errors import BackendError
from uxnet_compiler.ir import Graph
from uxnet_compiler.ops import TensorType
from uxnet_compiler.wording import one_line

VALUE = "uxnet_value"
"""Key in the `meta` of a module's traced calls: the value of the graph that they compute."""

MAX_PARAMS = 2**31
"""A stranger's document cannot ask for more."""

Weighed = nn.Conv2d | nn.Conv3d | nn.ConvTranspose2d | nn.ConvTranspose3d | nn.Linear
"""Layers that are initialised by He et al.; norms begin as the identity."""

_EMPTY = fx.GraphModule({}, fx.Graph())
"""Has every name that no child module may take."""


def build(graph: Graph, *, seed: int | None = 0) -> fx.GraphModule:
    """Build the network with fresh weights that depend on `seed` and their names alone.

    The module maps an image (B, C, D, H, W) to the logits; with several outputs it returns a
    tuple, the main one first. Parameters are named after the values of the graph.

    Args:
        graph: A network.
        seed: For fresh weights; with `None` the module stays on the meta device, and has none.

    Raises:
        BackendError: A node has a name that torch keeps for itself, or there are more than
            `MAX_PARAMS` parameters.
    """
    _check(graph)
    modules: dict[str, nn.Module] = {}
    traced = fx.Graph()
    made: dict[str, fx.Node] = {}
    overwriting = in_place(graph)
    for value in graph.values():
        if value.op.kind == "input":
            made[value.id] = traced.placeholder("x")
        elif value.op.kind != "output":
            given = graph[value.inputs[0]].type
            if value.op.op in LAYERS:
                modules |= _modules(value.id, value.op, given, _seed_of(value.id, seed))
            emit = Emitter(
                traced,
                value.id,
                tuple(made[source] for source in value.inputs),
                rank=given.spatial_dims,
                in_place=value.id in overwriting,
            )
            before = len(traced.nodes)
            made[value.id] = EMITTERS[value.op.op](emit, value.op)
            for call in islice(reversed(traced.nodes), len(traced.nodes) - before):
                call.meta[VALUE] = value.id
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


def _seed_of(name: str, seed: int | None) -> int | None:
    """Mix a seed with a name, so that neither order nor neighbours matter."""
    if seed is None:
        return None
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def layer(op: Any, given: TensorType, *, seed: int = 0) -> nn.Module:
    """Return the module of one op, freshly initialised.

    Convolutions: He et al., 2015, normal, fan-in, for leaky ReLU of slope 0.01; biases zero. An
    op without weights, or with more than one call, becomes a module that makes the same calls as
    a compiled network.
    """
    graph = fx.Graph()
    x = graph.placeholder("x")
    modules = _modules("op", op, given, seed) if op.op in LAYERS else {}
    made = EMITTERS[op.op](Emitter(graph, "op", (x,), rank=given.spatial_dims), op)
    if made.op == "call_module" and made.args == (x,):
        return modules["op"]
    graph.output(made)
    return fx.GraphModule(modules, graph)


def _modules(name: str, op: Any, given: TensorType, seed: int | None) -> dict[str, nn.Module]:
    """Return the modules of an op by the names under which they are called."""
    with torch.device("meta"):
        module = LAYERS[op.op](op, given)
    if seed is not None:
        _initialise(module, seed)
    if isinstance(module, nn.ModuleDict):
        return {f"{name}.{part}": child for part, child in module.items()}
    return {name: module}


def _initialise(module: nn.Module, seed: int) -> None:
    module.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(seed)
    for part in module.modules():
        if isinstance(part, Weighed):
            nn.init.kaiming_normal_(part.weight, a=0.01, generator=generator)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif callable(reset := getattr(part, "reset_parameters", None)):
            reset()


def load_weights(
    module: nn.Module, weights: Mapping[str, torch.Tensor], *, source: str = "weights"
) -> None:
    """Load weights by the names of a module.

    Args:
        module: The network; on the meta device it gets copies of its own.
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
            raise BackendError(f"{source}: {one_line(name)} is not in the network")
        if wanted[name].shape != weights[name].shape:
            raise BackendError(
                f"{source}: {name} is {tuple(weights[name].shape)}, the network needs"
                f" {tuple(wanted[name].shape)}"
            )
    if any(tensor.is_meta for tensor in wanted.values()):
        copies = {name: weights[name].detach().clone() for name in wanted}
        module.load_state_dict(copies, assign=True)
    else:
        module.load_state_dict(dict(weights))
