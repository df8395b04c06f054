"""Drawings as files."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from strategies import document

from uxnet_compiler import loads
from uxnet_compiler.errors import BackendError
from uxnet_compiler.pictures import FORMATS, draw, render
from uxnet_compiler.schema import Architecture, Edge, Genotype, Node
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.spaces.uxnet import UXNetOptions, space
from uxnet_compiler.zoo import resolve

needs_graphviz = pytest.mark.skipif(
    shutil.which("neato") is None, reason="needs the program Graphviz"
)
ODD_NAMES = (
    "<b>bold</b>",
    "a & b &lt; c",
    r"ends with \l",
    'say "hello"',
    "a line\u2028separator",
    "\u0416\u4e2d\U0001f9e0",
    "n" * 200,
    "<",
)


def small(**fields: Any) -> Genotype:
    return loads(json.dumps(document() | fields))


def sample(levels: int, dims: int = 3, tau: float = 0.5) -> Genotype:
    frame = UXNetOptions(
        spatial_dims=dims,
        out_channels=3,
        widths=tuple(4 * 2**level for level in range(levels)),
        strides=((1,) * dims, *[(2,) * dims] * (levels - 1)),
    )
    return FAMILIES["uxnet"].sample(space(frame), 0, tau=tau)


@pytest.mark.parametrize(
    ("name", "genotype", "pruned"),
    [
        ("small", small(), False),
        ("three-levels", sample(3), False),
        ("three-levels-pruned", sample(3), True),
        ("four-levels-2d", sample(4, dims=2), False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_drawings_stay_what_they_were(
    name: str, genotype: Genotype, pruned: bool, golden: Callable[[str, str], None]
) -> None:
    golden(f"pictures/{name}.gv", draw(genotype, pruned=pruned).source)


def test_every_position_is_pinned() -> None:
    text = draw(sample(4), pruned=True).source

    lines = [line for line in text.splitlines() if line.startswith("\t")]
    lines = [line for line in lines if line.split()[0] not in {"graph", "node", "edge"}]
    assert len(lines) > 30
    assert all(re.search(r'pos="(e,)?-?\d', line) for line in lines)


@needs_graphviz
@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_genotype_makes_the_same_bytes(format_: str, tmp_path: Path) -> None:
    paths = [tmp_path / name / f"g.{format_}" for name in ("one", "two")]
    for path in paths:
        render(sample(3), path)

    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[0].stat().st_size > 1000


@needs_graphviz
def test_a_pdf_tells_no_date(tmp_path: Path) -> None:
    render(small(), tmp_path / "g.pdf")

    (date,) = re.findall(rb"/CreationDate \(D:(\d+)", (tmp_path / "g.pdf").read_bytes())
    assert date == b"19700101000000"


@needs_graphviz
@pytest.mark.parametrize("levels", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("dims", [2, 3])
def test_graphviz_moves_nothing(levels: int, dims: int) -> None:
    genotype = sample(levels, dims, tau=0.3)
    graph = draw(genotype, pruned=True)

    laid_out = graph.pipe(format="plain", neato_no_op=2, encoding="utf-8")

    def places(text: str, pattern: str) -> dict[str, tuple[float, float]]:
        return {name: (float(x), float(y)) for name, x, y in re.findall(pattern, text)}

    drawn = places(laid_out, r"(?m)^node (n\d_\d) (\S+) (\S+)")
    wanted = places(graph.source, r'(?m)^\t(n\d_\d) \[.*pos="([-\d.]+),([-\d.]+)!"')
    assert len(drawn) == len(wanted) == levels * (levels + 1) // 2
    first = min(wanted)
    for name, place in wanted.items():
        for axis in (0, 1):
            moved = 72 * (drawn[name][axis] - drawn[first][axis])
            assert moved == pytest.approx(place[axis] - wanted[first][axis], abs=0.2)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_is_drawn_as_it_is(name: str, tmp_path: Path) -> None:
    render(small(name=name), tmp_path / "g.svg")

    tree = ET.parse(tmp_path / "g.svg")
    (title_text,) = tree.findall(".//{http://www.w3.org/2000/svg}text[@font-size='15']")
    title = name.replace("\u2028", " ")
    shown = (title_text.text or "").replace("\u00a0", " ").removesuffix("\u2026")
    assert title.startswith(shown.rstrip())
    assert len(shown) >= min(len(title), 30)


@needs_graphviz
@pytest.mark.parametrize("keyword", ["node", "graph", "subgraph", "strict", "digraph", "edge"])
def test_a_node_may_be_called_like_a_word_of_graphviz(keyword: str, tmp_path: Path) -> None:
    architecture = Architecture(
        spatial_dims=2,
        in_channels=1,
        out_channels=1,
        widths=(1,),
        strides=((1, 1),),
        nodes=(Node(id=keyword, stage=0, level=0),),
        edges=(Edge(source="input", target=keyword), Edge(source=keyword, target="output")),
    )

    render(Genotype(name="g", architecture=architecture), tmp_path / "g.png")

    assert (tmp_path / "g.png").stat().st_size > 1000


def test_without_graphviz_the_source_is_left_and_one_line_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(BackendError, match=r"g\.png: .*apt install graphviz.*g\.gv") as caught:
        render(small(), tmp_path / "g.png")

    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["g.gv"]
    assert (tmp_path / "g.gv").read_text(encoding="utf-8") == draw(small()).source


def test_source_and_svg_need_no_graphviz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    render(small(), tmp_path / "g.gv")
    render(small(), tmp_path / "g.svg")

    assert ET.parse(tmp_path / "g.svg").getroot().tag.endswith("svg")

    assert (tmp_path / "g.gv").read_text(encoding="utf-8") == draw(small()).source


@pytest.mark.parametrize("name", ["g.jpg", "g", "g.svg.txt"])
def test_an_unknown_format_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"use \.svg, \.pdf, \.png, \.gv"):
        render(small(), tmp_path / name)


def test_what_nobody_could_read_is_not_drawn() -> None:
    chain = ["input", *(f"n{index}" for index in range(1001)), "output"]
    architecture = Architecture(
        spatial_dims=2,
        in_channels=1,
        out_channels=1,
        widths=(1,),
        strides=((1, 1),),
        nodes=tuple(Node(id=name, stage=0, level=0) for name in chain[1:-1]),
        edges=tuple(Edge(source=a, target=b) for a, b in pairwise(chain)),
    )

    with pytest.raises(BackendError, match="1001 nodes and 1002 edges are too many"):
        draw(Genotype(name="chain", architecture=architecture))


def test_the_zoo_is_drawn() -> None:
    drawn = draw(resolve("zoo:unetpp")).source

    edges = resolve("zoo:unetpp").architecture.edges
    assert all(f"{edge.source} -> {edge.target} [" in drawn for edge in edges)
