"""Count what each node and each edge of a compiled network costs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Literal

from pydantic import BaseModel, ConfigDict

from uxnet_compiler.analysis import ValueCost, cost
from uxnet_compiler.compiler import fitting_size
from uxnet_compiler.errors import GraphError
from uxnet_compiler.ir import Graph
from uxnet_compiler.lowering import lower, slot_name
from uxnet_compiler.passes import INFERENCE, Pass, run_passes, spell_pipeline
from uxnet_compiler.schema import INPUT, Genotype, drop_dead

Kind = Literal["node", "edge", "other"]
OTHER: Kind = "other"


class PartCosts(BaseModel):
    """What a node or an edge costs for one image.

    Attributes:
        id: Name of the node, or `source>target`.
        kind: `other` is what passes made that belongs to no node and no edge.
        params: Trained numbers.
        macs: Multiply-accumulates of its convolutions.
        num_bytes: Bytes of the float32 feature maps that it makes.
        ms: Median time in milliseconds; `None` when it was not measured.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    kind: Kind
    params: int
    macs: int
    num_bytes: int
    ms: float | None


class Costs(BaseModel):
    """What a compiled network costs for one image.

    Attributes:
        name: Of the genotype.
        id: Identity of the architecture.
        image_size: What the costs are for, voxels per axis (D, H, W).
        passes: Rewrites that the network went through, spelled.
        params: Trained numbers.
        macs: Multiply-accumulates of the convolutions.
        peak_bytes: Most bytes of float32 feature maps alive at once in inference.
        map_bytes: Bytes of all feature maps together.
        parts: Nodes sorted by stage and level, then edges, then what belongs to neither.
        runtime: What ran the network; `None` when nothing was measured.
        threads: Threads that it used.
        repeats: Runs that the medians are over.
        ms: Median time of the whole network in milliseconds, measured apart from the parts.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    id: str
    image_size: tuple[int, ...]
    passes: str
    params: int
    macs: int
    peak_bytes: int
    map_bytes: int
    parts: tuple[PartCosts, ...]
    runtime: Literal["torch"] | None = None
    threads: int | None = None
    repeats: int | None = None
    ms: float | None = None


def count(
    genotype: Genotype,
    image_size: tuple[int, ...] | None = None,
    *,
    passes: Sequence[Pass] = INFERENCE,
) -> Costs:
    """Return what the network of a genotype costs, without running it.

    Args:
        genotype: Any family's.
        image_size: As for `uxnet_compiler.compiler.fitting_size`.
        passes: Rewrites that the network goes through.

    Raises:
        GraphError: The size does not fit the architecture.
    """
    size = fitting_size(genotype.architecture, image_size)
    return costs_of(genotype, size, passes, run_passes(lower(genotype.architecture), passes))


def common_size(
    genotypes: Sequence[Genotype], image_size: tuple[int, ...] | None = None
) -> tuple[int, ...]:
    """Return one size of image that fits several architectures, as `fitting_size` does for one.

    Raises:
        GraphError: One has another number of axes, or the size does not fit one.
    """
    architectures = [genotype.architecture for genotype in genotypes]
    axes = [architecture.spatial_dims for architecture in architectures]
    if len(set(axes)) > 1:
        found = " and ".join(f"{n}-D" for n in sorted(set(axes)))
        raise GraphError(f"{found} networks cannot be compared")
    if image_size is None:
        defaults = [fitting_size(architecture) for architecture in architectures]
        steps = [
            math.lcm(*strides)
            for strides in zip(*(a.total_stride for a in architectures), strict=True)
        ]
        image_size = tuple(
            -(-max(sizes) // step) * step
            for sizes, step in zip(zip(*defaults, strict=True), steps, strict=True)
        )
    for architecture in architectures:
        fitting_size(architecture, image_size)
    return image_size


def costs_of(
    genotype: Genotype,
    size: tuple[int, ...],
    passes: Sequence[Pass],
    graph: Graph,
    times: Mapping[str, float] | None = None,
) -> Costs:
    """Return the costs of the graph that the passes made of a genotype.

    Args:
        genotype: Any family's.
        size: Voxels per axis, checked.
        passes: Those that made the graph.
        graph: The network.
        times: Milliseconds by value, when it was measured.
    """
    found = cost(graph, size)
    slots = found.slots()
    del slots[INPUT]
    taken: dict[str, float] = defaultdict(float)
    for name, ms in (times or {}).items():
        taken[name.partition(".")[0]] += ms
    known = _known(genotype)
    # Passes may make values that belong to no node and to no edge.
    others = {slot: (slot, OTHER) for slot in sorted(slots.keys() - known.keys())}
    return Costs(
        name=genotype.name,
        id=genotype.id,
        image_size=size,
        passes=spell_pipeline(passes),
        params=found.params,
        macs=found.macs,
        peak_bytes=found.peak_bytes,
        map_bytes=found.map_bytes,
        parts=tuple(
            PartCosts(
                id=name,
                kind=kind,
                **asdict(slots.get(slot, ValueCost(0, 0, 0))),
                ms=None if times is None else taken[slot],
            )
            for slot, (name, kind) in (known | others).items()
            if kind != OTHER or slots[slot].num_bytes
        ),
    )


def _known(genotype: Genotype) -> dict[str, tuple[str, Kind]]:
    """Return the name and the kind of each part of the living document, by its slot."""
    pruned = drop_dead(genotype.architecture)
    nodes = sorted(pruned.nodes, key=lambda n: (n.stage, n.level, n.id))
    known: dict[str, tuple[str, Kind]] = {slot_name(n.id): (n.id, "node") for n in nodes}
    for edge in pruned.edges:
        known[slot_name(edge.source, edge.target)] = (edge.key, "edge")
    return known
