"""The colours and lines of drawings: each theme decides all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from uxnet_compiler.errors import UnknownNameError
from uxnet_compiler.pictures.figure import Dash
from uxnet_compiler.pictures.metrics import PRINT, SLIDES, Metrics


@dataclass(frozen=True)
class Pen:
    """How a line is drawn."""

    colour: str
    width: float
    dash: Dash = "solid"


@dataclass(frozen=True)
class Theme:
    """All colours and lines of a drawing.

    The hues are those of Okabe and Ito, which the colour-blind tell apart, in tints that text is
    readable on; shapes and strokes say the same without colours.

    Attributes:
        name: Of the theme.
        metrics: Sizes and distances.
        paper: The background.
        ink: Text and borders.
        faint: Less important text.
        frame: Fill of the frame of a cluster.
        looks: Fill of a box by its family of ops.
        border: Of a box.
        ways: Lines of links by where they lead.
        marks: Lines of links and borders by what became of them.
        fills: Of boxes, by what became of them.
        bars: Of a candidate, and of the chosen one.
    """

    name: str
    metrics: Metrics
    paper: str
    ink: str
    faint: str
    frame: str
    looks: Mapping[str, str]
    border: Pen
    ways: Mapping[str, Pen]
    marks: Mapping[str, Pen]
    fills: Mapping[str, str]
    bars: tuple[str, str]


_TINTS = {
    "conv": "#d8ebf7",
    "stacked": "#b5d7ee",
    "dilated": "#fbe3b0",
    "factorised": "#bfe8da",
    "depthwise": "#f0d3e3",
    "pool": "#cfd9e8",
    "upsample": "#f8d5bf",
    "other": "#ffffff",
    "open": "#ffffff",
    "pass": "#ffffff",
    "end": "#e6e6e6",
}
_SHADES = {
    "conv": "#17405c",
    "stacked": "#0b5583",
    "dilated": "#6b4a00",
    "factorised": "#005c44",
    "depthwise": "#6d3353",
    "pool": "#35455c",
    "upsample": "#7a3600",
    "other": "#20262e",
    "open": "#20262e",
    "pass": "#20262e",
    "end": "#3c434d",
}


def _thicker(pens: Mapping[str, Pen], factor: float) -> dict[str, Pen]:
    return {key: Pen(pen.colour, factor * pen.width, pen.dash) for key, pen in pens.items()}


_WAYS = {
    "coarser": Pen("#0072b2", 1.3, "dashed"),
    "same": Pen("#222222", 1.0),
    "finer": Pen("#b54f00", 1.8),
}
_MARKS = {
    "kept": Pen("#6b6b6b", 1.0),
    "cut": Pen("#a8a8a8", 0.8, "dashed"),
    "removed": Pen("#b54f00", 1.5, "dashed"),
    "added": Pen("#0072b2", 2.0),
    "changed": Pen("#9c3f74", 2.0),
}
PAPER = Theme(
    name="paper",
    metrics=PRINT,
    paper="#ffffff",
    ink="#222222",
    faint="#666666",
    frame="#f2f2f2",
    looks=_TINTS,
    border=Pen("#222222", 1.1),
    ways=_WAYS,
    marks=_MARKS,
    fills={
        "kept": "#ffffff",
        "cut": "#ffffff",
        "removed": "#fbe7db",
        "added": "#d8ebf7",
        "changed": "#f6e3ee",
    },
    bars=("#909090", "#00558a"),
)
DARK = Theme(
    name="dark",
    metrics=PRINT,
    paper="#14181d",
    ink="#f0f0f0",
    faint="#a9b1ba",
    frame="#1e242b",
    looks=_SHADES,
    border=Pen("#d5dae0", 1.1),
    ways={
        "coarser": Pen("#56b4e9", 1.3, "dashed"),
        "same": Pen("#d5dae0", 1.0),
        "finer": Pen("#f0a04b", 1.8),
    },
    marks={
        "kept": Pen("#8d97a3", 1.0),
        "cut": Pen("#5c6670", 0.8, "dashed"),
        "removed": Pen("#f0a04b", 1.5, "dashed"),
        "added": Pen("#56b4e9", 2.0),
        "changed": Pen("#e39ac4", 2.0),
    },
    fills={
        "kept": "#20262e",
        "cut": "#14181d",
        "removed": "#56300f",
        "added": "#17405c",
        "changed": "#54293f",
    },
    bars=("#7d8894", "#bfe6ff"),
)
SLIDE = Theme(
    name="slides",
    metrics=SLIDES,
    paper="#ffffff",
    ink="#111111",
    faint="#595959",
    frame="#f0f0f0",
    looks=_TINTS,
    border=Pen("#111111", 1.8),
    ways=_thicker(_WAYS, 1.7),
    marks=_thicker(_MARKS, 1.7),
    fills=PAPER.fills,
    bars=PAPER.bars,
)
THEMES: Mapping[str, Theme] = {theme.name: theme for theme in (PAPER, DARK, SLIDE)}


def theme_called(name: str) -> Theme:
    """Return a theme by its name.

    Raises:
        UnknownNameError: There is none of that name.
    """
    try:
        return THEMES[name]
    except KeyError:
        raise UnknownNameError(f"no theme is called {name!r}; known: {', '.join(THEMES)}") from None
