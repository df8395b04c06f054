"""Write the generated parts of docs/ again: `make docs`. The tests prove them current.

The bytes of a drawing depend on the version of Graphviz; what it shows does not. So each drawing
ends with the SHA-256 of the Graphviz source that it was made from, and is made again only when
that has changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Drawing:
    """A drawing in docs/pictures.

    Attributes:
        name: Of the file.
        command: What `uxnet` is told to make it, but for `-o FILE`. It also writes `.gv`.
    """

    name: str
    command: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Where it lies."""
        return HERE / "pictures" / self.name

    def mark(self) -> str:
        """Return the line that it ends with when it is made today."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "drawing.gv"
            self._run(source)
            digest = hashlib.sha256(source.read_bytes()).hexdigest()
        return f"<!-- sha256 of the Graphviz source: {digest} -->\n"

    def is_current(self) -> bool:
        """Return whether the file shows what would be drawn today."""
        return self.path.exists() and self.path.read_text("utf-8").endswith(self.mark())

    def write(self) -> None:
        """Draw it; needs Graphviz."""
        self._run(self.path)
        with self.path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(self.mark())

    def _run(self, out: Path) -> None:
        with contextlib.redirect_stdout(io.StringIO()):  # the command prints the path
            main([*self.command, "-o", str(out)], standalone_mode=False)


def drawings() -> list[Drawing]:
    """Return all drawings: every bundled genotype, searched ones with what was cut."""
    found = []
    for entry in zoo().values():
        evidence = entry.genotype().evidence
        gates = evidence.gates.values() if evidence else ()
        cut = ("--pruned",) if any(0 < gate < 1 for gate in gates) else ()
        found.append(Drawing(f"{entry.name}.svg", ("render", f"zoo:{entry.name}", *cut)))
    return found


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8", newline="\n")
    for drawing in drawings():
        if not drawing.is_current():
            drawing.write()
