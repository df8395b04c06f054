"""Every theme can be read: by contrast, and by shapes alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from uxnet_compiler.errors import UnknownNameError
from uxnet_compiler.pictures.compose import compose
from uxnet_compiler.pictures.figure import Figure, Panel
from uxnet_compiler.pictures.looks import LOOKS
from uxnet_compiler.pictures.paint import paint
from uxnet_compiler.pictures.scene_parts import Bar, Box, Cluster, Link, Mark, Scene, Way
from uxnet_compiler.pictures.themes import THEMES, Theme, theme_called

ENOUGH = 4.5  # WCAG 2, level AA, for text
ENOUGH_FOR_LINES = 3.0

MARKS: tuple[Mark, ...] = ("kept", "cut", "removed", "added", "changed")
WAYS: tuple[Way, ...] = ("coarser", "same", "finer")


def everything(*, compares: bool = False) -> Scene:
    """Return a scene with every family, mark and way."""
    boxes = [Box(f"look{index}", index, 0, ("3x3",), look=look) for index, look in enumerate(LOOKS)]
    boxes += [
        Box(f"mark{index}", index, 1, ("new",), mark=mark, was=("old",) * (mark == "changed"))
        for index, mark in enumerate(MARKS)
    ]
    boxes.append(Box("barred", 5, 1, ("a",), bars=(Bar("a", 0.7, chosen=True), Bar("b", 0.3))))
    boxes += [Box("in", 0, 2, ("input",), "end", look="end"), Box("pass", 1, 2, ("+",), "pass")]
    links = [
        Link("in", f"mark{index}", way, "max /2", mark)
        for index, (way, mark) in enumerate(zip((*WAYS, *WAYS), MARKS, strict=False))
    ]
    links += [Link("pass", f"mark{index + 2}", way, "conv") for index, way in enumerate(WAYS)]
    return Scene(
        spatial_dims=2,
        title="everything",
        subtitle="at once",
        rows=(("1", "full"), ("2", "half"), ("4", "quarter")),
        boxes=tuple(sorted(boxes, key=lambda box: box.id)),
        links=tuple(sorted(links, key=lambda link: (link.source, link.target))),
        clusters=(Cluster("c", "a cell", ("look0", "look1")),),
        compares=compares,
    )


def painted(theme: Theme, *, compares: bool = False) -> Figure:
    shown = everything(compares=compares)
    return paint(shown, compose(shown, theme.metrics), theme)


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("compares", [False, True])
@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_text_stands_out_from_what_it_lies_on(theme: Theme, compares: bool) -> None:
    figure = painted(theme, compares=compares)
    by_id = {panel.id: panel for panel in figure.panels}

    for panel in figure.panels:
        if panel.lines:
            owner = by_id.get(panel.part_of)
            under = panel.fill or (owner.fill if owner else None) or figure.background
            assert contrast(panel.ink, under) >= ENOUGH, panel.id
    for words in figure.words:
        under = theme.frame if words.group == "cluster" else figure.background
        assert contrast(words.colour, under) >= ENOUGH, words.text


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_lines_that_matter_stand_out_from_the_background(theme: Theme) -> None:
    pens = [*theme.ways.values(), theme.border]
    pens += [pen for mark, pen in theme.marks.items() if mark != "cut"]

    for pen in pens:
        assert contrast(pen.colour, theme.paper) >= ENOUGH_FOR_LINES


def test_families_are_told_apart_without_colours() -> None:
    figure = painted(THEMES["paper"])

    def shape(panel: Panel) -> tuple[object, ...]:
        rect = panel.rect
        parts = [
            (
                part.shape,
                part.fill is None,
                round(part.rect.x - rect.x, 1),
                round(part.rect.y - rect.y, 1),
            )
            for part in figure.panels
            if part.part_of == panel.id
        ]
        return panel.shape, panel.dash, tuple(sorted(parts))

    shapes = {
        panel.id: shape(panel)
        for panel in figure.panels
        if panel.id.startswith("look") and panel.id[4:].isdigit()
    }
    # Neither convolves: what nothing is decided about says so in its text.
    shapes.pop(f"look{list(LOOKS).index('open')}")
    shapes.pop(f"look{list(LOOKS).index('other')}")
    assert len(set(shapes.values())) == len(shapes) == len(LOOKS) - 2


def test_ways_are_told_apart_without_colours() -> None:
    for theme in THEMES.values():
        assert len({(pen.width, pen.dash) for pen in theme.ways.values()}) == len(theme.ways)


def test_what_was_removed_is_dashed_and_what_was_added_is_not() -> None:
    for theme in THEMES.values():
        assert theme.marks["removed"].dash == "dashed"
        assert theme.marks["added"].dash == "solid"


def test_links_are_as_wide_as_their_gates_are_strong() -> None:
    shown = everything()
    gates = [index / len(shown.links) for index in range(len(shown.links))]
    links = [
        replace(link, gate=gate, way="same", mark="kept")
        for link, gate in zip(shown.links, gates, strict=True)
    ]
    shown = replace(shown, links=tuple(links))

    figure = paint(shown, compose(shown))

    widths = [stroke.width for stroke in figure.strokes[: len(links)]]
    assert widths == sorted(widths)
    assert widths[-1] > 2 * widths[0]
    assert any("gate" in words.text for words in figure.words)


def test_the_legend_explains_what_is_there_and_nothing_else() -> None:
    box = Box("a", 0, 0, ("3x3",), look="conv")
    ends = (Box("input", -1, 0, ("in",), "end", look="end"),)
    link = Link("input", "a", "same")
    shown = Scene(2, "t", "s", (("1", "full"),), (box, *ends), (link,))

    figure = paint(shown, compose(shown))

    texts = {words.text for words in figure.words}
    assert {"convolution", "on one grid"} <= texts
    assert not texts & {"dilated", "to a finer grid", "cut by the search"}


def test_an_unknown_theme_is_one_line() -> None:
    with pytest.raises(UnknownNameError, match=r"'neon'; known: paper, dark, slides$"):
        theme_called("neon")
