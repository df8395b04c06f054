"""The document of C2FNAS costs what the paper says and has its topology."""

from __future__ import annotations

import pytest

from uxnet_compiler.compiler import network_cost, network_graph
from uxnet_compiler.importers.c2fnas import PANCREAS, genotype
from uxnet_compiler.ir import verify
from uxnet_compiler.passes import INFERENCE
from uxnet_compiler.zoo import fit, resolve


def test_the_zoo_has_the_document() -> None:
    assert resolve("zoo:c2fnas") == genotype()


def test_the_costs_are_the_published_ones() -> None:
    cost = network_cost(genotype().architecture, (96, 96, 96))

    # Table of the paper: 17.02 M and 150.78 G. Scales and shifts of norms are 0.015 M of ours.
    assert cost.params / 1e6 == pytest.approx(17.02, rel=0.015)
    assert cost.macs / 1e9 == pytest.approx(150.78, rel=0.01)


def test_the_cells_go_down_once_and_up_once() -> None:
    assert [cell.level for cell in PANCREAS] == [1, 1, 2, 2, 3, 4, 3, 3, 2, 1, 1, 1]
    assert [cell.op for cell in PANCREAS] == [
        *("2d", "p3d", "3d", "3d", "3d", "2d"),
        *("3d", "3d", "p3d", "3d", "2d", "3d"),
    ]


def test_a_cell_has_its_op_on_each_input() -> None:
    architecture = genotype().architecture
    ops = {
        edge.source: [op.label for op in edge.ops if op.kind == "conv"]
        for edge in architecture.edges
        if edge.target == "cell9"
    }

    assert ops == {"cell4": ["1x1x1", "1x3x3", "3x1x1"], "cell8": ["1x1x1", "1x3x3", "3x1x1"]}


def test_it_fits_other_widths_and_goes_through_all_passes() -> None:
    narrow = fit(genotype(), widths=(3, 4, 5, 6, 7), in_channels=2, out_channels=4)

    verify(network_graph(narrow.architecture, passes=INFERENCE))
    assert narrow.architecture.total_stride == (16, 16, 16)
