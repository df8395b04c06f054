"""Time what people look at: drawings, a report, and a gallery of many genotypes.

    python benchmarks/pictures.py

The largest bundled genotype is drawn in every format, each in a fresh process and timed after the
imports. A report of a made-up search in a space of five levels, told of at 200 moments, is written
and opened in Chromium, where nodes are clicked. A gallery is made of 200 random genotypes. The
table goes to `benchmarks/results/pictures.md`, the numbers to the JSON file beside it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # made-up runs, and the browser

from browser import chromium, watched_page
from searches import uxnet_space, write_search

from uxnet_compiler.pages.gallery import exhibits, in_folder, write_gallery
from uxnet_compiler.pages.report import write_report
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import Genotype, dump
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.studies.table import Cell, Column, Table
from uxnet_compiler.zoo import zoo

RESULTS = Path(__file__).parent / "results"
FORMATS = ("svg", "gv", "png", "pdf")
MOMENTS, GENOTYPES, REPEATS = 200, 200, 5
RENDER = """
import sys, time
from pathlib import Path
from uxnet_compiler.pictures import render
from uxnet_compiler.zoo import resolve
genotype = resolve(sys.argv[1])
start = time.perf_counter()
render(genotype, Path(sys.argv[2]))
print(time.perf_counter() - start)
"""
CLICK = """
(node) => new Promise((done) => {
  const start = performance.now();
  node.dispatchEvent(new MouseEvent("click", {bubbles: true}));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - start), 0));
})
"""
"""Until the frame with the change was painted."""


def main() -> None:
    """Measure everything and write the table."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [*drawings(Path(folder)), *report(Path(folder)), gallery(Path(folder))]
    table = Table(
        title="Pictures and pages",
        columns=(Column(head="what"), Column(head="found"), Column(head="at most")),
        rows=tuple(rows),
        notes=(
            "Drawings: the first one of a fresh process, after the imports; median of five.",
            (
                "Clicks: from the event to the painted frame in headless Chromium, which paints 60"
                " times a second; the slowest of all nodes."
            ),
        ),
    )
    print(table.markdown())
    table.write(RESULTS, "pictures")


def drawings(folder: Path) -> list[tuple[Cell, ...]]:
    """Draw the largest bundled genotype in every format."""
    largest = max(zoo().values(), key=lambda entry: len(entry.genotype().architecture.nodes))
    rows: list[tuple[Cell, ...]] = []
    for format_ in FORMATS:
        command = [sys.executable, "-c", RENDER, f"zoo:{largest.name}"]
        out = folder / f"largest.{format_}"
        seconds = [
            float(subprocess.run([*command, out], check=True, capture_output=True).stdout)
            for _ in range(REPEATS)
        ]
        rows.append((f"{largest.name} as {format_}, s", statistics.median(seconds), 1.0))
    return rows


def report(folder: Path) -> list[tuple[Cell, ...]]:
    """Report a search, and click its nodes."""
    run = write_search(folder / "run", steps=10 * (MOMENTS - 1), frame=uxnet_space(5))
    page_path = folder / "report.html"
    start = time.perf_counter()
    write_report((str(run),), page_path)
    seconds = time.perf_counter() - start
    with chromium() as browser, watched_page(browser) as page:
        page.goto(page_path.as_uri())
        nodes = page.locator("#graph-a0 [data-id]")
        clicks = [nodes.nth(index).evaluate(CLICK) for index in range(nodes.count())]
    return [
        (f"report of a search, {MOMENTS} moments, MB", page_path.stat().st_size / 1e6, 3.0),
        ("the same, s to write", seconds, None),
        ("click to highlight, ms", max(clicks), 100.0),
    ]


def gallery(folder: Path) -> tuple[Cell, ...]:
    """Make a gallery of random genotypes."""
    documents = folder / "genotypes"
    documents.mkdir()
    for seed in range(GENOTYPES):
        dump(_random(seed), documents / f"{seed}.json")
    found, refused = in_folder(documents, without=folder / "site")
    assert not refused
    start = time.perf_counter()
    write_gallery(exhibits(found), folder / "site", Observer())
    return (f"gallery of {GENOTYPES} genotypes, s", time.perf_counter() - start, 60.0)


def _random(seed: int) -> Genotype:
    frame = uxnet_space(3 + seed % 4, 2 + seed % 2)
    return FAMILIES["uxnet"].sample(frame, seed)


if __name__ == "__main__":
    main()
