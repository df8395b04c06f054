"""Figures as SVG: harmless, complete, the same as what Graphviz gets."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from uxnet_compiler.pictures import picture
from uxnet_compiler.pictures.dot import to_dot
from uxnet_compiler.pictures.figure import Figure, Panel, Words
from uxnet_compiler.pictures.shapes import Rect
from uxnet_compiler.pictures.svg import to_svg
from uxnet_compiler.zoo import resolve

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "<script>alert(1)</script>",
    '" onload="alert(1)" \'',
    "a\nb\r\tc\x00\x1b",
    "\u202etxet\u2066\u200f",
    "]]>&lt;&#0;",
    "\ud800\uffff",
    "n" * 10_000,
)
ALLOWED = {"svg", "g", "title", "rect", "circle", "path", "polygon", "text"}


def hostile(text: str) -> Figure:
    place = Rect(50, 50, 20, 10)
    return Figure(
        title=text,
        frame=Rect(50, 50, 100, 100),
        background="#ffffff",
        frames=(),
        strokes=(),
        panels=(Panel("a", place, fill="#ffffff", lines=(text,), tooltip=text, group="op"),),
        words=(Words(text, 50, 80, 10, "#000000"),),
    )


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(text: str) -> None:
    drawn = to_svg(hostile(text))

    root = ET.fromstring(drawn.encode("utf-8"))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= ALLOWED
    for element in root.iter():
        assert not {name for name in element.attrib if name.startswith("on")}
    assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069\x00]", drawn)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text_for_graphviz(text: str) -> None:
    source = to_dot(hostile(text)).source

    nodes = [line for line in source.splitlines() if line.startswith("\t")]
    assert len(nodes) == 3 + 2 + 1 + 1  # defaults, corners, panel, words
    assert not re.search(r"[a-z]=<", source)  # markup of Graphviz is not in quotes
    source.encode("utf-8")


def test_a_drawing_needs_nothing_from_elsewhere_and_no_style() -> None:
    drawn = to_svg(picture(resolve("zoo:hippocampus")))

    assert not re.search(r"<script|<style|style=|href|url\(|@import|<image", drawn)


def test_every_node_and_edge_can_be_found_by_its_name() -> None:
    genotype = resolve("zoo:hippocampus")

    root = ET.fromstring(to_svg(picture(genotype), prefix="left-"))

    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(name is not None and name.startswith("left-") for name in ids)
    nodes = {element.get("data-id") for element in root.iter()}
    assert {node.id for node in genotype.architecture.nodes} <= nodes
    edges = {(element.get("data-source"), element.get("data-target")) for element in root.iter()}
    assert {(edge.source, edge.target) for edge in genotype.architecture.edges} <= edges


def test_parts_that_have_something_to_say_say_it_to_screen_readers() -> None:
    root = ET.fromstring(to_svg(picture(resolve("zoo:unet"))))

    (node,) = (element for element in root.iter() if element.get("data-id") == "n0_0")
    title = node.find(f"{SVG}title")
    assert title is not None
    assert node.get("aria-label") == title.text
    assert (title.text or "").startswith("n0_0: ")


def test_svg_and_graphviz_show_the_same_texts_and_colours() -> None:
    figure = picture(resolve("zoo:nasunet"), theme="dark")

    svg, dot = to_svg(figure), to_dot(figure).source

    assert set(re.findall(r"#[0-9a-f]{6}", svg)) == set(re.findall(r"#[0-9a-f]{6}", dot))
    for words in figure.words:
        assert words.text in dot
        assert words.text in svg.replace("&gt;", ">").replace("&amp;", "&")


def test_everything_lies_in_the_view() -> None:
    figure = picture(resolve("zoo:unetpp"))

    root = ET.fromstring(to_svg(figure))

    _, _, width, height = map(float, (root.get("viewBox") or "").split())
    for rect in root.iter(f"{SVG}rect"):
        x, y = float(rect.get("x", 0)), float(rect.get("y", 0))
        assert 0 <= x <= x + float(rect.get("width", 0)) <= width
        assert 0 <= y <= y + float(rect.get("height", 0)) <= height
