"""One table at the end of a study: for people as Markdown, for machines as JSON."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from uxnet_compiler.files import write_text
from uxnet_compiler.runs.folder import dump_json

Cell = str | int | float | None


class Column(BaseModel):
    """A column: its head, and the digits behind the point of its numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    head: str
    digits: int = 2


class Table(BaseModel):
    """Rows of cells below heads, and what is to be known when reading them.

    Attributes:
        title: One line.
        columns: One for each cell of a row.
        rows: None where there is nothing.
        notes: Sentences below the table.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    def texts(self) -> list[tuple[str, ...]]:
        """Return the cells as they are shown."""
        return [
            tuple(_text(cell, column) for cell, column in zip(row, self.columns, strict=True))
            for row in self.rows
        ]

    def markdown(self) -> str:
        """Return the table as a Markdown page."""
        heads = [column.head for column in self.columns]
        lines = [_line(heads), "|" + "---|" * len(heads), *(_line(row) for row in self.texts())]
        notes = [f"- {note}" for note in self.notes]
        parts = [f"# {self.title}", "\n".join(lines), *(["\n".join(notes)] if notes else [])]
        return "\n\n".join(parts) + "\n"

    def write(self, out: Path, name: str) -> None:
        """Write `NAME.md` and `NAME.json` into a folder."""
        write_text(out / f"{name}.md", self.markdown())
        write_text(out / f"{name}.json", dump_json(self))


def _text(cell: Cell, column: Column) -> str:
    if cell is None:
        return "-"
    return f"{cell:.{column.digits}f}" if isinstance(cell, float) else str(cell)


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"
