"""`uxnet derive`: read a search's evidence again, at another threshold or within other limits."""

from __future__ import annotations

from pathlib import Path

import click

from ..options import device_option, limit_options, size_option
from ..quantities import FiniteRange, counted


@click.command("derive")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--tau",
    type=FiniteRange(0, 1),
    help="Keep the edges whose gate is at least this; as in RUN when not given.",
)
@limit_options
@click.option("--unlimited", is_flag=True, help="Forget the limits that RUN was found within.")
@click.option(
    "--soft/--hard",
    default=None,
    help="Let every edge carry its gate as a factor, or not; as in RUN when not given.",
)
@size_option
@click.option(
    "--batch-size",
    type=click.IntRange(1, 65536),
    help="Images of the training step that --max-training-memory speaks of.",
)
@device_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write; RUN/genotype-tau-TAU.json, with the limits in its name, when not given.",
)
def command(
    run: Path,
    *,
    tau: float | None,
    max_params: int | None,
    max_macs: int | None,
    max_memory: float | None,
    max_training_memory: float | None,
    max_latency: float | None,
    unlimited: bool,
    soft: bool | None,
    size: tuple[int, ...] | None,
    batch_size: int | None,
    device: str,
    output: Path | None,
) -> None:
    """Decode the evidence of a search again, without searching.

    RUN is the folder of a search, or a genotype that carries its evidence (then give -o). Limits
    that are not given are those of RUN. A network over a limit gives up the edges and the ops
    that the evidence says least about, for what they cost; the file records which.
    """
    from uxnet_compiler.errors import RunError
    from uxnet_compiler.schema import dump, load
    from uxnet_compiler.search.budget.derive import derive_within, without_limits
    from uxnet_compiler.search.budget.limits import Wish, limit_values

    source = run / "genotype.json" if run.is_dir() else run
    if output is None and not run.is_dir():
        raise RunError(f"{run}: a file, not a run folder; say with -o where to write")
    found = load(source)
    genotype = derive_within(
        without_limits(found) if unlimited else found,
        tau,
        Wish(max_params, max_macs, max_memory, max_training_memory, max_latency),
        size=size,
        batch_size=batch_size,
        soft=soft,
        device=device,
        source=str(source),
    )
    space = genotype.space
    assert space is not None
    if output is None:
        within = "".join(f"-{n}-{v:.12g}" for n, v in limit_values(space.limits).items())
        kind = "-soft" if space.soft else ""
        output = run / f"genotype-tau-{space.tau:g}{kind}{within}.json"
    dump(genotype, output)
    architecture, told = genotype.architecture, genotype.provenance
    given_up = [
        f"{counted(len(told.closed), 'edge')} closed" if told.closed else "",
        f"{counted(len(told.replaced), 'op')} replaced" if told.replaced else "",
    ]
    limited = " to stay within the limits" if any(given_up) else ""
    parts = [
        counted(len(architecture.nodes), "node"),
        counted(len(architecture.edges), "edge"),
        *given_up,
    ]
    click.echo(f"{output}: {', '.join(filter(None, parts))}{limited}", err=True)
    click.echo(output)
