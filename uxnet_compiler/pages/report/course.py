"""The part of a report that shows how a run went: curves over its steps."""

from __future__ import annotations

from collections.abc import Sequence

from uxnet_compiler.pages.report.charts import Chart, Line, line_chart, series
from uxnet_compiler.pages.report.subject import Subject
from uxnet_compiler.pictures.film import Film
from uxnet_compiler.runs.events import Event
from uxnet_compiler.wording import one_line


def search_charts(diary: Sequence[Event], film: Film | None) -> list[Chart]:
    """Return loss, Dice and gates of a search, as far as its diary tells of them."""
    losses = [
        Line("weights", *series(diary, "search", "loss")),
        Line("architecture", *series(diary, "search", "architecture_loss"), kind="2"),
    ]
    dice = [Line("Dice", *series(diary, "search", "dice"))]
    charts = [
        line_chart("loss", "Loss of the supernet", losses),
        line_chart("dice", "Dice of the supernet, on patches", dice),
        None if film is None else _gates(film),
    ]
    return [chart for chart in charts if chart is not None]


def _gates(film: Film) -> Chart | None:
    steps = [frame.step for frame in film.frames]
    last = film.frames[-1].gates
    lines = [
        Line(
            key,
            steps,
            [frame.gates[key] for frame in film.frames],
            kind="kept" if last[key] >= film.tau else "shut",
            in_legend=False,
        )
        for key in sorted(last, key=lambda key: (last[key], key))
    ]
    kept = sum(gate >= film.tau for gate in last.values())
    legend = [(f"{kept} open in the end", "kept"), (f"{len(last) - kept} shut in the end", "shut")]
    return line_chart(
        "gates",
        "Gates of the edges",
        lines,
        limits=(0.0, 1.0),
        legend=legend,
        rules=[(film.tau, f"tau {film.tau:g}")],
    )


def training_charts(diary: Sequence[Event]) -> list[Chart]:
    """Return loss and held-out Dice of a training."""
    names = sorted({key for event in diary if event["kind"] == "validate" for key in event})
    lines = [Line("mean", *series(diary, "validate", "dice"))]
    lines += [
        Line(
            one_line(name.removeprefix("dice_"), 40),
            *series(diary, "validate", name),
            kind=_kind(at),
        )
        for at, name in enumerate((n for n in names if n.startswith("dice_")), start=2)
    ]
    charts = [
        line_chart("loss", "Training loss", [Line("loss", *series(diary, "train", "loss"))]),
        line_chart("dice", "Dice of held-out cases", lines),
    ]
    return [chart for chart in charts if chart is not None]


def dice_together(subjects: Sequence[Subject]) -> list[Chart]:
    """Return the Dice of several runs over their steps, searches and trainings apart."""
    charts = []
    for kind, event, title in (
        ("search", "search", "Dice of the supernets, on patches"),
        ("training", "validate", "Dice of held-out cases"),
    ):
        runs = [each for each in subjects if each.kind == kind]
        lines = [
            Line(one_line(run.label, 40), *series(run.diary, event, "dice"), kind=_kind(at))
            for at, run in enumerate(runs, start=1)
        ]
        charts.append(line_chart(f"dice-{kind}", title, lines))
    return [chart for chart in charts if chart is not None]


def _kind(number: int) -> str:
    return str((number - 1) % 6 + 1)
