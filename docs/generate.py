"""Write the generated parts of docs/ again: `make docs`. The tests prove them current."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from uxnet_compiler.cli.main import main
from uxnet_compiler.pictures import render
from uxnet_compiler.schema import json_schema
from uxnet_compiler.zoo import zoo

HERE = Path(__file__).parent
INTRODUCTION = """\
# The command line

Written by `make docs`; `uxnet COMMAND --help` prints the same. Results go to stdout or to the file
you name, talk goes to stderr. The exit code is 0, or 1 after a mistake, which is told in one line,
or 2 for wrong usage. GENOTYPE is a file, or `zoo:NAME` for a bundled one.
"""


def pages() -> dict[Path, str]:
    """Return the text of every generated page by its path."""
    sections = [INTRODUCTION]
    for name, text in _helps(main, "uxnet"):
        sections.append(f"## {name}\n\n```text\n{text}\n```\n")
    return {
        HERE / "cli.md": "\n".join(sections),
        HERE / "genotype.schema.json": json_schema(),
    }


def _helps(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[tuple[str, str]]:
    context = click.Context(
        command, info_name=name, parent=parent, terminal_width=96, **main.context_settings
    )
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None, child
            yield from _helps(found, child, context)


def draw_zoo() -> None:
    """Draw every bundled genotype, searched ones with what was cut; needs Graphviz.

    No test compares the bytes: another version of Graphviz writes others.
    """
    for entry in zoo().values():
        genotype = entry.genotype()
        gates = genotype.evidence.gates.values() if genotype.evidence else ()
        searched = any(0 < gate < 1 for gate in gates)
        render(genotype, HERE / "pictures" / f"{entry.name}.svg", pruned=searched)


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8", newline="\n")
    draw_zoo()
