"""`uxnet check`: is a file a sound genotype?"""

from __future__ import annotations

import sys

import click


@click.command("check")
@click.argument("genotypes", nargs=-1)
@click.option("--print-schema", is_flag=True, help="Print the JSON Schema of the document instead.")
def command(genotypes: tuple[str, ...], print_schema: bool) -> None:
    """Check genotypes and name every defect with its JSON path.

    GENOTYPES are files, or zoo:NAME for bundled ones. A good one gets a line on stdout, a defect
    one on stderr; the exit code is 1 when there is any defect. Nothing in a file is executed.
    """
    from uxnet_compiler.errors import UxnetError
    from uxnet_compiler.schema import json_schema
    from uxnet_compiler.zoo import resolve

    if print_schema:
        click.echo(json_schema(), nl=False)
        return
    if not genotypes:
        raise click.UsageError("name at least one genotype, or --print-schema")
    sound = True
    for text in genotypes:
        try:
            click.echo(f"{text}: ok, {resolve(text).id[:12]}")
        except UxnetError as error:
            click.echo(str(error), err=True)
            sound = False
    sys.exit(0 if sound else 1)
