"""A search as a film for a page: one drawing, and what changes in it from frame to frame.

Every frame is drawn as any other picture, and only the differences are kept: so the film looks as
the drawings do, and the script that plays it has nothing to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from uxnet_compiler.pages.report.facts import Cell, number
from uxnet_compiler.pages.web.drawing import DARK, LIGHT, in_both_themes
from uxnet_compiler.pictures.compose import compose
from uxnet_compiler.pictures.figure import Figure, Panel, Stroke
from uxnet_compiler.pictures.film import Film
from uxnet_compiler.pictures.numbers import number as spelled
from uxnet_compiler.pictures.paint import paint
from uxnet_compiler.pictures.scene import Box, Scene
from uxnet_compiler.pictures.supernet import supernet
from uxnet_compiler.pictures.svg import DASHES
from uxnet_compiler.pictures.typography import text_width
from uxnet_compiler.wording import one_line

GATE_DIGITS, SHARE_DIGITS = 6, 3  # a gate is compared with tau, a share only shown

Change = list[Any]  # frame, and the value from there on


@dataclass(frozen=True)
class Reel:
    """What a page needs to show a search as a film.

    Attributes:
        name: Unique on the page, for ids.
        svg: The last frame.
        frames: How many.
        decided: Whether the last one is the decision.
        data: For the script: tracks of what changes, gates, shares and numbers by frame.
        facts: Titles of the cards; the script fills them.
        gate_rows: For a table: gate, at the start, in the end, whether it is kept.
    """

    name: str
    svg: Markup
    frames: int
    decided: bool
    data: dict[str, Any]
    facts: dict[str, Any]
    gate_rows: list[list[Cell]]


def reel_of(film: Film, name: str) -> Reel:
    """Draw every frame of a search and keep what changes.

    Raises:
        GenotypeError: The evidence is not that of the genotype's space.
    """
    scenes = _scenes(film)
    layout = compose(_roomiest(scenes), LIGHT.metrics)
    figures = [(paint(s, layout, LIGHT), paint(s, layout, DARK)) for s in scenes]
    last = scenes[-1]
    return Reel(
        name=name,
        svg=in_both_themes(*figures[-1], name),
        frames=len(scenes),
        decided=film.frames[-1].decided,
        data={
            "steps": [frame.step for frame in film.frames],
            "loss": [frame.loss for frame in film.frames],
            "dice": [frame.dice for frame in film.frames],
            "decided": [frame.decided for frame in film.frames],
            "tau": film.tau,
            "tracks": _tracks(figures),
            "gates": {
                f"{link.source}>{link.target}": [
                    round(scene.links[at].gate or 0.0, GATE_DIGITS) for scene in scenes
                ]
                for at, link in enumerate(last.links)
                if link.gate is not None
            },
            "bars": {
                box.id: [
                    {
                        "name": one_line(bar.name, 40),
                        "shares": [
                            round(s.boxes[at].bars[place].share, SHARE_DIGITS) for s in scenes
                        ],
                    }
                    for place, bar in enumerate(box.bars)
                ]
                for at, box in enumerate(last.boxes)
                if box.bars
            },
        },
        facts={
            "nodes": {box.id: {"title": box.id} for box in last.boxes},
            "edges": {
                f"{link.source}>{link.target}": {"title": f"{link.source} to {link.target}"}
                for link in last.links
            },
        },
        gate_rows=_gate_rows(film),
    )


def _scenes(film: Film) -> list[Scene]:
    """Return each frame as the supernet was believed; the decision changes marks alone.

    The boxes keep the look of an open choice, so that they have one shape all the time.
    """
    found = []
    for frame in film.frames:
        scene = supernet(film.genotype, believed=frame.evidence)
        if frame.decided:
            final = supernet(film.genotype)
            boxes = zip(scene.boxes, final.boxes, strict=True)
            scene = replace(
                final,
                boxes=tuple(
                    replace(box, mark=end.mark, lines=end.lines, bars=end.bars)
                    for box, end in boxes
                ),
            )
        found.append(scene)
    return found


def _roomiest(scenes: Sequence[Scene]) -> Scene:
    """Return the last scene with the longest text of each box: all others have room in it."""
    boxes = zip(*(scene.boxes for scene in scenes), strict=True)
    return replace(scenes[-1], boxes=tuple(replace(b[-1], lines=_longest(b)) for b in boxes))


def _longest(boxes: Sequence[Box]) -> tuple[str, ...]:
    return max(
        (box.lines for box in boxes),
        key=lambda lines: max((text_width(line, 10.0) for line in lines), default=0.0),
    )


Part = Panel | Stroke
Figures = Sequence[tuple[Figure, Figure]]

_STROKES: Mapping[str, Callable[[Stroke], Any]] = {
    "width": lambda part: spelled(part.width),
    "dash": lambda part: DASHES.get(part.dash, ""),
}
_PANELS: Mapping[str, Callable[[Panel], Any]] = {
    "width": lambda part: spelled(part.width),
    "dash": lambda part: DASHES.get(part.dash, ""),
    "length": lambda part: spelled(part.rect.width),
    "text": lambda part: [one_line(line) for line in part.lines],
}
_COLOURS: Mapping[str, Callable[[Any], str | None]] = {
    "stroke": lambda part: part.colour if isinstance(part, Stroke) else part.stroke,
    "fill": lambda part: None if isinstance(part, Stroke) else part.fill,
    "ink": lambda part: None if isinstance(part, Stroke) else part.ink,
}


def _tracks(figures: Figures) -> dict[str, dict[str, list[Change]]]:
    """Return what changes of each part, by its id and the name of what changes."""
    found: dict[str, dict[str, list[Change]]] = {}
    parts = [(_parts(light), _parts(dark)) for light, dark in figures]
    for name, part in parts[-1][0].items():
        named: Mapping[str, Callable[[Any], Any]] = (
            _STROKES if isinstance(part, Stroke) else _PANELS
        )
        tracks = {
            what: _changes([read(light[name]) for light, _ in parts])
            for what, read in named.items()
        }
        for what, read in _COLOURS.items():
            tracks[what] = _changes(
                [[read(light[name]), read(dark[name])] for light, dark in parts]
            )
        changing = {what: track for what, track in tracks.items() if len(track) > 1}
        if changing:
            found[name] = changing
    return found


def _parts(figure: Figure) -> dict[str, Part]:
    parts: list[Part] = [*figure.strokes, *figure.panels]
    return {part.id: part for part in parts}


def _changes(values: Sequence[Any]) -> list[Change]:
    """Keep a value where it is another than before."""
    found: list[Change] = []
    for frame, value in enumerate(values):
        if not found or found[-1][1] != value:
            found.append([frame, value])
    return found


def _gate_rows(film: Film) -> list[list[Cell]]:
    first, last = film.frames[0].gates, film.frames[-1].gates
    return [
        [
            key,
            number(first[key], f"{first[key]:.2f}"),
            number(last[key], f"{last[key]:.2f}"),
            "open" if last[key] >= film.tau else "shut",
        ]
        for key in sorted(last, key=lambda key: (-last[key], key))
    ]
