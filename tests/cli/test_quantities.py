from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uxnet_compiler.cli.quantities import COUNT, GIBIBYTES


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("1.5M", 1_500_000), ("20G", 20 * 10**9), ("3 k", 3000), ("0.1t", 10**11)],
)
def test_counts_may_have_a_unit(text: str, number: int) -> None:
    assert COUNT.convert(text, None, None) == number


@given(st.integers(1, 10**15))
def test_a_plain_count_is_itself(number: int) -> None:
    assert COUNT.convert(str(number), None, None) == number
    assert COUNT.convert(number, None, None) == number


@pytest.mark.parametrize(
    ("text", "gib"), [("1.5", 1.5), ("512MiB", 0.5), ("2 GiB", 2.0), ("1TiB", 1024.0)]
)
def test_memory_is_in_gib_unless_it_says_otherwise(text: str, gib: float) -> None:
    assert GIBIBYTES.convert(text, None, None) == gib


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5X", "many", "0.2", "nan", "1e9"])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write 1500000"):
        COUNT.convert(text, None, None)


@pytest.mark.parametrize("text", ["", "0", "-1", "1GB", "much", "nan", "inf"])
def test_what_is_no_memory_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="512MiB"):
        GIBIBYTES.convert(text, None, None)
