"""What ablate, reproduce and sweep share: the outlook, the work, the table at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from uxnet_compiler.studies.crew import Crew
    from uxnet_compiler.studies.step import Study
    from uxnet_compiler.studies.table import Table


def carry_out(
    study: Study,
    out: Path,
    table: Callable[[], Table],
    *,
    name: str,
    dry_run: bool,
    as_json: bool,
    crew: Crew | None = None,
) -> None:
    """Say what a study will take, do what is missing, and print its table.

    Args:
        study: The steps.
        out: Folder of the study.
        table: Collects the results when all is done.
        name: Of the table's files.
        dry_run: Stop after the outlook, which is then what is printed.
        as_json: Print JSON instead of a table.
        crew: Who does the work; none: this process, one step at a time.
    """
    from uxnet_compiler.studies.outlook import as_table, outlook

    from .progress import Display
    from .stopping import end_stopped

    with Display() as display:
        found = outlook(study, out, display, threads=crew.threads if crew else None)
    expected = as_table(found, workers=crew.at_a_time if crew else 1)
    if dry_run:
        show(expected, as_json=as_json)
        return
    show(expected, as_json=False, err=True)
    if not _work(study, out, crew, {one.step.name: one.hours for one in found}):
        end_stopped()
    made = table()
    made.write(out, name)
    show(made, as_json=as_json)
    click.echo(f"written: {out / name}.md, {out / name}.json", err=True)


def _work(study: Study, out: Path, crew: Crew | None, hours: Mapping[str, float]) -> bool:
    from .progress import Display

    if crew is None:
        from uxnet_compiler.studies.work import run_study

        return run_study(study, out, Display)
    from uxnet_compiler.studies.fan_out import fan_out

    with Display() as display:
        return fan_out(study, out, crew, display, hours)


def show(table: Table, *, as_json: bool, err: bool = False) -> None:
    """Print a table and its notes, or its JSON."""
    if as_json:
        click.echo(table.model_dump_json(indent=2))
        return
    from rich.console import Console
    from rich.table import Table as RichTable

    shown = RichTable(title=table.title)
    for index, column in enumerate(table.columns):
        is_text = all(isinstance(row[index], str | None) for row in table.rows)
        shown.add_column(column.head, justify="left" if is_text else "right")
    for row in table.texts():
        shown.add_row(*row)
    console = Console(stderr=err, highlight=False, markup=False)
    console.print(shown)
    for note in table.notes:
        console.print(f"- {note}", soft_wrap=True)
