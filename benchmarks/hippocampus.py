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
from typing import Any

import click

from uxnet_compiler.compiler import network_cost
from uxnet_compiler.files import write_text
from uxnet_compiler.schema import Genotype, load

RESULTS = Path(__file__).parent / "results"
FRAME = ("--in-channels", "1", "--out-channels", "3", "--widths", "16,32,64,128")
FOLD = ("--folds", "5", "--fold", "0")
RECIPE = ("--lr", "0.001")  # written out, so that a changed default changes no comparison


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
            *("--minutes", search_minutes, "--seed", seed, "--mirror"),
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
        run(out, "train", genotype, data, "--out", out, *FOLD, *RECIPE, *minutes)
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
    seeds = agreement(*found)
    numbers = {"searches": searches, "agreement": seeds, "networks": trained}
    write_text(RESULTS / "hippocampus.json", json.dumps(numbers, indent=2, sort_keys=True) + "\n")
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


def agreement(a: Genotype, b: Genotype) -> dict[str, Any]:
    """Compare two searches: what they agree on, and how sure they were where they do not."""
    assert a.evidence is not None
    assert b.evidence is not None
    assert a.space is not None
    tau = a.space.tau or 0.0
    kept = [{k for k, g in e.gates.items() if g >= tau} for e in (a.evidence, b.evidence)]
    distance = {
        k: min(abs(a.evidence.gates[k] - tau), abs(b.evidence.gates[k] - tau))
        for k in a.evidence.gates
    }
    odd = sorted(kept[0] ^ kept[1])
    tops, margins = {}, {}
    for choice in a.evidence.choices:
        both = [e.choices[choice] for e in (a.evidence, b.evidence)]
        tops[choice] = [max(c, key=lambda name: c[name]) for c in both]
        margins[choice] = min(max(c.values()) - sorted(c.values())[-2] for c in both)
    odd_ops = sorted(c for c, pair in tops.items() if pair[0] != pair[1])
    return {
        "edges_jaccard": len(kept[0] & kept[1]) / len(kept[0] | kept[1]),
        "edges": {
            k: {"gates": [a.evidence.gates[k], b.evidence.gates[k]], "margin": distance[k]}
            for k in odd
        },
        "agreed_edges_margin": mean(distance[k] for k in distance if k not in odd),
        "odd_edges_margin": mean(distance[k] for k in odd),
        "ops_agree": 1 - len(odd_ops) / max(1, len(tops)),
        "ops": {c: {"picked": tops[c], "margin": margins[c]} for c in odd_ops},
        "agreed_ops_margin": mean(m for c, m in margins.items() if c not in odd_ops),
        "odd_ops_margin": mean(margins[c] for c in odd_ops),
    }


def mean(values: Any) -> float | None:
    """Return the mean, or None of nothing."""
    listed = list(values)
    return sum(listed) / len(listed) if listed else None


def tell(seeds: dict[str, Any]) -> list[str]:
    """Say in words where the seeds differ."""

    def margin(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    lines = [
        (
            f"The two seeds agree on {seeds['edges_jaccard']:.2f} of the edges (Jaccard) and on"
            f" {seeds['ops_agree']:.2f} of the ops."
        ),
        "",
        "How far the evidence lies from the decision (smaller of the two seeds, mean): gates from",
        (
            f"tau {margin(seeds['agreed_edges_margin'])} where the seeds agree and"
            f" {margin(seeds['odd_edges_margin'])} where they differ; the best op from the second"
            f" {margin(seeds['agreed_ops_margin'])} and {margin(seeds['odd_ops_margin'])}."
        ),
        "",
        "| they differ at | seed 0 | seed 1 | margin |",
        "|---|---|---|---|",
    ]
    for key, edge in seeds["edges"].items():
        first, second = (f"{gate:.3f}" for gate in edge["gates"])
        lines.append(f"| gate {key} | {first} | {second} | {edge['margin']:.3f} |")
    for choice, op in seeds["ops"].items():
        lines.append(f"| {choice} | {op['picked'][0]} | {op['picked'][1]} | {op['margin']:.3f} |")
    return lines


def read(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
