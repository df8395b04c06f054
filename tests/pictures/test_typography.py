"""Text in drawings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uxnet_compiler.pictures.typography import (
    printable,
    quantity,
    raised,
    shortened,
    spelled,
    text_width,
)


@pytest.mark.parametrize(
    ("label", "wanted"),
    [
        ("3x3x3 d2", "3\u00d73\u00d73 d2"),
        ("deconv x2", "deconv \u00d72"),
        ("max /2", "max /2"),
        ("box x", "box x"),
        ("10x12", "10\u00d712"),
    ],
)
def test_an_x_beside_a_number_is_a_multiplication_sign(label: str, wanted: str) -> None:
    assert spelled(label) == wanted


@pytest.mark.parametrize(
    ("number", "wanted"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1 k"),
        (14_400, "14.4 k"),
        (999_600, "1 M"),
        (2_921_000, "2.92 M"),
        (26_500_000_000, "26.5 G"),
        (5 * 10**17, "500000 T"),
    ],
)
def test_a_quantity_has_three_digits_and_a_prefix(number: int, wanted: str) -> None:
    assert quantity(number) == wanted


def test_exponents_are_raised() -> None:
    assert raised(120) == "\u00b9\u00b2\u2070"


def test_nothing_that_breaks_a_line_is_printable() -> None:
    assert printable("a\nb\x1b[31m\x00c") == "a b [31m c"


@given(st.text(max_size=60), st.floats(20, 200))
def test_a_shortened_line_fits_and_begins_as_it_did(text: str, width: float) -> None:
    short = shortened(text, 10.0, width)

    assert text_width(short, 10.0) <= max(width, text_width("\u2026", 10.0))
    assert short == text or text.startswith(short.removesuffix("\u2026"))
