"""What a legend explains: the families, strokes and marks that a drawing shows, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from uxnet_compiler.pictures.looks import LOOKS
from uxnet_compiler.pictures.scene_parts import Box, Link, Mark, Scene, Way

WAYS: dict[Way, str] = {
    "coarser": "to a coarser grid",
    "same": "on one grid",
    "finer": "to a finer grid",
}
MARKS: dict[Mark, str] = {
    "kept": "in both",
    "removed": "only before",
    "added": "only after",
    "changed": "before, and after below it",
    "cut": "cut by the search",
}
STRONGER = "stronger gate: thicker"


@dataclass(frozen=True)
class Key:
    """An entry of a legend.

    Attributes:
        kind: `box` or `link`: a small one is drawn beside the text; `bar` for the bars of a box.
        text: What it means.
        box: The sample of a `box`.
        link: The sample of a `link`.
    """

    kind: Literal["box", "link", "bar"]
    text: str
    box: Box | None = None
    link: Link | None = None


def keys_of(scene: Scene) -> list[list[Key]]:
    """Return the entries of the legend, row by row."""
    return [row for row in (list(_of_boxes(scene)), list(_of_links(scene))) if row]


def shows_gates(scene: Scene) -> bool:
    """Tell whether links are drawn by the strength of their gates: only where these differ."""
    if scene.weighs:
        return True
    gates = [link.gate for link in scene.links if link.gate is not None]
    return bool(gates) and max(gates) - min(gates) > 0.01


def _of_boxes(scene: Scene) -> Iterator[Key]:
    if not scene.compares:
        there = {box.look for box in scene.boxes if box.shape == "op" and box.mark == "kept"}
        for look, text in LOOKS.items():
            if look in there:
                yield Key("box", text, box=Box("", 0, 0, (), look=look))
    if any(box.mark == "changed" for box in scene.boxes):
        yield Key("box", MARKS["changed"], box=Box("", 0, 0, (), mark="changed"))
    if any(box.bars for box in scene.boxes):
        yield Key("bar", "share of a candidate; chosen")


def _of_links(scene: Scene) -> Iterator[Key]:
    there = {link.mark for link in scene.links}
    if scene.compares:
        there |= {box.mark for box in scene.boxes if box.mark != "changed"}
    else:
        ways = {link.way for link in scene.links if link.mark == "kept"}
        for way, text in WAYS.items():
            if way in ways:
                yield Key("link", text, link=Link("", "", way))
        there.discard("kept")
    for mark, text in MARKS.items():
        if mark in there:
            yield Key("link", text, link=Link("", "", "same", mark=mark))
    if shows_gates(scene):
        yield Key("link", STRONGER, link=Link("", "", "same", gate=1.0))
