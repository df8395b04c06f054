"""A drawing of the lowered network: every op, those of an unbranched stretch in one box."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from uxnet_compiler.compiler import network_graph
from uxnet_compiler.ir import Graph, Value
from uxnet_compiler.ops import NORMS, Concat, Conv, Input, Output, Sum, TransposedConv
from uxnet_compiler.pictures.looks import look_of
from uxnet_compiler.pictures.scene import grid_of, subtitle_of, way_between
from uxnet_compiler.pictures.scene_parts import Box, Link, Scene
from uxnet_compiler.pictures.typography import TIMES, printable, spelled
from uxnet_compiler.schema import Genotype
from uxnet_compiler.wording import counted

LONGEST = 9  # ops in a box

Chain = list[Value]


def network(genotype: Genotype) -> Scene:
    """Return what to draw of the network that a genotype is compiled to for training.

    Columns are steps of computation, rows are grids, the finest on top.
    """
    graph = network_graph(genotype.architecture)
    scales = sorted({value.type.scale for value in graph.values()})
    level = {scale: index for index, scale in enumerate(scales)}
    home: dict[str, Box] = {}
    boxes, links = [], []
    for chain in _chains(graph):
        first = chain[0]
        sources = list({home[name].id: home[name] for name in first.inputs}.values())
        stage = max((source.stage + 1 for source in sources), default=-1)
        box = _box(chain, stage, level[first.type.scale])
        boxes.append(box)
        home |= {value.id: box for value in chain}
        for source in sources:
            way = way_between(source.level, box.level)
            links.append(Link(source.id, box.id, way, note=f"{source.id} > {box.id}"))
    counts = Counter(
        value.type.scale for value in graph.values() if not isinstance(value.op, (Input, Output))
    )
    return Scene(
        spatial_dims=genotype.architecture.spatial_dims,
        title=printable(genotype.name),
        subtitle=subtitle_of(genotype),
        rows=tuple((grid_of(scale), counted(counts[scale], "op")) for scale in scales),
        boxes=tuple(sorted(boxes, key=lambda box: box.id)),
        links=tuple(sorted(links, key=lambda link: (link.source, link.target))),
        remarks=("In brackets: channels.",),
        hidden="",
        heads="step",
    )


def _chains(graph: Graph) -> list[Chain]:
    """Cut the network into stretches without branches on one grid, in order of computation."""
    chains: list[Chain] = []
    last: dict[str, Chain] = {}
    for value in graph.values():
        chain = last.get(value.inputs[0]) if len(value.inputs) == 1 else None
        if chain is not None and _goes_on(graph, chain, value):
            chain.append(value)
        else:
            chain = [value]
            chains.append(chain)
        last[value.id] = chain
    return chains


def _goes_on(graph: Graph, chain: Chain, value: Value) -> bool:
    before = chain[-1]
    return (
        before.id == value.inputs[0]
        and len(chain) < LONGEST
        and len(graph.readers(before.id)) == 1
        and before.type.scale == value.type.scale
        and not isinstance(before.op, Input)
        and not isinstance(value.op, Output)
    )


def _box(chain: Chain, stage: int, level: int) -> Box:
    first = chain[0]
    note = "; ".join(f"{value.id}: {value.op.label}, {value.type}" for value in chain)
    if isinstance(first.op, (Input, Output)):
        channels = first.type.channels
        lines = (first.op.kind, counted(channels, "channel"))
        return Box(first.id, stage, level, lines, "end", look="end", note=note)
    if len(chain) == 1 and isinstance(first.op, Sum):
        return Box(first.id, stage, level, ("+",), "pass", look="pass", note=note)
    look = look_of([value.op for value in chain])
    return Box(first.id, stage, level, tuple(_lines(chain)), look=look, note=note)


def _lines(chain: Sequence[Value]) -> Iterator[str]:
    for label, run in groupby(map(_label, chain)):
        times = len(list(run))
        yield label if times == 1 else f"{times} {TIMES} {label}"


def _label(value: Value) -> str:
    if isinstance(value.op, NORMS):
        return f"{value.op.label} norm"
    label = spelled(value.op.label)
    if isinstance(value.op, (Conv, TransposedConv, Concat)):
        return f"{label} ({value.type.channels})"
    return label
