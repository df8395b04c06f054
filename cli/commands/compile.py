"""`uxnet compile`: a genotype as a network that others can run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..options import size_option
from ..quantities import COUNT, GIBIBYTES

if TYPE_CHECKING:
    from rich.console import Console
    from torch import Tensor

    from uxnet_compiler.ir import Graph
    from uxnet_compiler.passes import Pass
    from uxnet_compiler.report import Report
    from uxnet_compiler.schema import Genotype
    from uxnet_compiler.validation import PassRecord


@click.command("compile")
@click.argument("genotype")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="NAME,...",
    help="What to write: torch (weights, always), source (Python), onnx, exported (torch.export)"
    " or openvino; may be given several times.  [default: torch, and onnx where it is installed]",
)
@click.option("--verify", is_flag=True, help="Run every target and compare it with the document.")
@click.option(
    "--passes",
    "pipeline",
    default="inference",
    show_default=True,
    metavar="PIPELINE",
    help="inference, training, none, or passes with commas as `uxnet passes` lists them.",
)
@click.option("--time-passes", is_flag=True, help="Tell how long each pass took.")
@click.option(
    "--print-between-passes", is_flag=True, help="Print the graph after each pass that changed it."
)
@click.option(
    "--from-run",
    type=click.Path(path_type=Path),
    help="Take the weights of a `uxnet train` run, or of a `uxnet search` run's supernet.",
)
@click.option(
    "--weights", type=click.Path(path_type=Path), help="Take the weights of a safetensors file."
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, help="For fresh weights.")
@click.option("--max-params", type=COUNT, help="Refuse a network of more parameters, such as 1.5M.")
@click.option(
    "--max-memory",
    type=GIBIBYTES,
    help="Refuse a network that takes more for weights and feature maps at --size.",
)
@size_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    genotype: str,
    *,
    out: Path,
    targets: tuple[str, ...],
    verify: bool,
    pipeline: str,
    time_passes: bool,
    print_between_passes: bool,
    from_run: Path | None,
    weights: Path | None,
    seed: int,
    max_params: int | None,
    max_memory: float | None,
    size: tuple[int, ...] | None,
    as_json: bool,
) -> None:
    """Compile a genotype to a plain network: weights, targets and a report.

    GENOTYPE is a file, or zoo:NAME for a bundled one. The folder gets genotype.json (pruned),
    weights.safetensors, a file for each target and report.json, all or nothing, and the same bytes
    each time. Without --from-run or --weights the weights are fresh ones.
    """
    if from_run and weights:
        raise click.UsageError("--from-run and --weights exclude each other")
    from rich.console import Console

    from uxnet_compiler.export import export, require_affordable
    from uxnet_compiler.zoo import resolve

    found = resolve(genotype)
    require_affordable(
        found,
        size,
        max_params=max_params,
        max_bytes=None if max_memory is None else int(max_memory * 2**30),
    )
    console = Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)
    with console.status("compiling"):
        origin = str(from_run or weights or f"fresh, seed {seed}")
        report = export(
            found,
            out,
            weights=_tensors(found, from_run, weights),
            weights_source=origin,
            seed=seed,
            targets=_names(targets, console),
            passes=_passes(pipeline),
            image_size=size,
            verify=verify,
            on_pass=_observer(console, times=time_passes, graphs=print_between_passes),
        )
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        _show(report, out, origin)


def _names(given: tuple[str, ...], console: Console) -> list[str]:
    """Return the names of the targets: `--target a,b --target c`, or what there is."""
    names = [name.strip() for text in given for name in text.split(",") if name.strip()]
    if names:
        return names
    from uxnet_compiler.backends.catalogue import TARGETS
    from uxnet_compiler.errors import BackendError

    try:
        TARGETS["onnx"].require()
    except BackendError as error:
        console.print(f"without network.onnx: {error}")
        return ["torch"]
    return ["torch", "onnx"]


def _passes(text: str) -> tuple[Pass, ...]:
    from uxnet_compiler.passes import INFERENCE, TRAINING, parse_pipeline

    known: dict[str, tuple[Pass, ...]] = {"inference": INFERENCE, "training": TRAINING, "none": ()}
    return known[text] if text in known else parse_pipeline(text)


def _observer(
    console: Console, *, times: bool, graphs: bool
) -> Callable[[PassRecord, Graph], None] | None:
    if not times and not graphs:
        return None
    from uxnet_compiler.ir import to_text

    def tell(record: PassRecord, graph: Graph) -> None:
        if times:
            console.print(f"{record.seconds:9.3f} s  {record.name}: {record.rewrites} rewrites")
        if graphs and record.rewrites:
            console.print(f"# after {record.name}\n{to_text(graph)}")

    return tell


def _tensors(
    genotype: Genotype, from_run: Path | None, weights: Path | None
) -> dict[str, Tensor] | None:
    if weights:
        from uxnet_compiler.backends.safetensors import read_weights

        return read_weights(weights, genotype_id=genotype.id)
    if from_run is None:
        return None
    from uxnet_compiler.export import trained_weights

    trained = trained_weights(from_run, genotype)
    if trained is not None:
        return trained
    from uxnet_compiler.search.inherit import inherited_weights

    return inherited_weights(from_run, genotype)


def _show(report: Report, out: Path, origin: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from uxnet_compiler.ops import spell

    from ..quantities import mebibytes, short

    table = Table(title=f"{report.name}  {report.id[:12]}", show_header=False, title_justify="left")
    for name, target in report.targets.items():
        difference = target.largest_difference
        checked = "" if difference is None else f", {_exactness(difference)}"
        for file in target.files:
            table.add_row(file, f"{mebibytes((out / file).stat().st_size)}, {name}{checked}")
            checked = ""
    table.add_section()
    table.add_row("weights", origin)
    table.add_row("image sizes", f"multiples of {spell(report.divisor)}")
    before, after = report.lowered, report.optimised
    for name, old, new, unit in (
        ("parameters", before.params, after.params, short),
        (f"MACs at {spell(report.image_size)}", before.macs, after.macs, short),
        ("peak feature memory", before.peak_bytes, after.peak_bytes, mebibytes),
    ):
        table.add_row(name, unit(new) if old == new else f"{unit(new)}, from {unit(old)}")
    table.add_section()
    for each in report.passes:
        if each.largest_difference is not None:
            made = f"{each.rewrites} rewrite{'s' * (each.rewrites > 1)}"
            table.add_row(each.name, f"{made}, {_exactness(each.largest_difference)}")
    table.caption = f"written to {out}"
    table.caption_justify = "left"
    # What a stranger wrote into a document is text, not markup.
    Console(markup=False, emoji=False, highlight=False).print(table)


def _exactness(difference: float) -> str:
    return f"exact to {difference:.1e}" if difference else "exact"
