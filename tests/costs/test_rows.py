"""Rows: sorted, nothing lost, small parts together."""

from __future__ import annotations

from hypothesis import given
from strategies import genotypes

from uxnet_compiler.costs import Costs, PartCosts, count, ranked
from uxnet_compiler.costs.rows import MOST_ROWS
from uxnet_compiler.schema import Genotype


def costs(*ms: float | None) -> Costs:
    parts = tuple(
        PartCosts(id=f"n{i}", kind="node", params=1, macs=10 * i, num_bytes=4, ms=each)
        for i, each in enumerate(ms)
    )
    return Costs(
        name="made up",
        id="0" * 64,
        image_size=(8, 8),
        passes="",
        params=len(ms),
        macs=sum(part.macs for part in parts),
        peak_bytes=8,
        map_bytes=4 * len(ms),
        parts=parts,
    )


@given(genotypes(), genotypes())
def test_no_cost_is_lost(first: Genotype, second: Genotype) -> None:
    both = [count(first), count(second)]

    rows = ranked(both)

    for index, each in enumerate(both):
        there = [row.parts[index] for row in rows]
        for name in ("params", "macs", "num_bytes"):
            found = sum(getattr(part, name) for part in there if part is not None)
            assert found == sum(getattr(part, name) for part in each.parts)


def test_the_slowest_is_first_and_small_ones_are_together() -> None:
    rows = ranked([costs(0.001, 5.0, 0.002, 9.0)])

    assert [row.label for row in rows] == ["n3", "n1", "2 smaller ones"]
    last = rows[-1].parts[0]
    assert last is not None
    assert (last.ms, last.params, rows[-1].kind) == (0.003, 2, "rest")


def test_a_single_small_one_keeps_its_name() -> None:
    assert [row.label for row in ranked([costs(0.001, 5.0, 9.0)])] == ["n2", "n1", "n0"]


def test_without_times_operations_decide() -> None:
    assert [row.label for row in ranked([costs(None, None, None)])] == ["n2", "n1", "n0"]


def test_there_are_never_more_rows_than_a_screen_holds() -> None:
    rows = ranked([costs(*[1.0] * 70)])

    assert len(rows) == MOST_ROWS + 1
    assert rows[-1].label == "30 smaller ones"


def test_a_part_that_one_network_lacks_is_none_there() -> None:
    (first, second) = ranked([costs(1.0, 2.0), costs(1.0)])

    assert [part is None for part in first.parts + second.parts].count(True) == 1
