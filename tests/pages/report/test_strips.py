from __future__ import annotations

from uxnet_compiler.pages.report.strips import Dot, StripRow, strip


def test_equal_dots_of_a_strip_lie_apart_and_within_their_row() -> None:
    dots = tuple(Dot(0.5, str(number)) for number in range(4))

    found = strip("it", "It", "x", [StripRow("row", dots)], limits=(0, 1)).rows[0]

    assert len({dot.at for dot in found.dots}) == 4
    assert max(abs(dot.at[1] - found.y) for dot in found.dots) < 17


def test_values_beyond_an_axis_stay_on_it() -> None:
    row = StripRow("row", (Dot(1e-9, "a"), Dot(1e9, "b")))

    found = strip("it", "It", "x", [row], limits=(0.1, 10), scale="log")

    assert [dot.at[0] for dot in found.rows[0].dots] == [found.left, found.right]
