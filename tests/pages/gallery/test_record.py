"""The browser tells differences as the library does."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from galleries import random_genotype, write_site
from strategies import document

from uxnet_compiler.diff import Diff, diff
from uxnet_compiler.schema import Genotype, loads
from uxnet_compiler.zoo import resolve

if TYPE_CHECKING:
    from playwright.sync_api import Page

DIFFERENCE = """pairs => {
  const { ops, records } = JSON.parse(document.querySelector(".records").textContent);
  const byId = Object.fromEntries(records.map((record) => [record.id, record]));
  const text = (key, value) => (typeof value === "bigint" ? String(value) : value);
  return JSON.stringify(pairs.map(([a, b]) => uxnet.difference(byId[a], byId[b], ops)), text);
}"""


def variants() -> list[Genotype]:
    """Return a small genotype, and ones that differ in names, widths, and what no label tells."""
    changes = (
        ('"small"', '"small"'),
        ('"b0"', '"b9"'),
        ('"widths": [4, 8]', '"widths": [4, 6]'),
        ('"bias": true', '"bias": false'),
        ('"id": "c0", "stage": 1', '"id": "c0", "merge": "concat", "stage": 2'),
        ('"id": "b0", "stage": 0', '"id": "b0", "width": 5, "stage": 0'),
        ('{"op": "relu@1"}', '{"op": "conv@1", "kernel": [3, 3]}, {"op": "relu@1"}'),
        ('"c0"', '"constructor"'),
    )
    plain = json.dumps(document() | {"evidence": None})
    assert all(old in plain for old, _ in changes)
    return [loads(plain.replace(old, new)) for old, new in changes]


def compared() -> list[Genotype]:
    named = [resolve(f"zoo:{name}") for name in ("hippocampus", "c2fnas")]
    return [*named, *variants(), *(random_genotype(seed) for seed in range(2))]


@pytest.fixture(scope="module")
def page_of_pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_site(compared(), tmp_path_factory.mktemp("pairs")) / "compare.html"


def told(found: Diff) -> dict[str, Any]:
    """Return a difference as the browser tells it."""
    plain = found.model_dump(mode="json")
    costs = [
        {
            "size": list(side.image_size),
            "params": str(side.params),
            "macs": str(side.macs),
            "peak": str(side.peak_bytes),
        }
        for side in (found.before, found.after)
    ]
    kept = ("relation", "frame", "nodes", "edges", "apart")
    return {key: plain[key] for key in kept} | {"costs": costs}


def test_the_browser_tells_of_every_pair_what_the_library_tells(
    page: Page, page_of_pairs: Path
) -> None:
    pairs = [*combinations(compared(), 2), (resolve("zoo:c2fnas"), resolve("zoo:c2fnas"))]

    page.goto(page_of_pairs.as_uri())
    found = json.loads(page.evaluate(DIFFERENCE, [[a.id, b.id] for a, b in pairs]))

    wanted = [told(diff(a, b)) for a, b in pairs]
    for (a, b), mine, theirs in zip(pairs, found, wanted, strict=True):
        assert mine == theirs, (a.name, b.name)
    assert {each["relation"] for each in wanted} == {"same", "renamed", "resized", "different"}
