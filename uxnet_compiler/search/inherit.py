"""Give a compiled network the weights that the supernet trained for its ops."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from uxnet_compiler.backends.safetensors import read_weights
from uxnet_compiler.backends.weights import tensor_shapes
from uxnet_compiler.compiler import network_graph
from uxnet_compiler.errors import RunError
from uxnet_compiler.lowering import op_names, slot_name
from uxnet_compiler.ops import LayerOp
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.schema import Genotype
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.spaces import FAMILIES, Slot, Space

SUPERNET_FILE = "supernet.safetensors"


def inherited_weights(run: Path, genotype: Genotype) -> dict[str, Tensor]:
    """Return the weights of a compiled genotype, taken from the supernet of a search run.

    Raises:
        BackendError: The run has no supernet, or it cannot be read.
        RunError: It is of another space or size.
    """
    path = run / SUPERNET_FILE
    supernet = read_weights(path)
    folder = RunFolder(run)
    if folder.config_path.is_file():
        config = folder.read(folder.config_path, SearchConfig)
        if config.relaxation == "partial":
            raise RunError(
                f"{run}: its candidates saw 1/{config.partial_channels} of the channels, so no"
                " network can inherit from it; train one with `uxnet train`"
            )
    if genotype.space is None:
        raise RunError(
            f"{genotype.name}: names no search space, so it cannot inherit from {run.name}"
        )
    space = FAMILIES[genotype.space.family].space(genotype.space)
    return inherit(space, genotype, supernet, str(path))


def inherit(
    space: Space, genotype: Genotype, supernet: Mapping[str, Tensor], source: str
) -> dict[str, Tensor]:
    """Pick from a supernet's state dict what a compiled genotype of its space needs.

    Raises:
        RunError: The genotype has ops that the space does not offer, or sizes differ.
    """
    slots = {slot_name(node.id): node.slot for node in space.nodes}
    slots |= {slot_name(edge.source, edge.target): edge.slot for edge in space.edges}
    parts = {slot_name(node.id): node.ops for node in genotype.architecture.nodes}
    gated = set(space.gates) if genotype.space is not None and genotype.space.soft else set()
    parts |= {
        # The gate that an edge carries is no op of the space, and has no weights.
        slot_name(edge.source, edge.target): edge.ops[: -1 if edge.key in gated else None]
        for edge in genotype.architecture.edges
    }
    origin: dict[str, str] = {}
    for name, ops in parts.items():
        candidate = _candidate(slots[name], ops) if name in slots else None
        if candidate is None:
            raise RunError(f"{source}: the space of the search offers no such ops at {name}")
        origin |= dict(
            zip(op_names(name, ops), _origins(name, slots[name], candidate), strict=True)
        )
    weights: dict[str, Tensor] = {}
    for key, shape in tensor_shapes(network_graph(genotype.architecture)).items():
        value, _, field = key.rpartition(".")
        found = supernet.get(f"{origin[value]}.{field}")
        if found is None or tuple(found.shape) != shape:
            have = "nothing" if found is None else str(tuple(found.shape))
            raise RunError(
                f"{source}: {key} needs {shape}, the supernet has {have}; compile a"
                " genotype of this run"
            )
        weights[key] = found
    return weights


def _candidate(slot: Slot, ops: tuple[LayerOp, ...]) -> str | None:
    """Find which candidate makes these ops; the empty string when there is no choice."""
    if slot.choice is None:
        return "" if slot.ops(None) == ops else None
    return slot.candidate(ops)


def _origins(name: str, slot: Slot, candidate: str) -> list[str]:
    """List where the supernet keeps each op of a slot, in order."""
    places = op_names(f"slots.{name}.before", slot.before)
    if candidate:
        places += op_names(f"slots.{name}.candidates.{candidate}", slot.candidates[candidate])
    if candidate not in slot.bare:
        places += op_names(f"slots.{name}.after", slot.after)
    return places
