"""`uxnet demo`: everything once, on made-up images."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ..quantities import FiniteRange, counted, mebibytes, short

SEARCH_PART = 0.6
CASES = 40  # fewer are learnt by heart
DRAWING = "genotype.svg"
DERIVED, DERIVED_TAU = "wider.json", 0.5
FOLDS = 4


@dataclass(frozen=True)
class Step:
    """One command of the tour: what it does, and what stands behind `uxnet`."""

    title: str
    arguments: tuple[str, ...]


@click.command("demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="New folder for everything.",
)
@click.option(
    "--minutes",
    type=FiniteRange(0.05, 10_000),
    default=5.0,
    show_default=True,
    help="Time for search and training together; the rest takes another minute.",
)
def command(out: Path, minutes: float) -> None:
    """Search, compile, train, evaluate and predict on made-up images, and draw it all.

    Each step is a command that you could type; it is shown before it runs.
    """
    from rich.console import Console

    from uxnet_compiler.errors import RunError

    from ..main import main

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(f"{out}: exists already; choose another --out or remove it")
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    start_s = time.monotonic()
    for step in tour(out, minutes):
        console.print(f"\n# {step.title}", style="dim")
        console.print(f"$ uxnet {shlex.join(step.arguments)}", style="bold")
        main.main(list(step.arguments), prog_name="uxnet", standalone_mode=False)
    _draw_a_segmentation(out)
    _sum_up(out, time.monotonic() - start_s)


def tour(out: Path, minutes: float) -> Iterator[Step]:
    """Yield the commands of the tour in order."""

    def step(title: str, *arguments: object) -> Step:
        return Step(title, tuple(map(str, arguments)))

    images, search, training = out / "images", out / "search", out / "training"
    genotype = search / "genotype.json"
    for_search = round(minutes * SEARCH_PART, 2)
    for_training = round(minutes * (1 - SEARCH_PART), 2)
    yield step(
        "made-up patients: an organ with a core, a vessel and small lesions",
        *("phantom", images, "--cases", CASES, "--size", 32, 32, 32),
    )
    yield step(
        "search an architecture: which features are merged, and the op of each block",
        *("search", images, "--out", search, "--levels", 3, "--width", 8),
        *("--minutes", for_search),
    )
    yield step(
        "read the evidence again with a lower threshold, without searching",
        *("derive", search, "--tau", DERIVED_TAU, "-o", out / DERIVED),
    )
    yield step(
        "look at it; what the search cut is grey",
        *("render", genotype, "-o", out / DRAWING, "--pruned"),
    )
    yield step(
        "compile it to a plain network, with the weights that the search trained",
        *("compile", genotype, "--from-run", search, "--out", out / "network"),
    )
    yield step(
        "train it from scratch; a quarter of the patients is held out",
        *("train", genotype, images, "--out", training, "--folds", FOLDS, "--fold", 0),
        *("--minutes", for_training),
    )
    yield step("measure it on those", "evaluate", training, images)
    yield step(
        "segment one of them",
        *("predict", training, images / "imagesTr" / _held_out(out), "--out", out / "masks"),
    )


def _held_out(out: Path) -> str:
    """Return the file name of a patient that the training has not seen."""
    from uxnet_compiler.data.dataset import folds
    from uxnet_compiler.data.sources import open_dataset

    cases = {case.id: case for case in open_dataset(out / "images").cases}
    _, held_out = folds(list(cases), FOLDS)[0]
    return cases[held_out[0]].image.name


def _draw_a_segmentation(out: Path) -> None:
    from uxnet_compiler.data.images import read_image, read_label
    from uxnet_compiler.data.sources import open_dataset
    from uxnet_compiler.pictures.slices import draw_slices

    name = _held_out(out)
    images = out / "images"
    image = read_image(images / "imagesTr" / name)
    maps = {
        "reference": read_label(images / "labelsTr" / name, image),
        "segmentation": read_label(out / "masks" / name, image),
    }
    draw_slices(image, maps, open_dataset(images).labels, out / "segmentation.png")


def _sum_up(out: Path, duration_s: float) -> None:
    from rich.console import Console
    from rich.table import Table

    search = _read(out / "search/summary.json")
    report = _read(out / "network/report.json")
    training = _read(out / "training/summary.json")
    scores = _read(out / "training/evaluation/scores.json")["summary"]
    kept, gated = search["edges"]
    cost = report["optimised"]
    costs = (
        f"{short(cost['params'])} parameters, {short(cost['macs'])} MACs and"
        f" {mebibytes(cost['peak_bytes'])} at {'x'.join(map(str, report['image_size']))}"
    )
    table = Table(title=f"\nmade in {duration_s / 60:.1f} minutes", title_justify="left")
    table.add_column(f"in {out}", no_wrap=True)
    table.add_column("what it is")
    for name, what in (
        ("images/", f"{CASES} made-up patients"),
        ("search/", f"a search: {counted(search['steps'], 'step')}, {kept} of {gated} edges kept"),
        (DERIVED, f"the same evidence read at a threshold of {DERIVED_TAU}"),
        (DRAWING, f"the architecture {report['id'][:12]}"),
        ("network/", f"{_targets(report['targets'])}; {costs}"),
        ("training/", f"a training: {counted(training['steps'], 'step')}; curves.png, evaluation/"),
        ("masks/", f"a segmentation; held-out Dice {scores['dice']:.3f}"),
        ("segmentation.png", "the same beside its reference"),
    ):
        table.add_row(name, what)
    Console(markup=False, highlight=False).print(table)


def _targets(written: dict[str, Any]) -> str:
    """Say that there are weights, and ONNX where its packages are installed."""
    if "onnx" not in written:
        return "plain weights"
    return f"plain weights, and ONNX exact to {written['onnx']['largest_difference']:.0e}"


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
