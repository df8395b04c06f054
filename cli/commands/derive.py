"""`uxnet derive`: read a search's evidence again, at another threshold."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("derive")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--tau",
    type=click.FloatRange(0, 1),
    required=True,
    help="Keep the edges whose gate is at least this.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write; RUN/genotype-tau-TAU.json when not given.",
)
def command(run: Path, tau: float, output: Path | None) -> None:
    """Decode the evidence of a search again, without searching.

    RUN is the folder of a search, or a genotype that carries its evidence (then give -o).
    """
    from uxnet_compiler.errors import RunError
    from uxnet_compiler.schema import dump, load
    from uxnet_compiler.spaces import derive

    source = run / "genotype.json" if run.is_dir() else run
    if output is None:
        if not run.is_dir():
            raise RunError(f"{run}: a file, not a run folder; say with -o where to write")
        output = run / f"genotype-tau-{tau:g}.json"
    genotype = derive(load(source), tau, source=str(source))
    dump(genotype, output)
    architecture = genotype.architecture
    click.echo(
        f"{output}: {len(architecture.nodes)} nodes, {len(architecture.edges)} edges", err=True
    )
    click.echo(output)
