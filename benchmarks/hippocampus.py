"""Search, train and compare on the hippocampus set of the Medical Segmentation Decathlon.

    python benchmarks/hippocampus.py DATA WORK

runs in WORK what is not there yet, one job at a time: two searches on the training cases of fold
0 of 5, then the first one's genotype, U-Net and a random genotype under one recipe, each trained
for the same time and evaluated on the 42 held-out cases. The tables go to
`benchmarks/results/hippocampus.md`, the numbers to the JSON file beside it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import click

from uxnet_compiler.compiler import network_cost
from uxnet_compiler.files import write_text
from uxnet_compiler.schema import load
from uxnet_compiler.search.trust.agreement import Agreement, agreement

RESULTS = Path(__file__).parent / "results"
FRAME = ("--in-channels", "1", "--out-channels", "3", "--widths", "16,32,64,128")
FOLD = ("--folds", "5", "--fold", "0")


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True))
@click.argument("work", type=click.Path(path_type=Path))
@click.option("--search-minutes", default=10.0, show_default=True)
@click.option("--train-minutes", default=15.0, show_default=True)
def main(data: Path, work: Path, search_minutes: float, train_minutes: float) -> None:
    """Run what is missing in WORK and write the tables."""
    for seed in ("0", "1"):
        run(
            work / f"search-{seed}",
            *("search", data, "--out", work / f"search-{seed}", *FOLD),
            *("--minutes", search_minutes, "--seed", seed),
        )
    genotypes = {
        "searched": work / "search-0" / "genotype.json",
        "unet": work / "unet.json",
        "random": work / "random.json",
    }
    run(genotypes["unet"], "zoo", "copy", "unet", genotypes["unet"], *FRAME)
    run(
        genotypes["random"],
        "sample",
        "--space",
        "uxnet",
        "--seed",
        "0",
        *FRAME,
        "-o",
        genotypes["random"],
    )
    for name, genotype in genotypes.items():
        out = work / f"train-{name}"
        minutes = ("--minutes", train_minutes)
        run(out, "train", genotype, data, "--out", out, *FOLD, *minutes)
        run(out / "evaluation", "evaluate", out, data)
    report(work, search_minutes, train_minutes)


def run(made: Path, *arguments: object) -> None:
    """Call `uxnet` unless what it makes is there."""
    if not made.exists():
        subprocess.run(
            [sys.executable, "-m", "uxnet_compiler.cli", *map(str, arguments)], check=True
        )


def report(work: Path, search_minutes: float, train_minutes: float) -> None:
    """Write the tables from what the runs left."""
    searches = [read(work / f"search-{seed}" / "summary.json") for seed in (0, 1)]
    found = [load(work / f"search-{seed}" / "genotype.json") for seed in (0, 1)]
    trained = {name: network(work / f"train-{name}") for name in ("searched", "unet", "random")}
    seeds = agreement([work / f"search-{seed}" for seed in (0, 1)])
    agreed = seeds.model_dump(mode="json")
    numbers = {"searches": searches, "agreement": agreed, "networks": trained}
    text = json.dumps(numbers, indent=2, sort_keys=True)
    write_text(RESULTS / "hippocampus.json", text + "\n")
    lines = [
        "# Hippocampus, fold 0 of 5 of the 208 cases, 2 CPU cores",
        "",
        (
            f"    python benchmarks/hippocampus.py DATA WORK --search-minutes {search_minutes:g}"
            f" --train-minutes {train_minutes:g}"
        ),
        "",
        "Dice, normalised surface Dice (1 mm) and HD95 (mm) are means over the held-out cases and",
        "both labels, at the original voxels. No test-time augmentation, no ensemble. GMAC: 64^3.",
        "",
        "| network | parameters | GMAC (64^3) | steps | anterior | posterior | Dice | NSD | HD95 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, n in trained.items():
        lines.append(
            f"| {name} | {n['params'] / 1e6:.2f} M | {n['macs'] / 1e9:.1f} | {n['steps']} |"
            f" {n['dice_by_label'][0]:.4f} | {n['dice_by_label'][1]:.4f} |"
            f" {n['dice']:.4f} | {n['nsd']:.4f} | {n['hd95_mm']:.2f} |"
        )
    lines += [
        "",
        "| search | steps | minutes | gates kept | of them alive | repaired | supernet's Dice |",
        "|---|---|---|---|---|---|---|",
    ]
    for seed, (s, genotype) in enumerate(zip(searches, found, strict=True)):
        assert genotype.evidence is not None
        alive = sum(e.key in genotype.evidence.gates for e in genotype.architecture.edges)
        lines.append(
            f"| seed {seed} | {s['steps']} | {s['minutes']} | {s['edges'][0]} of {s['edges'][1]} |"
            f" {alive} | {s['repaired']} | {s['dice']:.3f} |"
        )
    lines += ["", *tell(seeds)]
    write_text(RESULTS / "hippocampus.md", "\n".join(lines) + "\n")


def network(run_folder: Path) -> dict[str, Any]:
    """Collect one network's costs and scores."""
    summary = read(run_folder / "summary.json")
    scores = read(run_folder / "evaluation" / "scores.json")["summary"]
    cost = network_cost(load(run_folder / "genotype.json").architecture)
    return {
        "params": cost.params,
        "macs": cost.macs,
        "steps": summary["steps"],
        "minutes": summary["minutes"],
        "dice_by_label": [label["dice"] for label in scores["labels"]],
        "dice": scores["dice"],
        "nsd": scores["nsd"],
        "hd95_mm": scores["hd95_mm"],
    }


def tell(seeds: Agreement) -> list[str]:
    """Say in words where the seeds differ, and how strong the evidence is there."""
    lines = [
        f"The seeds agree on {seeds.edges:.2f} of the edges (Jaccard), {seeds.ops:.2f} of the ops.",
        "",
        "Strength of evidence: distance to the decision (gates: tau; ops: the second best), in",
        "units of how far noise alone would have come, in the less sure of the two searches.",
        "Below 2 it is weak, below 1 it is noise.",
        "",
        "| | seeds agree, median | seeds differ, median | seeds differ, largest |",
        "|---|---|---|---|",
    ]
    for kind in ("gate", "choice"):
        those = [each for each in seeds.decisions if each.kind == kind]
        same = [each.strength for each in those if each.is_agreed and each.strength is not None]
        odd = [each.strength for each in those if not each.is_agreed and each.strength is not None]
        cells = [
            f"{value:.2f}" if value is not None else "-"
            for value in (
                median(same) if same else None,
                median(odd) if odd else None,
                max(odd, default=None),
            )
        ]
        lines.append(f"| {kind}s | {' | '.join(cells)} |")
    lines += ["", "| they differ at | seed 0 | seed 1 | strength |", "|---|---|---|---|"]
    for each in seeds.differing:
        sure = "-" if each.strength is None else f"{each.strength:.2f}"
        lines.append(f"| {each.kind} {each.key} | {' | '.join(each.picked)} | {sure} |")
    return lines


def read(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
