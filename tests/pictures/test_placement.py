"""The laws of every drawing: nothing overlaps, nothing runs through a box."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import genotypes

from uxnet_compiler.pictures.compose import compose
from uxnet_compiler.pictures.geometry import Geometry, lay_out
from uxnet_compiler.pictures.labels import place_labels
from uxnet_compiler.pictures.lattice import Lattice, arrange
from uxnet_compiler.pictures.metrics import PRINT
from uxnet_compiler.pictures.routes import Routing, route
from uxnet_compiler.pictures.scene import Box, Link, Way, scene
from uxnet_compiler.schema import Genotype

LEVELS = 4


@st.composite
def networks(draw: st.DrawFn) -> tuple[list[Box], list[Link]]:
    """Draw any acyclic graph, with several nodes in a cell and edges against the stages."""
    count = draw(st.integers(2, 12))
    boxes = []
    for index in range(count):
        shape: Literal["op", "pass"] = draw(st.sampled_from(("op", "op", "pass")))
        lines = draw(st.sampled_from(((), ("+",)) if shape == "pass" else (("a",), ("b" * 9, "c"))))
        stage, level = draw(st.integers(0, 4)), draw(st.integers(0, LEVELS - 1))
        boxes.append(Box(f"n{index:02}", stage, level, lines, shape))
    pairs = [(i, j) for j in range(count) for i in range(j)]
    chosen = draw(st.sets(st.sampled_from(pairs), min_size=1, max_size=24))
    links = []
    for i, j in sorted(chosen):
        down = boxes[j].level - boxes[i].level
        way: Way = "same" if down == 0 else "coarser" if down > 0 else "finer"
        label = draw(st.sampled_from(("", "max /2", "deconv x2 x2")))
        links.append(Link(boxes[i].id, boxes[j].id, way, label))
    return boxes, links


def placed(boxes: list[Box], links: list[Link]) -> tuple[Lattice, Routing, Geometry]:
    lattice = arrange(boxes, links, LEVELS)
    routing = route(lattice, links)
    return lattice, routing, lay_out(boxes, lattice, routing, PRINT)


@settings(max_examples=40, deadline=None)
@given(networks())
def test_every_box_has_a_cell_of_its_own_right_of_what_it_reads(
    network: tuple[list[Box], list[Link]],
) -> None:
    boxes, links = network

    lattice = arrange(boxes, links, LEVELS)

    assert len(set(lattice.cells.values())) == len(boxes)
    for box in boxes:
        row = lattice.cells[box.id][1]
        assert lattice.level_rows[box.level] <= row < lattice.level_rows[box.level + 1]
    for link in links:
        (c0, r0), (c1, r1) = lattice.cells[link.source], lattice.cells[link.target]
        assert c0 < c1 or (c0 == c1 and r0 != r1)


@settings(max_examples=40, deadline=None)
@given(networks())
def test_boxes_keep_apart(network: tuple[list[Box], list[Link]]) -> None:
    *_, geometry = placed(*network)

    rects = list(geometry.rects.values())
    for index, rect in enumerate(rects):
        assert not any(rect.overlaps(other, 20.0) for other in rects[:index])


@settings(max_examples=40, deadline=None)
@given(networks())
def test_no_curve_runs_through_a_box(network: tuple[list[Box], list[Link]]) -> None:
    boxes, links = network
    *_, geometry = placed(boxes, links)

    for link, curve in zip(links, geometry.curves, strict=True):
        for point in curve.sample(40):
            for name, rect in geometry.rects.items():
                assert name in {link.source, link.target} or not rect.holds(point, 1.0)
                # Its own boxes it touches at their rounded sides.
                assert not rect.holds(point, -4.0 if rect.is_round else -2.5)


@settings(max_examples=40, deadline=None)
@given(networks())
def test_a_curve_starts_at_its_source_and_its_arrow_ends_at_its_target(
    network: tuple[list[Box], list[Link]],
) -> None:
    boxes, links = network
    *_, geometry = placed(boxes, links)

    for link, curve in zip(links, geometry.curves, strict=True):
        assert geometry.rects[link.source].holds(curve.points[0], 0.1)
        assert geometry.rects[link.target].holds(curve.tip, 0.1)
        assert math.isclose(math.dist(curve.points[-1], curve.tip), 6.0)


@settings(max_examples=40, deadline=None)
@given(networks())
def test_long_links_of_one_lane_do_not_meet(network: tuple[list[Box], list[Link]]) -> None:
    boxes, links = network
    lattice, routing, _ = placed(boxes, links)

    spans: dict[tuple[str, int, int], list[tuple[int, int]]] = {}
    for each in routing.routes:
        if each.kind in {"row", "track"}:
            first = lattice.cells[each.link.source][0] + 1
            last = lattice.cells[each.link.target][0] - 1
            spans.setdefault((each.kind, each.gap, each.lane), []).append((first, last))
    for taken in spans.values():
        taken.sort()
        assert all(a[1] < b[0] for a, b in pairwise(taken))


@settings(max_examples=40, deadline=None)
@given(networks())
def test_a_label_lies_on_its_curve(network: tuple[list[Box], list[Link]]) -> None:
    boxes, links = network
    *_, geometry = placed(boxes, links)

    labels = place_labels(geometry)

    assert set(labels) == {index for index, link in enumerate(links) if link.label}
    for index, rect in labels.items():
        assert any(rect.holds(point) for point in geometry.curves[index].sample(200))


@settings(max_examples=15, deadline=None)
@given(genotypes(max_levels=5), st.booleans())
def test_labels_of_a_drawing_touch_neither_boxes_nor_each_other(
    genotype: Genotype, pruned: bool
) -> None:
    layout = compose(scene(genotype, pruned=pruned))

    labels = list(layout.labels.values())

    for index, label in enumerate(labels):
        assert not any(label.overlaps(rect) for rect in layout.rects.values())
        assert not any(label.overlaps(other) for other in labels[:index])
