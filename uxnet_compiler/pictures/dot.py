"""Write a drawing as a Graphviz graph in which every position is pinned."""

from __future__ import annotations

from collections.abc import Mapping

import graphviz

from uxnet_compiler.pictures.furniture import Caption, Furniture
from uxnet_compiler.pictures.geometry import END_TEXT, LINK_TEXT, NODE_TEXT, Geometry
from uxnet_compiler.pictures.scene import Box, Link, Scene
from uxnet_compiler.pictures.shapes import ARROW, Curve, Point, Rect
from uxnet_compiler.pictures.typography import FONT, text_width

# Okabe and Ito's colours, which the colour-blind tell apart; the strokes do so in grey.
INK, FAINT, CUT = "#222222", "#6b6b6b", "#b4b4b4"
STROKES: Mapping[str, dict[str, str]] = {
    "coarser": {"color": "#0072B2", "style": "dashed", "penwidth": "1.3"},
    "same": {"color": INK, "style": "solid", "penwidth": "1"},
    "finer": {"color": "#D55E00", "style": "solid", "penwidth": "1.8"},
    "cut": {"color": CUT, "style": "dashed", "penwidth": "0.8"},
}
FILLS = {"op": "#ffffff", "pass": "#ffffff", "end": "#ececec"}
POINTS_PER_INCH = 72


def to_dot(
    scene: Scene, geometry: Geometry, labels: Mapping[int, Rect], furniture: Furniture
) -> graphviz.Digraph:
    """Return the graph; `neato -n2` draws it without moving anything."""
    graph = graphviz.Digraph(
        "genotype",
        engine="neato",
        graph_attr={
            "bgcolor": "white",
            "fontname": FONT,
            "outputorder": "edgesfirst",
            "pad": "0.15",
            "splines": "true",
        },
        node_attr={"fixedsize": "true", "fontname": FONT, "fontcolor": INK, "margin": "0"},
        edge_attr={"arrowsize": _number(ARROW / 10), "fontname": FONT},
    )
    for box in scene.boxes:
        _add_box(graph, box, geometry.rects[box.id])
    for link, curve in zip(scene.links, geometry.curves, strict=True):
        _add_link(graph, link, curve)
    for index, rect in sorted(labels.items()):
        link = scene.links[index]
        graph.node(
            f"_label{index}",
            _text(link.label),
            **_place(rect),
            shape="box",
            style="filled",
            color="white",
            fillcolor="white",
            penwidth="0",
            fontsize=_number(LINK_TEXT),
            fontcolor=STROKES[link.way]["color"],
        )
    for index, caption in enumerate(furniture.captions):
        _add_caption(graph, f"_caption{index}", caption)
    for kind, curve in furniture.samples.items():
        _add_sample(graph, kind, curve)
    return graph


def _add_box(graph: graphviz.Digraph, box: Box, rect: Rect) -> None:
    shape = {
        "shape": "circle" if box.shape == "pass" else "box",
        "style": "rounded,filled" if box.shape != "pass" else "filled",
        "fillcolor": FILLS[box.shape],
        "color": INK if box.shape != "end" else FILLS["end"],
        "penwidth": "1.1",
    }
    if box.cut:
        shape |= {"style": "rounded,filled,dashed", "color": CUT, "penwidth": "0.8"}
    graph.node(
        box.id,
        _text(*box.lines),
        **_place(rect),
        **shape,
        fontsize=_number(END_TEXT if box.shape == "end" else NODE_TEXT),
        tooltip=_text(box.note),
    )


def _add_link(graph: graphviz.Digraph, link: Link, curve: Curve) -> None:
    stroke = dict(STROKES["cut" if link.cut else link.way])
    if link.cut and link.gate is not None:
        stroke["penwidth"] = _number(0.4 + 1.2 * link.gate)
    graph.edge(link.source, link.target, pos=_pos(curve), tooltip=_text(link.note), **stroke)


def _add_caption(graph: graphviz.Digraph, name: str, caption: Caption) -> None:
    width = 1.2 * text_width(caption.text, caption.size) + 10
    x = caption.x if caption.is_centred else caption.x + width / 2
    rect = Rect(x, caption.y, width, 1.3 * caption.size)
    graph.node(
        name,
        _text(caption.text) if caption.is_centred else graphviz.nohtml(_text(caption.text) + r"\l"),
        **_place(rect),
        shape="plaintext",
        fontsize=_number(caption.size),
        fontcolor=FAINT if caption.is_faint else INK,
    )


def _add_sample(graph: graphviz.Digraph, kind: str, curve: Curve) -> None:
    ends = (f"_{kind}_from", f"_{kind}_to")
    for name, point in zip(ends, (curve.points[0], curve.tip), strict=True):
        place = _place(Rect(*point, 0.72, 0.72))
        graph.node(name, "", **place, shape="point", style="invis")
    graph.edge(*ends, pos=_pos(curve), **STROKES[kind])


def _text(*lines: str) -> str:
    r"""Make Graphviz print lines as they are: no escapes, no entities, no markup."""
    plain = (graphviz.escape(line).replace("&", "&amp;") for line in lines)
    text: str = graphviz.nohtml(r"\n".join(plain))
    return text


def _place(rect: Rect) -> dict[str, str]:
    return {
        "pos": f"{_spot((rect.x, rect.y))}!",
        "width": _number(rect.width / POINTS_PER_INCH, 4),
        "height": _number(rect.height / POINTS_PER_INCH, 4),
    }


def _pos(curve: Curve) -> str:
    return " ".join([f"e,{_spot(curve.tip)}", *map(_spot, curve.points)])


def _spot(point: Point) -> str:
    return ",".join(map(_number, point))


def _number(value: float, digits: int = 2) -> str:
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
