"""From genotype to network: lower, optimise, build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from uxnet_compiler.analysis import Cost, cost
from uxnet_compiler.errors import GraphError
from uxnet_compiler.ir import Graph
from uxnet_compiler.lowering.lower import lower
from uxnet_compiler.ops import spell
from uxnet_compiler.passes import TRAINING, Pass, run_passes
from uxnet_compiler.schema import Architecture, Genotype

if TYPE_CHECKING:
    from torch import Tensor
    from torch.fx import GraphModule


def network_graph(
    architecture: Architecture,
    *,
    deep_supervision: bool = False,
    passes: Sequence[Pass] = TRAINING,
) -> Graph:
    """Return the optimised graph of an architecture."""
    return run_passes(lower(architecture, deep_supervision=deep_supervision), passes)


def build(
    genotype: Genotype,
    *,
    weights: Mapping[str, Tensor] | None = None,
    seed: int = 0,
    deep_supervision: bool = False,
    passes: Sequence[Pass] = TRAINING,
    source: str = "weights",
) -> GraphModule:
    """Build the static network of a genotype.

    Shape:
        x       (B, in_channels, D, H, W), each axis a multiple of the total stride
        result  (B, out_channels, D, H, W) logits; with `deep_supervision` a tuple that begins
                with it and goes on with the coarser predictions, finest first

    Args:
        genotype: Any family's.
        weights: Tensors by the names of the document's network; fresh ones from `seed` when not
            given.
        seed: For fresh weights.
        deep_supervision: Add heads at the inner levels; their parameters begin with `aux_`, all
            others are named as without.
        passes: Rewrites to go through, by default those that keep every weight and its name.
        source: Where the weights come from, for messages.

    Raises:
        BackendError: The weights do not fit.
        PassError: A pass failed.
    """
    from uxnet_compiler.backends import torch as backend

    document = lower(genotype.architecture, deep_supervision=deep_supervision)
    graph = run_passes(document, passes)
    if weights is None and all(each.trainable for each in passes):
        return backend.build(graph, seed=seed)
    return assemble(document, graph, weights, seed=seed, source=source)


def assemble(
    document: Graph,
    graph: Graph,
    weights: Mapping[str, Tensor] | None,
    *,
    seed: int = 0,
    source: str = "weights",
) -> GraphModule:
    """Build the module of a rewritten graph with the weights of its document.

    Args:
        document: The graph before any pass.
        graph: The same after the passes.
        weights: Tensors by the names of the document's network; fresh ones from `seed` when not
            given.
        seed: For fresh weights.
        source: Where the weights come from, for messages.

    Raises:
        BackendError: The weights do not fit.
    """
    from uxnet_compiler.backends import torch as backend
    from uxnet_compiler.backends.weights import require_known, resolve

    if weights is None:
        weights = backend.build(document, seed=seed).state_dict()
    require_known(weights, document, source=source)
    stored = _idle_tensors(document, weights) | dict(weights)
    module = backend.build(graph, seed=None)
    backend.load_weights(module, resolve(graph, stored, source=source), source=source)
    return module


def _idle_tensors(document: Graph, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return zeros for what a trained network never had, because it changes nothing."""
    import torch

    from uxnet_compiler.backends.weights import tensor_shapes

    shapes = tensor_shapes(document)
    missing = shapes.keys() - weights.keys()
    needed = tensor_shapes(run_passes(document, TRAINING)).keys() if missing else missing
    return {name: torch.zeros(shapes[name]) for name in missing - needed}


def network_cost(
    architecture: Architecture,
    image_size: tuple[int, ...] | None = None,
    *,
    passes: Sequence[Pass] = TRAINING,
) -> Cost:
    """Return what the network costs for one image.

    Args:
        architecture: Any family's.
        image_size: As for `fitting_size`.
        passes: Rewrites that the network goes through.

    Raises:
        GraphError: The size does not fit the architecture.
    """
    size = fitting_size(architecture, image_size)
    return cost(network_graph(architecture, passes=passes), size)


def fitting_size(
    architecture: Architecture, image_size: tuple[int, ...] | None = None
) -> tuple[int, ...]:
    """Return the size of image to count costs for, checked.

    Args:
        architecture: Any family's.
        image_size: Voxels per axis (D, H, W); 64 (3-D) or 256 (2-D) rounded up to a multiple of
            the total stride when not given.

    Raises:
        GraphError: The size has the wrong number of axes or is no multiple of the total stride.
    """
    divisor = architecture.total_stride
    if image_size is None:
        target = 64 if architecture.spatial_dims == 3 else 256
        image_size = tuple(-(-target // d) * d for d in divisor)
    if len(image_size) != architecture.spatial_dims:
        raise GraphError(
            f"size {spell(image_size)}: the architecture has {architecture.spatial_dims} axes"
        )
    if any(n < 1 or n % d for n, d in zip(image_size, divisor, strict=True)):
        raise GraphError(
            f"size {spell(image_size)}: every axis must be a multiple of {spell(divisor)}"
        )
    return image_size
