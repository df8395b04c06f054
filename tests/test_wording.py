"""Numbers and names as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uxnet_compiler.wording import GAP, counted, mebibytes, one_line, short


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (1, "edge", "1 edge"),
        (0, "edge", "0 edges"),
        (2, "class", "2 classes"),
        (1, "class", "1 class"),
        (3, "search", "3 searches"),
        (5, "choice", "5 choices"),
    ],
)
def test_things_are_counted_in_the_singular_and_the_plural(
    number: int, noun: str, words: str
) -> None:
    assert counted(number, noun) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0"), (999, "999"), (1234567, "1.23 M"), (999_600, "1.00 M"), (45_600, "45.6 k")],
)
def test_a_large_number_is_written_with_three_digits(number: int, words: str) -> None:
    assert short(number) == words


def test_bytes_are_counted_in_powers_of_1024() -> None:
    assert [mebibytes(size) for size in (512, 1024, 1234567)] == ["512 B", "1.00 KiB", "1.18 MiB"]


@given(st.text(), st.integers(min_value=8, max_value=80))
def test_what_a_stranger_wrote_is_one_printable_line_of_bounded_length(
    text: str, most: int
) -> None:
    line = one_line(text, most)

    assert line.isprintable()
    assert len(line) <= most


def test_the_middle_of_a_long_text_is_left_out() -> None:
    assert one_line("a" * 50 + "b" * 50, 13) == "aaaaa" + GAP + "bbbbb"
