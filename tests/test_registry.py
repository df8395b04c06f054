"""A registry files its entries under their own names."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from uxnet_compiler.errors import UnknownNameError
from uxnet_compiler.registry import Registry


@dataclass(frozen=True)
class Thing:
    name: str


REGISTRY = Registry("thing", [Thing("second"), Thing("first")])


def test_entries_are_found_by_name_in_the_order_given() -> None:
    assert list(REGISTRY) == ["second", "first"]
    assert REGISTRY["first"] == Thing("first")
    assert len(REGISTRY) == 2


def test_a_registry_knows_what_it_holds() -> None:
    assert "first" in REGISTRY
    assert "third" not in REGISTRY


def test_an_unknown_name_proposes_the_nearest_or_lists_all() -> None:
    with pytest.raises(UnknownNameError, match="no thing is called 'frist'; did you mean 'first'"):
        REGISTRY["frist"]
    with pytest.raises(UnknownNameError, match="no thing is called 'x'; known: second, first"):
        REGISTRY["x"]


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="two entries of the thing registry are called 'a'"):
        Registry("thing", [Thing("a"), Thing("a")])
