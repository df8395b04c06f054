"""Drawings of supernets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from searches import SPACE, TAU, evidence, uxnet_space

from uxnet_compiler.errors import BackendError, GenotypeError
from uxnet_compiler.ops import Conv, LayerOp, MaxPool
from uxnet_compiler.pictures.dot import to_dot
from uxnet_compiler.pictures.figure import Figure, Stroke
from uxnet_compiler.pictures.render import figure_of
from uxnet_compiler.pictures.scene_parts import Box, Link, Scene
from uxnet_compiler.pictures.supernet import homes, render_supernet, supernet
from uxnet_compiler.schema import Evidence, Genotype
from uxnet_compiler.spaces import FAMILIES, Slot, Space, SpaceEdge, SpaceNode
from uxnet_compiler.spaces.uxnet import UXNetOptions, space
from uxnet_compiler.zoo import resolve


def searched(frame: Space = SPACE, name: str = "searched") -> Genotype:
    return FAMILIES["uxnet"].genotype(frame, evidence(200, frame), name=name, tau=TAU)


def boxes(shown: Scene) -> dict[str, Box]:
    return {box.id: box for box in shown.boxes}


def links(shown: Scene) -> dict[str, Link]:
    return {f"{link.source}>{link.target}": link for link in shown.links}


def strokes(figure: Figure) -> dict[str, Stroke]:
    return {f"{each.source}>{each.target}": each for each in figure.strokes if each.source}


def test_the_drawing_of_a_supernet_stays_what_it_was(
    golden: Callable[[str, str], None],
) -> None:
    text = to_dot(figure_of(supernet(searched(uxnet_space(2))))).source

    golden("pictures/supernet.gv", text)


def test_every_edge_of_the_space_is_there_with_its_gate() -> None:
    genotype = searched()

    shown = links(supernet(genotype))

    assert genotype.evidence is not None
    assert set(shown) == {edge.key for edge in SPACE.edges}
    gates = {key: link.gate for key, link in shown.items() if link.gate is not None}
    assert gates == genotype.evidence.gates
    kept = {edge.key for edge in genotype.architecture.edges}
    assert {key for key, link in shown.items() if link.mark == "kept"} == kept


def test_every_candidate_is_a_bar_in_its_node() -> None:
    genotype = searched()
    assert genotype.evidence is not None

    box = boxes(supernet(genotype))["n0_0"]

    normal, reduction = (
        genotype.evidence.choices[f"n0_0.{kind}"] for kind in ("normal", "reduction")
    )
    assert [bar.share for bar in box.bars] == [*normal.values(), *reduction.values()]
    assert [bar.minor for bar in box.bars] == [False] * len(normal) + [True] * len(reduction)
    chosen = [bar.share for bar in box.bars if bar.chosen]
    assert chosen == [max(normal.values()), max(reduction.values())]
    assert box.lines == ("conv3",)


def test_before_a_decision_nothing_is_cut_and_only_leaders_are_named() -> None:
    genotype = searched()

    early = supernet(genotype, believed=evidence(0))
    later = supernet(genotype, believed=evidence(60))

    assert {link.mark for link in early.links} == {box.mark for box in early.boxes} == {"kept"}
    assert not any(bar.chosen for box in early.boxes for bar in box.bars)
    assert all(box.lines == ("",) for box in early.boxes if box.bars)
    assert boxes(later)["n0_0"].lines == ("conv3",)


def test_what_was_replaced_for_a_budget_is_drawn_as_chosen() -> None:
    genotype = searched()
    told = genotype.provenance.model_copy(update={"replaced": {"n0_0.normal": "conv5"}})

    box = boxes(supernet(genotype.model_copy(update={"provenance": told})))["n0_0"]

    assert box.lines == ("conv5",)


def test_stronger_gates_are_thicker_and_less_pale() -> None:
    found = strokes(figure_of(supernet(searched(), believed=evidence(60))))
    gates = evidence(60).gates

    down = sorted(
        (gates[key], stroke.width, int(stroke.colour[1:3], 16))
        for key, stroke in found.items()
        if key in gates and stroke.group == "coarser"
    )
    assert len({gate for gate, _, _ in down}) > 2
    assert [width for _, width, _ in down] == sorted(width for _, width, _ in down)
    assert [red for _, _, red in down] == sorted((red for _, _, red in down), reverse=True)


def test_all_gates_open_are_drawn_as_thick_as_any_open_gate() -> None:
    opened = Evidence(gates=dict.fromkeys(SPACE.gates, 1.0), choices=evidence(0).choices)
    some = Evidence(gates=opened.gates | {"n0_0>n0_1": 0.0}, choices=opened.choices)

    all_, few = (
        strokes(figure_of(supernet(searched(), believed=each)))["n0_0>n0_2"]
        for each in (opened, some)
    )

    assert all_.width == few.width


def test_shares_do_not_move_anything() -> None:
    genotype = searched()

    early, decided = (figure_of(supernet(genotype, believed=each)) for each in (evidence(30), None))

    places = {panel.id: panel.rect for panel in early.panels if panel.group in {"op", "text"}}
    assert places
    later = {panel.id: panel.rect for panel in decided.panels}
    assert all(later[name] == rect for name, rect in places.items() if not name.startswith("_key"))


@pytest.mark.parametrize("searched_part", ["ops", "edges"])
def test_spaces_that_search_one_thing_alone_are_drawn(searched_part: str) -> None:
    other = "edges" if searched_part == "ops" else "ops"
    options = UXNetOptions.model_validate(
        {"widths": (2, 3, 4), "strides": ((1,) * 3, (2,) * 3, (2,) * 3), other: "unet"}
    )
    frame = space(options)

    shown = supernet(FAMILIES["uxnet"].sample(frame, 0, tau=0.3))

    assert any(box.bars for box in shown.boxes) == (searched_part == "ops")
    assert any(link.gate is not None for link in shown.links) == (searched_part == "edges")


def test_a_choice_of_edges_is_shown_where_they_meet() -> None:
    def edge(source: str, target: str, choice: str) -> SpaceEdge:
        candidates: dict[str, tuple[LayerOp, ...]] = {
            "a": (Conv(kernel=(3, 3)),),
            "b": (MaxPool(factor=(2, 2)),),
        }
        return SpaceEdge(source, target, Slot(choice, candidates))

    nodes = tuple(SpaceNode(name, 0, 0, Slot()) for name in ("p", "q", "r"))
    edges = (
        edge("input", "p", "stem"),
        edge("p", "q", "leaving"),
        edge("p", "r", "leaving"),
        edge("q", "r", "shared"),
        edge("r", "q", "shared"),
    )
    frame = Space(SPACE.ref, 2, 1, 2, (2,), ((1, 1),), nodes, edges)

    assert homes(frame) == {"p": ["leaving", "stem"], "q": ["shared"], "r": ["shared"]}


def test_a_genotype_that_no_search_wrote_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GenotypeError, match="only a genotype that a search wrote"):
        render_supernet(resolve("zoo:nasunet"), tmp_path / "a.svg", source="here")
    genotype = searched()
    few = genotype.model_copy(update={"evidence": Evidence(gates={"n0_0>n0_1": 1.0})})
    with pytest.raises(GenotypeError, match="exactly the gates"):
        supernet(few)
    with pytest.raises(BackendError, match=r"cannot draw \.gif"):
        render_supernet(genotype, tmp_path / "a.gif")


def test_a_hostile_name_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"

    render_supernet(searched(name='<script>alert("1")</script>\u202e'), path)

    assert "<script" not in path.read_text()
    assert "\u202e" not in path.read_text()


def test_a_replacement_that_the_space_has_not_is_refused() -> None:
    genotype = searched()
    choice = next(iter(SPACE.choices))
    told = genotype.provenance.model_copy(update={"replaced": {choice: "nonsense"}})

    with pytest.raises(GenotypeError, match=rf"provenance\.replaced\.{choice}: 'nonsense' is no"):
        supernet(genotype.model_copy(update={"provenance": told}))
