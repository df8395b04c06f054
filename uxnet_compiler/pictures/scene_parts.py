"""What a drawing is made of, without a place yet: boxes, links and clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from uxnet_compiler.pictures.looks import Look

Way = Literal["coarser", "same", "finer"]
Mark = Literal["kept", "cut", "removed", "added", "changed"]


@dataclass(frozen=True)
class Bar:
    """A candidate of a choice: its share of the belief, 0 to 1, and whether it was chosen.

    A `minor` one belongs to a choice of the node's edges and is drawn smaller.
    """

    name: str
    share: float
    chosen: bool = False
    minor: bool = False


@dataclass(frozen=True)
class Box:
    """A node, the input or the output.

    Attributes:
        id: Of the node.
        stage: Its column, unless an edge would run backwards.
        level: Its row, finest on top.
        lines: What it does, one op a line.
        shape: `op` for a box, `pass` for a dot that only merges, `end` for input and output.
        mark: What became of it.
        look: Family of what it does.
        bars: Shares of its candidates.
        was: What it did before, for a changed one.
        note: All about it, for a tooltip.
    """

    id: str
    stage: int
    level: int
    lines: tuple[str, ...]
    shape: Literal["op", "pass", "end"] = "op"
    mark: Mark = "kept"
    look: Look = "other"
    bars: tuple[Bar, ...] = ()
    was: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Link:
    """An edge between two boxes.

    Attributes:
        source: Id of the box that it starts at.
        target: Id of the box that it ends at.
        way: Where it leads.
        label: Its ops; those after a `spelling.THEN` are drawn on a line of their own.
        mark: What became of it.
        gate: Its strength, 0 to 1, when a search left evidence.
        note: All about it, for a tooltip.
    """

    source: str
    target: str
    way: Way
    label: str = ""
    mark: Mark = "kept"
    gate: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Cluster:
    """Boxes that belong together, drawn in a frame."""

    id: str
    caption: str
    boxes: tuple[str, ...]


@dataclass(frozen=True)
class Scene:
    """All that a drawing shows.

    Attributes:
        spatial_dims: 2 or 3.
        title: Name of the genotype.
        subtitle: Identity and cost.
        rows: Width and grid of each level.
        boxes: Sorted by id, input and output included.
        links: Sorted by source and target.
        clusters: Sorted by id.
        remarks: What a reader has to know besides the legend.
        stacked: What lines below each other mean.
        hidden: What it leaves out; `None` for what drawings of nodes leave out.
        heads: What a column is called, ahead of its number.
        compares: Whether it shows two architectures at once: what both have is then drawn pale.
        weighs: Whether links are drawn by their gates however alike these are, weak ones paler.
    """

    spatial_dims: int
    title: str
    subtitle: str
    rows: tuple[tuple[str, str], ...]
    boxes: tuple[Box, ...]
    links: tuple[Link, ...]
    clusters: tuple[Cluster, ...] = ()
    remarks: tuple[str, ...] = ()
    stacked: str = "Lines below each other: one after the other."
    hidden: str | None = None
    heads: str = "stage"
    compares: bool = False
    weighs: bool = False
