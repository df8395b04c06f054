"""Write a figure as SVG that may stand in a page of a strict content policy.

No scripts, no styles, no references: attributes alone. Every part tells by `data-` attributes what
it is, so that a page can find it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from uxnet_compiler.pictures.figure import Dash, Figure, Panel, Stroke, Words
from uxnet_compiler.pictures.numbers import number
from uxnet_compiler.pictures.shapes import Point, Rect
from uxnet_compiler.pictures.typography import FONT, LINE, harmless

ROUNDING = 12.0  # as Graphviz rounds: at most a third of a side
BASELINE = 0.35  # of the size of a text, below its middle
HEAD = 0.35  # half of the width of an arrow head, in lengths
DASHES: Mapping[Dash, str] = {"dashed": "5 2", "dotted": "1 5"}


def to_svg(figure: Figure, *, prefix: str = "") -> str:
    """Return the drawing as one `<svg>` element.

    Args:
        figure: What to draw.
        prefix: Ahead of every id, for pages with several drawings.
    """
    pen = _Pen(figure, prefix)
    width, height = number(figure.frame.width), number(figure.frame.height)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        f" aria-label={_attribute(figure.title)} font-family={_attribute(FONT)}>"
    )
    lines = [
        head,
        f"<title>{_text(figure.title)}</title>",
        f'<rect width="{width}" height="{height}" fill="{figure.background}"/>',
    ]
    for panel in figure.frames:
        lines += pen.panel(panel)
    for stroke in figure.strokes:
        lines += pen.stroke(stroke)
    for panel in figure.panels:
        lines += pen.panel(panel)
    lines += [pen.words(words) for words in figure.words]
    return "\n".join([*lines, "</svg>"]) + "\n"


class _Pen:
    def __init__(self, figure: Figure, prefix: str) -> None:
        self.left, self.top, self.prefix = figure.frame.left, figure.frame.top, prefix

    def panel(self, panel: Panel) -> Iterator[str]:
        shape = self._shape(panel)
        texts = "".join(self._lines(panel))
        data = {"part-of": panel.part_of} if panel.part_of else {"id": panel.id}
        yield self._open(panel.id, panel.group, panel.tooltip, data) + shape + texts + "</g>"

    def stroke(self, stroke: Stroke) -> Iterator[str]:
        data = {"source": stroke.source, "target": stroke.target} if stroke.source else {}
        first, *rest = (self._spot(point) for point in stroke.curve.points)
        dash = DASHES.get(stroke.dash)
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        yield (
            self._open(stroke.id, stroke.group, stroke.tooltip, data)
            + f'<path d="M{first}C{" ".join(rest)}" fill="none" stroke="{stroke.colour}"'
            f' stroke-width="{number(stroke.width)}"{dashes}/>'
            f'<polygon points="{self._head(stroke)}" fill="{stroke.colour}"'
            f' stroke="{stroke.colour}" stroke-width="{number(stroke.width / 2)}"/></g>'
        )

    def words(self, words: Words) -> str:
        x, y = number(words.x - self.left), number(self.top - words.y + BASELINE * words.size)
        anchor = ' text-anchor="middle"' if words.anchor == "middle" else ""
        kind = f" class={_attribute(words.group)}" if words.group else ""
        return (
            f'<text{kind} x="{x}" y="{y}" font-size="{number(words.size)}"'
            f' fill="{words.colour}"{anchor}>{_text(words.text)}</text>'
        )

    def _open(self, name: str, group: str, tooltip: str, data: Mapping[str, str]) -> str:
        told = "".join(f" data-{key}={_attribute(value)}" for key, value in data.items())
        kind = f" class={_attribute(group)}" if group else ""
        label = f' role="img" aria-label={_attribute(tooltip)}' if tooltip else ""
        title = f"<title>{_text(tooltip)}</title>" if tooltip else ""
        return f"<g id={_attribute(self.prefix + name)}{kind}{told}{label}>{title}"

    def _shape(self, panel: Panel) -> str:
        rect = panel.rect
        if panel.fill is None and panel.stroke is None:
            return ""
        x, y = rect.left - self.left, self.top - rect.top
        colours = f' fill="{panel.fill or "none"}"'
        if panel.stroke is not None:
            colours += f' stroke="{panel.stroke}" stroke-width="{number(panel.width)}"'
            dash = DASHES.get(panel.dash)
            colours += f' stroke-dasharray="{dash}"' if dash else ""
        if panel.shape == "circle":
            middle = f'cx="{number(x + rect.width / 2)}" cy="{number(y + rect.height / 2)}"'
            return f'<circle {middle} r="{number(rect.width / 2)}"{colours}/>'
        corner = min(ROUNDING, rect.width / 3, rect.height / 3)
        rounding = f' rx="{number(corner)}"' if panel.shape == "round" else ""
        box = (
            f'<rect x="{number(x)}" y="{number(y)}" width="{number(rect.width)}"'
            f' height="{number(rect.height)}"{rounding}{colours}/>'
        )
        if panel.shape != "chord":
            return box
        return box + f'<path d="{self._chords(rect, corner)}"{colours}/>'

    def _chords(self, rect: Rect, corner: float) -> str:
        ways = []
        for x, inwards in ((rect.left, corner), (rect.right, -corner)):
            for y, down in ((rect.top, -corner), (rect.bottom, corner)):
                ways.append(f"M{self._spot((x + inwards, y))}L{self._spot((x, y + down))}")
        return "".join(ways)

    def _lines(self, panel: Panel) -> Iterator[str]:
        x = number(panel.rect.x - self.left)
        middle = self.top - panel.rect.y + BASELINE * panel.size
        for index, line in enumerate(panel.lines):
            y = middle + (index - (len(panel.lines) - 1) / 2) * LINE * panel.size
            yield (
                f'<text x="{x}" y="{number(y)}" font-size="{number(panel.size)}"'
                f' fill="{panel.ink}" text-anchor="middle">{_text(line)}</text>'
            )

    def _head(self, stroke: Stroke) -> str:
        (x0, y0), (x1, y1) = stroke.curve.points[-1], stroke.curve.tip
        across = (HEAD * (y1 - y0), HEAD * (x0 - x1))
        corners = (
            (x0 + across[0], y0 + across[1]),
            (x1, y1),
            (x0 - across[0], y0 - across[1]),
        )
        return " ".join(map(self._spot, corners))

    def _spot(self, point: Point) -> str:
        return f"{number(point[0] - self.left)},{number(self.top - point[1])}"


def _text(text: str) -> str:
    return escape(harmless(text))


def _attribute(text: str) -> str:
    return quoteattr(harmless(text))
