"""A picture as plain shapes: where everything is and what colour it has, but not what it means.

Coordinates are points of 1/72 inch, y upwards. The back ends translate a figure and decide
nothing, so that all formats show the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from uxnet_compiler.pictures.shapes import Curve, Rect

Dash = Literal["solid", "dashed", "dotted"]
Outline = Literal["square", "round", "chord", "circle"]


@dataclass(frozen=True)
class Panel:
    """A filled shape with lines of text in its middle.

    Attributes:
        id: Unique in the figure.
        rect: Its place.
        shape: `square`; `round` and `chord` have rounded corners and chords across the corners;
            `circle` fills a square rect.
        fill: Colour, or none.
        stroke: Colour of the border, or none.
        width: Of the border.
        dash: Of the border.
        lines: The text, one line below the other.
        size: Of the text.
        ink: Colour of the text.
        tooltip: All about it.
        group: What kind of thing it is, for those who style or script it.
        part_of: Id of the panel or stroke that it belongs to, such as a bar in a box.
    """

    id: str
    rect: Rect
    shape: Outline = "square"
    fill: str | None = None
    stroke: str | None = None
    width: float = 1.0
    dash: Dash = "solid"
    lines: tuple[str, ...] = ()
    size: float = 10.0
    ink: str = "#000000"
    tooltip: str = ""
    group: str = ""
    part_of: str = ""


@dataclass(frozen=True)
class Stroke:
    """A curve, with an arrow head between its end and its tip.

    Attributes:
        id: Unique in the figure.
        source: Id of the panel that it starts at; empty for a sample in a legend.
        target: Id of the panel that it ends at; empty for a sample in a legend.
        curve: Its way.
        colour: Of line and head.
        width: Of the line.
        dash: Of the line.
        tooltip: All about it.
        group: What kind of thing it is.
    """

    id: str
    source: str
    target: str
    curve: Curve
    colour: str
    width: float = 1.0
    dash: Dash = "solid"
    tooltip: str = ""
    group: str = ""


@dataclass(frozen=True)
class Words:
    """A line of text on the background; `x` is its start or its middle, `y` its middle."""

    text: str
    x: float
    y: float
    size: float
    colour: str
    anchor: Literal["start", "middle"] = "start"
    group: str = ""


@dataclass(frozen=True)
class Figure:
    """A whole picture, in the order of painting: frames, strokes, panels, words.

    Attributes:
        title: What it shows.
        frame: What is to be seen; nothing lies outside.
        background: Colour of the frame.
        frames: Panels behind all strokes.
        strokes: Curves.
        panels: In front of the curves; a part comes after what it is part of.
        words: In front of everything.
    """

    title: str
    frame: Rect
    background: str
    frames: tuple[Panel, ...]
    strokes: tuple[Stroke, ...]
    panels: tuple[Panel, ...]
    words: tuple[Words, ...]
