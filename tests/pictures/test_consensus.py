"""The picture of several searches and their consensus."""

from __future__ import annotations

import re
import shutil
from itertools import combinations
from pathlib import Path

import pytest

from uxnet_compiler.errors import BackendError
from uxnet_compiler.pictures.consensus import MOST_COLUMNS, consensus_figure, draw_consensus
from uxnet_compiler.pictures.shapes import around
from uxnet_compiler.pictures.themes import THEMES
from uxnet_compiler.pictures.typography import text_width
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


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "gv"])
def test_the_same_searches_give_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    if suffix in ("png", "pdf") and shutil.which("dot") is None:
        pytest.skip("needs the program dot: apt-get install graphviz")
    first, second = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"

    for path in (first, second):
        draw_consensus(searches(), consensus(searches()), path)

    assert first.read_bytes() == second.read_bytes()


def test_names_with_odd_letters_are_drawn_as_text(tmp_path: Path) -> None:
    path = tmp_path / "c.svg"
    names = ("$x^2$", "<b>&\"'", "a\nb\u202e", "x" * 10_000)
    found = [(name, searches(1)[0][1]) for name in names]

    draw_consensus(found, consensus(found), path)

    drawn = texts(path)
    assert {"$x^2$", "&lt;b&gt;&amp;\"'", "a b "} <= set(drawn)
    assert max(map(len, drawn)) < 100


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_overlaps_and_nothing_is_cut_off(theme: str) -> None:
    figure = consensus_figure(searches(), consensus(searches()), theme)

    cells = [panel.rect for panel in figure.panels if panel.group in ("cell", "kept")]
    assert not any(one.overlaps(other) for one, other in combinations(cells, 2))
    for panel in figure.panels:
        for line in panel.lines:
            assert text_width(line, panel.size) < panel.rect.width
        whole = around([figure.frame, panel.rect])
        assert (whole.width, whole.height) == (figure.frame.width, figure.frame.height)


def test_what_is_kept_is_framed() -> None:
    found = searches()
    figure = consensus_figure(found, consensus(found))

    framed = [panel for panel in figure.panels if panel.id.startswith("b0_") and panel.stroke]
    kept = sum(
        gate >= (genotype.space.tau or 0) or key in genotype.provenance.repaired
        for _, genotype in [*found, ("", consensus(found))]
        if genotype.evidence and genotype.space
        for key, gate in genotype.evidence.gates.items()
    )
    assert len(framed) == kept


def test_one_search_alone_and_no_choices_are_drawn() -> None:
    found = searches(1)

    figure = consensus_figure(found, consensus(found))

    assert any(words.text.startswith("1 search") for words in figure.words)


def test_other_formats_and_too_many_searches_are_refused(tmp_path: Path) -> None:
    agreed = consensus(searches(1))

    with pytest.raises(BackendError, match=r"cannot draw \.gif"):
        draw_consensus(searches(1), agreed, tmp_path / "c.gif")
    with pytest.raises(BackendError, match="too many to draw"):
        draw_consensus(searches(1) * MOST_COLUMNS, agreed, tmp_path / "c.png")


def test_what_limits_took_away_is_not_framed() -> None:
    found = searches()
    agreed = consensus(found)
    assert agreed.evidence is not None
    key = max(agreed.evidence.gates, key=agreed.evidence.gates.__getitem__)
    choice, candidates = next(iter(agreed.evidence.choices.items()))
    other = min(candidates, key=candidates.__getitem__)

    def limited(**given_up: object) -> Genotype:
        told = agreed.provenance.model_copy(update=given_up)
        return agreed.model_copy(update={"provenance": told})

    def framed(genotype: Genotype) -> int:
        return sum(each.stroke is not None for each in consensus_figure(found, genotype).panels)

    def names(genotype: Genotype) -> list[str]:
        return [each.lines[0] for each in consensus_figure(found, genotype).panels if each.lines]

    assert framed(limited(closed=(key,))) == framed(agreed) - 1
    assert names(limited(replaced={choice: other})).count(other) == names(agreed).count(other) + 1
