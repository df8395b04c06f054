"""Draw a genotype, as Fig. 4 of the UXNet paper does, and write the drawing to a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import graphviz

from uxnet_compiler.errors import BackendError
from uxnet_compiler.files import replacing, write_text
from uxnet_compiler.pictures.compose import compose
from uxnet_compiler.pictures.dot import to_dot
from uxnet_compiler.pictures.figure import Figure
from uxnet_compiler.pictures.network import network
from uxnet_compiler.pictures.numbers import number
from uxnet_compiler.pictures.paint import paint
from uxnet_compiler.pictures.scene import scene
from uxnet_compiler.pictures.scene_parts import Scene
from uxnet_compiler.pictures.summary import summary
from uxnet_compiler.pictures.svg import to_svg
from uxnet_compiler.pictures.themes import theme_called
from uxnet_compiler.schema import Genotype

Detail = Literal["stages", "nodes", "ops"]
FORMATS = ("svg", "pdf", "png", "gv")
MAX_NODES, MAX_EDGES = 1000, 4000
DPI = 200.0
MOST_PIXELS = 16e6  # a larger picture is drawn coarser


class _NoGraphvizError(BackendError):
    """The program Graphviz is not there."""


def figure_of(shown: Scene, theme: str = "paper") -> Figure:
    """Return the figure of any scene.

    Raises:
        UnknownNameError: There is no such theme.
    """
    chosen = theme_called(theme)
    return paint(shown, compose(shown, chosen.metrics), chosen)


def picture(
    genotype: Genotype,
    *,
    pruned: bool = False,
    detail: Detail = "nodes",
    theme: str = "paper",
    source: str = "genotype",
) -> Figure:
    """Return the drawing of a genotype.

    Args:
        genotype: Any family's.
        pruned: Also draw, in grey, what the search cut.
        detail: `stages` makes one box of each cell, `nodes` draws the nodes of the document,
            `ops` the network that it is compiled to. Only `nodes` can show what was cut.
        theme: Name of a theme.
        source: Where the genotype comes from, for messages.

    Raises:
        BackendError: It is too large to be drawn, or `pruned` does not fit the detail.
        GenotypeError: `pruned` is asked for, but no fitting search space is named.
        UnknownNameError: There is no such theme.
    """
    _require_drawable(len(genotype.architecture.nodes), len(genotype.architecture.edges), source)
    if pruned and detail != "nodes":
        raise BackendError(f"{source}: what was cut can be drawn at the detail 'nodes' alone")
    if detail == "nodes":
        shown = scene(genotype, pruned=pruned, source=source)
    else:
        shown = summary(genotype) if detail == "stages" else network(genotype)
        _require_drawable(len(shown.boxes), len(shown.links), source)
    return figure_of(shown, theme)


def _require_drawable(nodes: int, edges: int, source: str) -> None:
    if nodes > MAX_NODES or edges > MAX_EDGES:
        raise BackendError(
            f"{source}: {nodes} nodes and {edges} edges are too many to draw;"
            f" the limits are {MAX_NODES} and {MAX_EDGES}"
        )


def draw(
    genotype: Genotype,
    *,
    pruned: bool = False,
    detail: Detail = "nodes",
    theme: str = "paper",
    source: str = "genotype",
) -> graphviz.Digraph:
    """Return the drawing as a graph whose positions are all pinned; arguments as of `picture`."""
    return to_dot(picture(genotype, pruned=pruned, detail=detail, theme=theme, source=source))


def require_format(path: Path) -> str:
    """Return the format that the suffix of a path names.

    Raises:
        BackendError: It is none of `FORMATS`.
    """
    format_ = path.suffix.removeprefix(".").lower()
    if format_ not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise BackendError(f"{path}: cannot draw {path.suffix or 'without a suffix'}; use {known}")
    return format_


def render(
    genotype: Genotype,
    path: Path,
    *,
    pruned: bool = False,
    detail: Detail = "nodes",
    theme: str = "paper",
    source: str = "genotype",
) -> None:
    """Write the drawing in the format that the suffix names; the bytes carry no date.

    Raises:
        BackendError: As for `save`, and for `picture`.
        GenotypeError: As for `picture`.
        UnknownNameError: As for `picture`.
    """
    require_format(path)
    save(picture(genotype, pruned=pruned, detail=detail, theme=theme, source=source), path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure in the format that the suffix names; the bytes carry no date.

    Raises:
        BackendError: The suffix is unknown, or Graphviz is missing, which .pdf and .png need; then
            the drawing is written as `.gv` beside `path`.
    """
    format_ = require_format(path)
    if format_ == "svg":
        write_text(path, to_svg(figure))
        return
    graph = to_dot(figure)
    if format_ == "gv":
        write_text(path, graph.source)
        return
    source = graph.source
    try:
        data = drawn(graph, format_, path, dpi=_dpi(figure) if format_ == "png" else None)
    except _NoGraphvizError as error:
        spare = path.with_suffix(".gv")
        write_text(spare, source)
        raise _NoGraphvizError(f"{error}; wrote {spare} for it instead") from None
    if format_ == "pdf":
        data = re.sub(rb"/CreationDate \(D:\d{14}", b"/CreationDate (D:19700101000000", data)
    with replacing(path) as draft:
        draft.write_bytes(data)


def _dpi(figure: Figure) -> str:
    inches = figure.frame.width * figure.frame.height / 72**2
    return number(min(DPI, (MOST_PIXELS / inches) ** 0.5))


def drawn(graph: graphviz.Digraph, format_: str, path: Path, *, dpi: str | None = None) -> bytes:
    """Let Graphviz draw what is to become the file at `path`.

    Raises:
        BackendError: Graphviz is missing, or failed.
    """
    if dpi is not None:
        graph.graph_attr["dpi"] = dpi
    try:
        data: bytes = graph.pipe(format=format_, neato_no_op=2)
    except graphviz.ExecutableNotFound:
        raise _NoGraphvizError(
            f"{path}: needs the program Graphviz (`apt install graphviz`, `brew install graphviz`,"
            " https://graphviz.org)"
        ) from None
    except graphviz.CalledProcessError as error:
        reason = (error.stderr or b"").decode(errors="replace").strip().splitlines()
        raise BackendError(
            f"{path}: Graphviz failed: {reason[0] if reason else 'it gave no reason'}"
        ) from None
    return data
