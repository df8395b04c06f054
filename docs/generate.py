"""Write the generated parts of docs/ again: `make docs`. The tests prove them current."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from uxnet_compiler.cli.main import main
from uxnet_compiler.schema import json_schema
from uxnet_compiler.zoo import zoo

HERE = Path(__file__).parent
WIDTH = 88
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
        command, info_name=name, parent=parent, terminal_width=WIDTH, **main.context_settings
    )
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None, child
            yield from _helps(found, child, context)


def drawings() -> dict[Path, list[str]]:
    """Return for every drawing its path, and what `uxnet` is told to make it, but for `-o FILE`.

    These are all bundled genotypes, searched ones with what was cut, a supernet and a difference.
    """
    found = {
        HERE / "pictures" / "unet-unetpp.svg": ["diff", "zoo:unet", "zoo:unetpp"],
        HERE / "pictures" / "hippocampus-supernet.svg": ["render", "zoo:hippocampus", "--supernet"],
    }
    for entry in zoo().values():
        evidence = entry.genotype().evidence
        gates = evidence.gates.values() if evidence else ()
        cut = ["--pruned"] if any(0 < gate < 1 for gate in gates) else []
        found[HERE / "pictures" / f"{entry.name}.svg"] = ["render", f"zoo:{entry.name}", *cut]
    return found


def drawn(command: list[str]) -> str:
    """Return the SVG that a command makes today; it is the same on every machine."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "drawing.svg"
        # The command prints the path; `uxnet diff` ends with 1, since there is a difference.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            main([*command, "-o", str(out)], standalone_mode=False)
        return out.read_text(encoding="utf-8")


if __name__ == "__main__":
    made = pages() | {path: drawn(command) for path, command in drawings().items()}
    for path, text in made.items():
        path.write_text(text, encoding="utf-8", newline="\n")
