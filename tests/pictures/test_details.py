"""A box for each cell, or for each stretch of ops."""

from __future__ import annotations

import pytest

from uxnet_compiler.compiler import network_graph
from uxnet_compiler.errors import BackendError
from uxnet_compiler.pictures import picture
from uxnet_compiler.pictures.cells import cells_of
from uxnet_compiler.pictures.network import network
from uxnet_compiler.pictures.summary import summary
from uxnet_compiler.schema import Node
from uxnet_compiler.zoo import resolve, zoo


def node(name: str, stage: int = 0, level: int = 0) -> Node:
    return Node(id=name, stage=stage, level=level)


def test_nodes_of_one_stage_and_level_are_a_cell() -> None:
    (cell,) = cells_of([node("cell_a"), node("cell_b"), node("other", stage=1)])

    assert cell.boxes == ("cell_a", "cell_b")
    assert cell.caption == "cell"


def test_nodes_named_after_another_are_in_its_cell_wherever_they_are() -> None:
    (cell,) = cells_of([node("down", 3, 1), node("down_0", 1), node("down_0_sum", 2), node("up")])

    assert cell.boxes == ("down", "down_0", "down_0_sum")
    assert cell.caption == "down"


def test_the_nodes_of_a_grid_are_no_cells() -> None:
    assert cells_of(resolve("zoo:unetpp").architecture.nodes) == ()


def test_a_cell_is_one_box_that_counts_its_ops() -> None:
    shown = {box.id: box for box in summary(resolve("zoo:nnunet-resenc")).boxes}

    assert len(shown) == 7 + 2
    (bottleneck,) = (box for box in shown.values() if box.lines[0] == "bottleneck")
    assert bottleneck.lines == ("bottleneck", "11 \u00d7 3\u00d73\u00d73")
    assert (bottleneck.stage, bottleneck.level) == (3, 3)


def test_a_cell_with_many_ops_names_the_most_frequent() -> None:
    shown = {box.lines[0]: box for box in summary(resolve("zoo:nasunet")).boxes if box.lines}

    assert shown["down1"].lines[1] == "3 \u00d7 3\u00d73 /2"
    assert len(shown["down1"].lines) <= 5
    assert shown["up1"].look == "upsample"


@pytest.mark.parametrize("name", sorted(zoo()))
def test_every_op_of_the_compiled_network_is_in_a_box(name: str) -> None:
    genotype = resolve(f"zoo:{name}")

    shown = network(genotype)

    graph = network_graph(genotype.architecture)
    told = " ".join(box.note for box in shown.boxes)
    assert all(f"{value.id}: " in told for value in graph.values())
    assert sum(box.note.count("; ") + 1 for box in shown.boxes) == len(graph)
    links = {(link.source, link.target) for link in shown.links}
    homes = {part.partition(":")[0]: box.id for box in shown.boxes for part in box.note.split("; ")}
    for value in graph.values():
        for source in value.inputs:
            ends = homes[source], homes[value.id]
            assert ends[0] == ends[1] or ends in links


def test_what_was_cut_is_drawn_with_nodes_alone() -> None:
    with pytest.raises(BackendError, match=r"^mine: what was cut .* 'nodes' alone$"):
        picture(resolve("zoo:unet"), pruned=True, detail="ops", source="mine")
