"""Turn a laid-out scene into a figure: the one place where colours, lines and shapes are chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from uxnet_compiler.pictures.boxes import bar_text, inside
from uxnet_compiler.pictures.compose import Layout
from uxnet_compiler.pictures.figure import Figure, Panel, Stroke, Words
from uxnet_compiler.pictures.furniture import Caption, Sample
from uxnet_compiler.pictures.legend import shows_gates
from uxnet_compiler.pictures.looks import OUTLINES
from uxnet_compiler.pictures.scene_parts import Bar, Box, Link, Scene
from uxnet_compiler.pictures.shapes import Curve, Point, Rect
from uxnet_compiler.pictures.spelling import THEN
from uxnet_compiler.pictures.themes import PAPER, Pen, Theme
from uxnet_compiler.pictures.typography import LINE, text_width

DOUBLE = 2.6  # distance of the two lines of a double border
PALEST = 0.25  # part of its colour that a link with a closed gate keeps
BAND = 4.0  # thickness of the band that marks a family


def paint(scene: Scene, layout: Layout, theme: Theme = PAPER) -> Figure:
    """Return the figure of a scene."""
    brush = _Brush(scene, layout, theme)
    frames = [
        Panel(f"_cluster_{name}", rect, "round", fill=theme.frame, group="cluster")
        for name, (rect, _) in sorted(layout.clusters.items())
    ]
    panels = [p for box in scene.boxes for p in brush.box(box, layout.rects[box.id], box.id)]
    panels += [brush.label(index, rect) for index, rect in sorted(layout.labels.items())]
    strokes = [
        brush.link(link, curve, f"_link{index}")
        for index, (link, curve) in enumerate(zip(scene.links, layout.curves, strict=True))
    ]
    for index, sample in enumerate(layout.furniture.samples):
        for made in brush.sample(sample, f"__key{index}"):
            if isinstance(made, Stroke):
                strokes.append(made)
            else:
                panels.append(made)
    captions = [
        *(brush.words(caption, "cluster") for _, caption in layout.clusters.values()),
        *(brush.words(caption, "caption") for caption in layout.furniture.captions),
    ]
    return Figure(
        title=scene.title,
        frame=layout.frame,
        background=theme.paper,
        frames=tuple(frames),
        strokes=tuple(strokes),
        panels=tuple(panels),
        words=tuple(words for words in captions if words.text),
    )


class _Brush:
    """Colours for one scene in one theme."""

    def __init__(self, scene: Scene, layout: Layout, theme: Theme) -> None:
        self.scene, self.layout, self.theme = scene, layout, theme
        self.by_gate = shows_gates(scene)

    def box(self, box: Box, rect: Rect, name: str) -> Iterator[Panel]:
        theme, metrics = self.theme, self.layout.metrics
        pen, fill, ink = self._border(box)
        shape = "circle" if rect.is_round else OUTLINES[box.look]
        if box.was or (not rect.is_round and shape == "circle"):
            shape = "square" if box.was else "round"
        places = inside(box, rect, metrics)
        plain = not (box.was or box.bars)
        whole = Panel(
            name,
            rect,
            shape,
            fill=fill,
            stroke=pen.colour,
            width=pen.width,
            dash=pen.dash,
            tooltip=box.note,
            group=box.shape if box.mark == "kept" else box.mark,
        )
        yield self._lettered(whole, box, ink) if plain else whole
        if box.mark in {"kept", "changed"} and not box.was and not self.scene.compares:
            yield from self._trait(box, rect, name, pen)
        if places.was is not None:
            removed = theme.marks["removed"]
            yield Panel(
                f"_{name}_was",
                places.was,
                fill=theme.fills["removed"],
                stroke=removed.colour,
                width=removed.width,
                dash=removed.dash,
                lines=box.was,
                size=metrics.node_text,
                ink=theme.ink,
                group="was",
                part_of=name,
            )
        if not plain and box.lines:
            text = Panel(f"_{name}_text", places.text, group="text", part_of=name)
            yield self._lettered(text, box, ink)
        for index, (bar, place) in enumerate(zip(box.bars, places.bars, strict=True)):
            yield from self._bar(bar, place, f"_{name}_bar{index}", name)

    def _lettered(self, panel: Panel, box: Box, ink: str) -> Panel:
        """Write the lines of a box on a panel."""
        metrics = self.layout.metrics
        size = metrics.end_text if box.shape == "end" else metrics.node_text
        return replace(panel, lines=box.lines, size=size, ink=ink)

    def _border(self, box: Box) -> tuple[Pen, str, str]:
        """Return pen, fill and colour of the text of a box."""
        theme = self.theme
        if box.mark != "kept":
            return theme.marks[box.mark], theme.fills[box.mark], theme.ink
        if self.scene.compares:
            return theme.marks["kept"], theme.fills["kept"], theme.faint
        fill = theme.looks[box.look]
        border = theme.border if box.shape != "end" else Pen(fill, theme.border.width)
        return border, fill, theme.ink

    def _trait(self, box: Box, rect: Rect, name: str, pen: Pen) -> Iterator[Panel]:
        """Draw what tells the family of a box without colour."""
        if box.look == "stacked":
            inner = Rect(rect.x, rect.y, rect.width - 2 * DOUBLE, rect.height - 2 * DOUBLE)
            line = Panel(f"_{name}_double", inner, "round", stroke=pen.colour, width=pen.width / 2)
            yield replace(line, group="trait", part_of=name)
        bands = {
            "factorised": ("left",),
            "depthwise": ("left", "right"),
            "pool": ("bottom",),
            "upsample": ("top",),
        }
        for side in bands.get(box.look, ()):
            band = _side(rect, side)
            yield Panel(f"_{name}_{side}", band, fill=pen.colour, group="trait", part_of=name)

    def _bar(self, bar: Bar, full: Rect, name: str, owner: str) -> Iterator[Panel]:
        theme, size = self.theme, bar_text(bar, self.layout.metrics)
        length = max(0.4, min(max(bar.share, 0.0), 1.0) * full.width)
        filled = Rect(full.left + length / 2, full.y, length, full.height)
        note = f"{bar.name}: {bar.share:.2f}"
        yield Panel(
            name,
            filled,
            fill=theme.bars[bar.chosen],
            tooltip=note,
            group="chosen" if bar.chosen else "bar",
            part_of=owner,
        )
        wide = text_width(bar.name, size)
        place = Rect(full.left - 4 - wide / 2, full.y, wide + 4, LINE * size)
        yield Panel(
            f"{name}_name",
            place,
            lines=(bar.name,),
            size=size,
            ink=theme.ink,
            group="text",
            part_of=owner,
        )

    def pen(self, link: Link) -> Pen:
        theme = self.theme
        by_way = link.mark == "kept" and not self.scene.compares
        pen = theme.ways[link.way] if by_way else theme.marks[link.mark]
        if self.by_gate and link.gate is not None:
            fades = self.scene.weighs and link.mark == "kept"
            part = PALEST + (1 - PALEST) * link.gate if fades else 1.0
            colour = mixed(pen.colour, theme.paper, part)
            return replace(pen, colour=colour, width=pen.width * (0.4 + 1.1 * link.gate))
        return pen

    def link(self, link: Link, curve: Curve, name: str) -> Stroke:
        pen = self.pen(link)
        group = link.way if link.mark == "kept" else link.mark
        return Stroke(
            name,
            link.source,
            link.target,
            curve,
            pen.colour,
            width=pen.width,
            dash=pen.dash,
            tooltip=link.note,
            group=group,
        )

    def label(self, index: int, rect: Rect) -> Panel:
        link = self.scene.links[index]
        holds = [frame for frame, _ in self.layout.clusters.values() if _holds(frame, rect)]
        return Panel(
            f"_label{index}",
            rect,
            fill=self.theme.frame if holds else self.theme.paper,
            lines=tuple(link.label.split(THEN)),
            size=self.layout.metrics.link_text,
            ink=self._ink(link),
            group="label",
            part_of=f"_link{index}",
        )

    def _ink(self, link: Link) -> str:
        if self.scene.compares and link.mark == "kept":
            return self.theme.faint
        return self.pen(link).colour if link.mark != "cut" else self.theme.faint

    def sample(self, sample: Sample, name: str) -> Iterator[Panel | Stroke]:
        key, rect = sample.key, sample.rect
        if key.link is not None:
            yield self.link(key.link, _straight(rect, self.layout.metrics.arrow), name)
        elif key.box is not None:
            small = Rect(rect.x, rect.y, rect.width - 4, rect.height)
            box = replace(key.box, was=(" ",), lines=(" ",)) if key.box.mark == "changed" else None
            if box is None:
                yield from self.box(key.box, small, name)
            else:
                yield from self._changed_sample(small, name)
        else:
            third = rect.height / 3
            for index, share in enumerate((0.5, 0.9)):
                y = rect.y + (0.5 - index) * 1.4 * third
                full = Rect(rect.x, y, rect.width, third)
                filled = Rect(full.left + share * full.width / 2, y, share * full.width, third)
                yield Panel(f"{name}_{index}", filled, fill=self.theme.bars[index], group="sample")

    def _changed_sample(self, rect: Rect, name: str) -> Iterator[Panel]:
        theme = self.theme
        half = rect.height / 2
        for index, mark in enumerate(("changed", "removed")):
            pen = theme.marks[mark]
            whole = rect if mark == "changed" else Rect(rect.x, rect.y + half / 2, rect.width, half)
            panel = Panel(f"{name}_{index}", whole, fill=theme.fills[mark], stroke=pen.colour)
            yield replace(panel, width=pen.width, dash=pen.dash, group="sample")

    def words(self, caption: Caption, group: str) -> Words:
        colour = self.theme.faint if caption.is_faint else self.theme.ink
        return Words(
            caption.text, caption.x, caption.y, caption.size, colour, caption.anchor, group
        )


def mixed(colour: str, other: str, part: float) -> str:
    """Return the colour with that part of it and the rest of another, both as `#rrggbb`."""
    pairs = ((int(colour[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(part * a + (1 - part) * b):02x}" for a, b in pairs)


def _side(rect: Rect, side: str) -> Rect:
    if side in {"left", "right"}:
        x = rect.left + BAND / 2 if side == "left" else rect.right - BAND / 2
        return Rect(x, rect.y, BAND, rect.height)
    y = rect.top - BAND / 2 if side == "top" else rect.bottom + BAND / 2
    return Rect(rect.x, y, rect.width, BAND)


def _straight(rect: Rect, arrow: float) -> Curve:
    start: Point = (rect.left, rect.y)
    end = rect.right - arrow
    third = (end - rect.left) / 3
    controls = ((rect.left + third, rect.y), (end - third, rect.y))
    return Curve((start, *controls, (end, rect.y)), (rect.right, rect.y))


def _holds(outer: Rect, inner: Rect) -> bool:
    return all(
        outer.holds(corner) for corner in ((inner.left, inner.bottom), (inner.right, inner.top))
    )
