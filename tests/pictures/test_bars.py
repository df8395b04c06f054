"""Bars: every number is there, long names fit, bytes are the same each time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from matplotlib.image import imread

from uxnet_compiler.costs import Costs, count, ranked
from uxnet_compiler.errors import BackendError
from uxnet_compiler.pictures.bars import draw_costs, require_format
from uxnet_compiler.zoo import resolve


def costs(name: str = "unet", *, timed: bool = False) -> Costs:
    found = count(resolve(f"zoo:{name}"), (32, 32, 32))
    if not timed:
        return found
    parts = tuple(
        part.model_copy(update={"ms": 1.0 + index}) for index, part in enumerate(found.parts)
    )
    return found.model_copy(update={"parts": parts, "ms": 300.0})


def texts(path: Path) -> list[str]:
    return re.findall(r"<text [^>]*>([^<]*)</text>", path.read_text())


def test_every_row_and_its_numbers_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "bars.svg"
    found = costs(timed=True)

    draw_costs([found], path)

    drawn = texts(path)
    for row in ranked([found]):
        (part,) = row.parts
        assert part is not None
        assert row.label.replace(">", "&gt;") in drawn
        assert f"{part.ms:.3g}" in drawn
    assert {"time, ms", "feature maps, MiB", "multiply-accumulates, billions"} <= set(drawn)
    assert {"node", "edge"} <= set(drawn)


def test_two_networks_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "bars.svg"

    draw_costs([costs("unet"), costs("unetpp")], path)

    drawn = texts(path)
    assert {"A: unet", "B: unetpp"} <= set(drawn)
    assert "time, ms" not in drawn
    assert any(line.startswith("B: 6.3 M parameters") for line in drawn)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_costs_give_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    first, second = tmp_path / f"first.{suffix}", tmp_path / f"second.{suffix}"

    draw_costs([costs()], first)
    draw_costs([costs()], second)

    assert first.read_bytes() == second.read_bytes()


def test_any_name_can_be_drawn_and_is_cut_to_fit(tmp_path: Path) -> None:
    path = tmp_path / "bars.svg"
    name = "$x_1$ \\frac \u65e5 <b>&amp; " + 40 * "long "

    draw_costs([costs().model_copy(update={"name": name})], path)
    draw_costs([costs(), costs().model_copy(update={"name": name})], tmp_path / "two.png")

    title = max(texts(path), key=len)
    assert title.startswith("$x_1$ \\frac \u65e5 &lt;b&gt;&amp;amp; long")
    assert title.endswith("\u2026")


def test_more_rows_make_a_higher_picture(tmp_path: Path) -> None:
    few, many = tmp_path / "few.png", tmp_path / "many.png"
    found = costs()

    draw_costs([found.model_copy(update={"parts": found.parts[:3]})], few)
    draw_costs([found], many)

    assert imread(many).shape[0] > imread(few).shape[0]
    assert imread(many).shape[1] == imread(few).shape[1]


def test_another_suffix_is_refused() -> None:
    assert require_format(Path("a.PNG")) == "png"
    with pytest.raises(BackendError, match=r"^a\.gif: cannot draw \.gif; use \.png, \.svg, \.pdf$"):
        require_format(Path("a.gif"))
    with pytest.raises(BackendError, match="cannot draw without a suffix"):
        require_format(Path("a"))
