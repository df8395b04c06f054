"""The picture of several searches and their consensus."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from uxnet_compiler.errors import BackendError
from uxnet_compiler.pictures.consensus import MOST_COLUMNS, draw_consensus
from uxnet_compiler.schema import Genotype
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.spaces.consensus import consensus
from uxnet_compiler.spaces.uxnet import UXNetOptions, space

FRAME = space(UXNetOptions(widths=(2, 3), strides=((1, 1, 1), (2, 2, 2))))


def searches(count: int = 3) -> list[tuple[str, Genotype]]:
    return [(f"seed-{n}", FAMILIES["uxnet"].sample(FRAME, n)) for n in range(count)]


def texts(path: Path) -> list[str]:
    return re.findall(r"<text [^>]*>([^<]*)</text>", path.read_text())


def test_every_gate_choice_and_search_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "c.svg"
    agreed = consensus(searches())

    draw_consensus(searches(), agreed, path)

    drawn = texts(path)
    assert {key.replace(">", "&gt;") for key in FRAME.gates} <= set(drawn)
    assert set(FRAME.choices) <= set(drawn)
    assert {"seed-0", "seed-1", "seed-2", "consensus"} <= set(drawn)
    assert agreed.evidence is not None
    assert {f"{gate:.2f}" for gate in agreed.evidence.gates.values()} <= set(drawn)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_searches_give_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    first, second = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"

    for path in (first, second):
        draw_consensus(searches(), consensus(searches()), path)

    assert first.read_bytes() == second.read_bytes()


def test_names_with_odd_letters_are_drawn_as_text(tmp_path: Path) -> None:
    path = tmp_path / "c.svg"
    found = [("$x^2$", searches(1)[0][1])]

    draw_consensus(found, consensus(found), path)

    assert "$x^2$" in texts(path)


def test_other_formats_and_too_many_searches_are_refused(tmp_path: Path) -> None:
    agreed = consensus(searches(1))

    with pytest.raises(BackendError, match=r"cannot draw \.gif"):
        draw_consensus(searches(1), agreed, tmp_path / "c.gif")
    with pytest.raises(BackendError, match="too many to draw"):
        draw_consensus(searches(1) * MOST_COLUMNS, agreed, tmp_path / "c.png")
