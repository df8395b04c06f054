"""Write a figure as a Graphviz graph in which every position is pinned."""

from __future__ import annotations

import graphviz

from uxnet_compiler.pictures.figure import Figure, Panel, Stroke, Words
from uxnet_compiler.pictures.numbers import number
from uxnet_compiler.pictures.shapes import Curve, Point, Rect
from uxnet_compiler.pictures.typography import FONT, harmless, text_width

POINTS_PER_INCH = 72
SHAPES = {
    "square": {"shape": "box", "style": "filled"},
    "round": {"shape": "box", "style": "rounded,filled"},
    "chord": {"shape": "box", "style": "diagonals,filled"},
    "circle": {"shape": "circle", "style": "filled"},
}
BEND = 0.5523  # of a quarter of a circle as a Bezier curve
ROUNDING = 12.0


def to_dot(figure: Figure) -> graphviz.Digraph:
    """Return the graph; `neato -n2` draws it without moving anything."""
    return _Writer(figure).graph


class _Writer:
    def __init__(self, figure: Figure) -> None:
        self.frame = figure.frame
        self.graph = graphviz.Digraph(
            "genotype",
            engine="neato",
            graph_attr={
                "bgcolor": figure.background,
                "fontname": FONT,
                "outputorder": "edgesfirst",
                "pad": "0",
                "splines": "true",
            },
            # "true" would warn of labels that a machine's font makes a little wider than Helvetica.
            node_attr={"fixedsize": "shape", "fontname": FONT, "label": "", "margin": "0"},
            edge_attr={"fontname": FONT},
        )
        if figure.frames:
            # Nodes would hide the edges, and neato knows no clusters.
            self.graph.graph_attr["_background"] = " ".join(map(self._backdrop, figure.frames))
        for index, sign in enumerate((-1, 1)):
            # These keep Graphviz from moving the rest to where the first box begins.
            x = self.frame.x + sign * self.frame.width / 2
            y = self.frame.y + sign * self.frame.height / 2
            self._point(f"_corner{index}", (x, y))
        for panel in figure.panels:
            self._panel(panel)
        for stroke in figure.strokes:
            self._stroke(stroke)
        for index, words in enumerate(figure.words):
            self._words(f"_words{index}", words)

    def _panel(self, panel: Panel) -> None:
        look = dict(SHAPES[panel.shape])
        if panel.stroke is None:
            look |= {"color": panel.fill or "transparent", "penwidth": "0"}
        else:
            look |= {"color": panel.stroke, "penwidth": number(panel.width)}
        if panel.fill is None and panel.stroke is None:
            look = {"shape": "plaintext"}
        elif panel.dash != "solid":
            look["style"] += f",{panel.dash}"
        look |= {"fillcolor": panel.fill or "transparent"} if "style" in look else {}
        if panel.lines:
            look |= {
                "label": _text(*panel.lines),
                "fontsize": number(panel.size),
                "fontcolor": panel.ink,
            }
        if panel.tooltip:
            look["tooltip"] = _text(panel.tooltip)
        self.graph.node(panel.id, **self._place(panel.rect), **look)

    def _stroke(self, stroke: Stroke) -> None:
        source, target = stroke.source, stroke.target
        if not source:
            source, target = f"{stroke.id}_from", f"{stroke.id}_to"
            self._point(source, stroke.curve.points[0])
            self._point(target, stroke.curve.tip)
        (x0, y0), (x1, y1) = stroke.curve.points[-1], stroke.curve.tip
        told = {"tooltip": _text(stroke.tooltip)} if stroke.tooltip else {}
        self.graph.edge(
            source,
            target,
            pos=self._pos(stroke.curve),
            color=stroke.colour,
            style=stroke.dash,
            penwidth=number(stroke.width),
            arrowsize=number(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 / 10),
            **told,
        )

    def _words(self, name: str, words: Words) -> None:
        width = 1.2 * text_width(words.text, words.size) + 10
        middle = words.anchor == "middle"
        rect = Rect(words.x if middle else words.x + width / 2, words.y, width, 1.3 * words.size)
        text = _text(words.text)
        self.graph.node(
            name,
            label=text if middle else graphviz.nohtml(text + r"\l"),
            **self._place(rect),
            shape="plaintext",
            fontsize=number(words.size),
            fontcolor=words.colour,
        )

    def _point(self, name: str, point: Point) -> None:
        place = self._place(Rect(*point, 0.72, 0.72))
        self.graph.node(name, **place, shape="point", style="invis")

    def _backdrop(self, panel: Panel) -> str:
        """Return a rounded rectangle in Graphviz's language of drawings."""
        rect = panel.rect
        r = min(ROUNDING, rect.width / 3, rect.height / 3)
        b = r * (1 - BEND)
        left, right, top, bottom = rect.left, rect.right, rect.top, rect.bottom
        points = [(left + r, top)]
        for curve in (
            ((right - r, top), (right - b, top), (right, top - b), (right, top - r)),
            ((right, bottom + r), (right, bottom + b), (right - b, bottom), (right - r, bottom)),
            ((left + r, bottom), (left + b, bottom), (left, bottom + b), (left, bottom + r)),
            ((left, top - r), (left, top - b), (left + b, top), (left + r, top)),
        ):
            points += [points[-1], curve[0], *curve]
        colour = panel.fill or "transparent"
        spots = " ".join(self._spot(point).replace(",", " ") for point in points)
        return f"c {len(colour)} -{colour} C {len(colour)} -{colour} b {len(points)} {spots}"

    def _place(self, rect: Rect) -> dict[str, str]:
        return {
            "pos": f"{self._spot((rect.x, rect.y))}!",
            "width": number(rect.width / POINTS_PER_INCH, 4),
            "height": number(rect.height / POINTS_PER_INCH, 4),
        }

    def _pos(self, curve: Curve) -> str:
        return " ".join([f"e,{self._spot(curve.tip)}", *map(self._spot, curve.points)])

    def _spot(self, point: Point) -> str:
        return f"{number(point[0] - self.frame.left)},{number(point[1] - self.frame.bottom)}"


def _text(*lines: str) -> str:
    r"""Make Graphviz print lines as they are: no escapes, no entities, no markup."""
    plain = (graphviz.escape(harmless(line)).replace("&", "&amp;") for line in lines)
    text: str = graphviz.nohtml(r"\n".join(plain))
    return text
