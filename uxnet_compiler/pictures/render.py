"""Draw a genotype, as Fig. 4 of the UXNet paper does, and write the drawing to a file."""

from __future__ import annotations

import re
from pathlib import Path

import graphviz

from uxnet_compiler.errors import BackendError
from uxnet_compiler.files import replacing, write_text
from uxnet_compiler.pictures.compose import compose
from uxnet_compiler.pictures.dot import to_dot
from uxnet_compiler.pictures.figure import Figure
from uxnet_compiler.pictures.paint import paint
from uxnet_compiler.pictures.scene import Scene, scene
from uxnet_compiler.pictures.svg import to_svg
from uxnet_compiler.pictures.themes import theme_called
from uxnet_compiler.schema import Genotype

FORMATS = ("svg", "pdf", "png", "gv")
MAX_NODES, MAX_EDGES = 1000, 4000
DPI = "200"


def figure_of(shown: Scene, theme: str = "paper") -> Figure:
    """Return the figure of any scene.

    Raises:
        UnknownNameError: There is no such theme.
    """
    chosen = theme_called(theme)
    return paint(shown, compose(shown, chosen.metrics), chosen)


def picture(
    genotype: Genotype, *, pruned: bool = False, theme: str = "paper", source: str = "genotype"
) -> Figure:
    """Return the drawing of a genotype.

    Columns are stages, rows are levels, the finest on top.

    Args:
        genotype: Any family's.
        pruned: Also draw, in grey, what the search cut.
        theme: Name of a theme.
        source: Where the genotype comes from, for messages.

    Raises:
        BackendError: It is too large to be drawn.
        GenotypeError: `pruned` is asked for, but no fitting search space is named.
        UnknownNameError: There is no such theme.
    """
    nodes, edges = len(genotype.architecture.nodes), len(genotype.architecture.edges)
    if nodes > MAX_NODES or edges > MAX_EDGES:
        raise BackendError(
            f"{source}: {nodes} nodes and {edges} edges are too many to draw;"
            f" the limits are {MAX_NODES} and {MAX_EDGES}"
        )
    return figure_of(scene(genotype, pruned=pruned, source=source), theme)


def draw(genotype: Genotype, *, pruned: bool = False, source: str = "genotype") -> graphviz.Digraph:
    """Return the drawing as a graph whose positions are all pinned; arguments as of `picture`."""
    return to_dot(picture(genotype, pruned=pruned, source=source))


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
    save(picture(genotype, pruned=pruned, theme=theme, source=source), path)


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
    text = graph.source
    if format_ == "gv":
        write_text(path, text)
        return
    if format_ == "png":
        graph.graph_attr["dpi"] = DPI
    try:
        data = graph.pipe(format=format_, neato_no_op=2)
    except graphviz.ExecutableNotFound:
        spare = path.with_suffix(".gv")
        write_text(spare, text)
        raise BackendError(
            f"{path}: needs the program Graphviz (`apt install graphviz`, `brew install graphviz`,"
            f" https://graphviz.org); wrote {spare} for it instead"
        ) from None
    except graphviz.CalledProcessError as error:
        reason = (error.stderr or b"").decode(errors="replace").strip().splitlines()
        raise BackendError(
            f"{path}: Graphviz failed: {reason[0] if reason else 'it gave no reason'}"
        ) from None
    if format_ == "pdf":
        data = re.sub(rb"/CreationDate \(D:\d{14}", b"/CreationDate (D:19700101000000", data)
    with replacing(path) as draft:
        draft.write_bytes(data)
