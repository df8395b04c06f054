"""The part of a report that shows one architecture: its drawing, its costs, where it comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass

from markupsafe import Markup

from uxnet_compiler.ops import spell
from uxnet_compiler.overview import Overview, legend, overview
from uxnet_compiler.pages.report.facts import (
    Cell,
    Facts,
    cost_heads,
    cost_rows,
    facts_of,
    facts_of_cells,
)
from uxnet_compiler.pages.web import drawing
from uxnet_compiler.pictures.cells import cells_of
from uxnet_compiler.pictures.render import MAX_EDGES, MAX_NODES
from uxnet_compiler.pictures.scene import scene
from uxnet_compiler.pictures.summary import summary
from uxnet_compiler.schema import Genotype, drop_dead
from uxnet_compiler.search.trust.model import Trust
from uxnet_compiler.wording import counted, mebibytes, short

Pairs = list[tuple[str, str]]
MOST_ROWS = 1000  # of the table of costs
WORTH = 0.75  # a drawing of cells is shown, too, when it has at most this part of the boxes


@dataclass(frozen=True)
class Drawing:
    """One drawing: its name for ids, what it shows, and what the cards of its parts say."""

    name: str
    label: str
    svg: Markup
    facts: Facts


@dataclass(frozen=True)
class Architecture:
    """What a report shows of one architecture.

    Attributes:
        name: Unique on the page, for ids.
        overview: Its numbers.
        drawings: Of its nodes, and of its cells first where they make a smaller one; none when
            it is too large to be drawn.
        totals: Size and cost in a few lines.
        heads: Of the table of costs.
        rows: Of the table of costs.
        left_out: Parts that the table has no room for, the cheapest.
        legend: Of the abbreviations in it.
        origin: Where it comes from.
    """

    name: str
    overview: Overview
    drawings: list[Drawing]
    totals: Pairs
    heads: list[str]
    rows: list[list[Cell]]
    left_out: int
    legend: str
    origin: Pairs


def architecture_of(
    genotype: Genotype, name: str, size: tuple[int, ...] | None = None, trust: Trust | None = None
) -> Architecture:
    """Gather what a report shows of a genotype.

    Args:
        genotype: Any family's.
        name: Unique on the page.
        size: Of the image that costs are for.
        trust: Of its search.

    Raises:
        GraphError: The size does not fit the architecture.
    """
    found = overview(genotype, size)
    rows = cost_rows(found)
    return Architecture(
        name=name,
        overview=found,
        drawings=_drawings(genotype, name, found, trust),
        totals=_totals(found),
        heads=cost_heads(found),
        rows=rows[:MOST_ROWS],
        left_out=max(0, len(rows) - MOST_ROWS),
        legend=legend((*found.nodes, *found.edges)),
        origin=_origin(found),
    )


def _drawings(genotype: Genotype, name: str, found: Overview, trust: Trust | None) -> list[Drawing]:
    nodes, edges = len(genotype.architecture.nodes), len(genotype.architecture.edges)
    if nodes > MAX_NODES or edges > MAX_EDGES:
        return []
    facts = facts_of(genotype, found, trust)
    whole, large = scene(genotype), summary(genotype)
    drawings = [Drawing(name, "Nodes", drawing(whole, name), facts)]
    if len(large.boxes) <= WORTH * len(whole.boxes):
        boxes = {box.id for box in large.boxes}
        cells = {
            cell.id: cell.boxes
            for cell in cells_of(drop_dead(genotype.architecture).nodes)
            if boxes & set(cell.boxes) == {cell.id}  # else its nodes were drawn one by one
        }
        id_ = f"{name}-cells"
        cards = facts_of_cells(large, cells, found)
        drawings.insert(0, Drawing(id_, "Cells", drawing(large, id_), cards))
    return drawings


def _totals(found: Overview) -> Pairs:
    channels = counted(found.in_channels, "channel")
    image = f"{found.spatial_dims}-D, {channels}, {spell(found.image_size)}"
    return [
        ("nodes and edges", f"{len(found.nodes)} and {len(found.edges)}"),
        ("parameters", f"{short(found.params)} ({found.params:,})"),
        ("multiply-accumulates", short(found.macs)),
        ("feature maps, peak in inference", mebibytes(found.peak_bytes)),
        ("feature maps, all (training)", mebibytes(found.map_bytes)),
        ("for an image of", image),
        ("image sizes are multiples of", spell(found.divisor)),
        ("classes", f"{found.out_channels}, background included"),
        ("channels per level", ", ".join(map(str, found.widths))),
        ("strides per level", ", ".join(map(spell, found.strides))),
    ]


def _origin(found: Overview) -> Pairs:
    pairs = [("name", found.name), ("id", found.id), ("structure", found.structure_id)]
    if found.space is not None:
        tau = "" if found.space.tau is None else f", tau {found.space.tau:g}"
        pairs.append(("space", f"{found.space.family}, version {found.space.version}{tau}"))
    source = found.provenance
    replaced = (f"{choice}: {candidate}" for choice, candidate in sorted(source.replaced.items()))
    said = [
        ("origin", source.origin),
        ("paper", source.paper),
        ("license", source.license),
        ("seed", "" if source.seed is None else str(source.seed)),
        ("software", ", ".join(f"{k} {v}" for k, v in sorted(source.software.items()))),
        *((f"data: {key}", _spelled(value)) for key, value in sorted(source.data.items())),
        ("kept so that the output is connected", ", ".join(source.repaired)),
        ("closed to stay within the limits", ", ".join(source.closed)),
        ("replaced to stay within the limits", ", ".join(replaced)),
    ]
    return pairs + [(name, text) for name, text in said if text]


def _spelled(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
