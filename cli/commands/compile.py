"""`uxnet compile`: a genotype as a network that others can run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..options import size_option

if TYPE_CHECKING:
    from torch import Tensor

    from uxnet_compiler.export import Report
    from uxnet_compiler.schema import Genotype


@click.command("compile")
@click.argument("genotype")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option(
    "--from-run",
    type=click.Path(path_type=Path),
    help="Take the weights of a `uxnet train` run, or of a `uxnet search` run's supernet.",
)
@click.option(
    "--weights", type=click.Path(path_type=Path), help="Take the weights of a safetensors file."
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, help="For fresh weights.")
@click.option("--onnx/--no-onnx", default=True, help="Write network.onnx, too.", show_default=True)
@size_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    genotype: str,
    out: Path,
    from_run: Path | None,
    weights: Path | None,
    seed: int,
    onnx: bool,
    size: tuple[int, ...] | None,
    as_json: bool,
) -> None:
    """Compile a genotype to a plain network: weights, ONNX and a report.

    GENOTYPE is a file, or zoo:NAME for a bundled one. The folder gets genotype.json (pruned),
    weights.safetensors, network.onnx and report.json, all or nothing, and the same bytes each
    time. Without --from-run or --weights the weights are fresh ones.
    """
    if from_run and weights:
        raise click.UsageError("--from-run and --weights exclude each other")
    from rich.console import Console

    from uxnet_compiler.export import export
    from uxnet_compiler.zoo import resolve

    found = resolve(genotype)
    with Console(stderr=True).status("compiling"):
        tensors = _tensors(found, from_run, weights)
        origin = str(from_run or weights or f"fresh, seed {seed}")
        report = export(
            found,
            out,
            weights=tensors,
            weights_source=origin,
            seed=seed,
            onnx=onnx,
            image_size=size,
        )
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        _show(report, out, origin)


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

    from uxnet_compiler.export import FILES
    from uxnet_compiler.ops import spell

    from ..quantities import mebibytes, short

    table = Table(title=f"{report.name}  {report.id[:12]}", show_header=False, title_justify="left")
    for name in FILES:
        if (out / name).exists():
            table.add_row(name, mebibytes((out / name).stat().st_size))
    table.add_section()
    table.add_row("weights", origin)
    table.add_row("image sizes", f"multiples of {spell(report.divisor)}")
    table.add_row("parameters", short(report.params))
    table.add_row(f"MACs at {spell(report.image_size)}", short(report.macs))
    table.add_row("peak feature memory", mebibytes(report.peak_bytes))
    passes = ", ".join(f"{name} {made}" for name, made in report.passes.items())
    table.add_row("rewrites", passes)
    if report.onnx_difference is not None:
        table.add_row("largest ONNX difference", f"{report.onnx_difference:.1e}")
    table.caption = f"written to {out}"
    table.caption_justify = "left"
    # What a stranger wrote into a document is text, not markup.
    Console(markup=False, emoji=False, highlight=False).print(table)
