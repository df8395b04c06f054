"""Only what lies between input and output is alive."""

from __future__ import annotations

from hypothesis import given
from strategies import genotypes

from uxnet_compiler.schema import INPUT, OUTPUT, Edge, Genotype, alive, defects, drop_dead, in_order


def edges(*keys: str) -> list[Edge]:
    pairs = (key.split(">") for key in keys)
    return [Edge(source=source, target=target) for source, target in pairs]


def test_parts_without_a_way_in_or_out_are_dead() -> None:
    found = alive(edges("input>a", "a>output", "a>b", "c>a", "d>e"))

    assert found == {INPUT, "a", OUTPUT}


def test_nothing_is_alive_without_a_path() -> None:
    assert alive(edges("input>a", "b>output")) == set()


def test_sources_come_before_targets() -> None:
    order = in_order(edges("b>c", "input>b", "input>a", "a>c", "c>output"))

    assert order.index(INPUT) == 0
    assert order[-2:] == ["c", OUTPUT]


@given(genotypes())
def test_dropping_dead_parts_twice_is_dropping_them_once(genotype: Genotype) -> None:
    once = drop_dead(genotype.architecture)

    assert drop_dead(once) == once
    assert defects(once) == []
