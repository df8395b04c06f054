"""Draw what several searches believe, and their consensus, as heat maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from uxnet_compiler.errors import BackendError
from uxnet_compiler.files import replacing
from uxnet_compiler.pictures.bars import DOTS_PER_INCH, NO_DATE, plain_text, require_format
from uxnet_compiler.pictures.typography import printable, shortened
from uxnet_compiler.schema import Evidence, Genotype

CELL_INCHES, ROW_INCHES, FRAME_INCHES = 0.62, 0.19, 1.5
NAME_POINTS, NAME_WIDTH = 7.5, 110.0
MAP = "cividis"  # made for colour-blind readers, and even in grey
BRIGHT = 0.6  # of the map: dark letters from here on
MOST_ROWS, MOST_COLUMNS = 400, 60


def draw_consensus(searches: Sequence[tuple[str, Genotype]], agreed: Genotype, path: Path) -> None:
    """Draw every gate and every choice (rows) of every search and the consensus (columns).

    Gates are sorted by their mean, choices by how many searches pick the same candidate; what is
    kept is framed. The bytes carry no date.

    Args:
        searches: Name and genotype of each, with evidence of the same space.
        agreed: Their consensus.
        path: File to write; the suffix names the format.

    Raises:
        BackendError: The suffix is no format, or there is too much to draw.
        RunError: The folder cannot be written.
    """
    format_ = require_format(path)
    believed = [each.evidence for _, each in searches if each.evidence is not None]
    mean = agreed.evidence
    assert mean is not None, "a consensus carries its evidence"
    rows = max(len(mean.gates), len(mean.choices), 1)
    columns = len(searches) + 1
    if rows > MOST_ROWS or columns > MOST_COLUMNS:
        raise BackendError(
            f"{path}: {rows} rows and {columns} columns are too many to draw;"
            f" the limits are {MOST_ROWS} and {MOST_COLUMNS}"
        )
    names = [shortened(printable(name), NAME_POINTS, 80) for name, _ in searches]
    heads = [*names, "consensus"]
    with plain_text():
        width = 2 * (NAME_WIDTH / 72 + CELL_INCHES * columns) + 1.2
        figure = Figure(figsize=(width, FRAME_INCHES + ROW_INCHES * rows), layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2)
        taus = [_tau(each) for _, each in searches]
        _draw_gates(left, heads, [*believed, mean], [*taus, _tau(agreed)])
        _draw_choices(right, heads, [*believed, mean])
        with replacing(path) as draft:
            figure.savefig(draft, format=format_, dpi=DOTS_PER_INCH, metadata=NO_DATE[format_])


def _tau(genotype: Genotype) -> float:
    return (genotype.space.tau if genotype.space else None) or 0.0


def _draw_gates(
    panel: Axes, heads: Sequence[str], believed: Sequence[Evidence], taus: Sequence[float]
) -> None:
    mean = believed[-1]
    keys = sorted(mean.gates, key=lambda key: (-mean.gates[key], key))
    values = [[each.gates[key] for each in believed] for key in keys]
    _draw_map(panel, "gates (framed: kept)", [*heads, "kept by"], keys, values)
    confidence = mean.confidence
    for row, cells in enumerate(values):
        for column, (gate, tau) in enumerate(zip(cells, taus, strict=True)):
            _write(panel, row, column, f"{gate:.2f}", gate)
            if gate >= tau:
                _frame(panel, row, column)
        if confidence is not None:
            _note(panel, row, len(heads), f"{confidence.gates[keys[row]]:.0%}")


def _draw_choices(panel: Axes, heads: Sequence[str], believed: Sequence[Evidence]) -> None:
    mean = believed[-1]
    picks = {key: [_likeliest(each.choices[key]) for each in believed] for key in mean.choices}
    keys = sorted(picks, key=lambda key: (-picks[key].count(picks[key][-1]), key))
    values = [
        [each.choices[key][picked] for each, picked in zip(believed, picks[key], strict=True)]
        for key in keys
    ]
    _draw_map(panel, "choices (framed: as the consensus)", [*heads, "agree"], keys, values)
    for row, key in enumerate(keys):
        for column, picked in enumerate(picks[key]):
            text = shortened(printable(picked), 5.0, 72 * CELL_INCHES - 6)
            _write(panel, row, column, text, values[row][column], points=5.0)
            if picked == picks[key][-1]:
                _frame(panel, row, column)
        others = picks[key][:-1]
        if others:
            _note(panel, row, len(heads), f"{others.count(picks[key][-1]) / len(others):.0%}")


def _likeliest(candidates: Mapping[str, float]) -> str:
    return max(candidates, key=lambda name: candidates[name])


def _draw_map(
    panel: Axes,
    title: str,
    heads: Sequence[str],
    keys: Sequence[str],
    values: Sequence[Sequence[float]],
) -> None:
    panel.set_title(title, fontsize=9, loc="left")
    if not keys:
        panel.set_axis_off()
        panel.text(0.5, 0.5, "none", transform=panel.transAxes, ha="center", color="0.4")
        return
    panel.imshow(values, cmap=MAP, vmin=0, vmax=1, aspect="auto")
    panel.axvline(len(heads) - 2.5, color="white", linewidth=3)
    panel.set_xticks(
        range(len(heads)),
        heads,
        fontsize=NAME_POINTS,
        rotation=30,
        ha="right",
        parse_math=False,
    )
    panel.set_xlim(-0.5, len(heads) - 0.5)
    panel.set_yticks(
        range(len(keys)),
        [shortened(printable(key), NAME_POINTS, NAME_WIDTH) for key in keys],
        fontsize=NAME_POINTS,
        parse_math=False,
    )
    panel.tick_params(length=0)
    for side in panel.spines.values():
        side.set_visible(False)


def _write(
    panel: Axes, row: int, column: int, text: str, value: float, points: float = 6.5
) -> None:
    colour = "black" if value >= BRIGHT else "white"
    panel.text(
        column, row, text, ha="center", va="center", fontsize=points, color=colour, parse_math=False
    )


def _note(panel: Axes, row: int, column: int, text: str) -> None:
    panel.text(column, row, text, ha="center", va="center", fontsize=6.5, color="0.25")


def _frame(panel: Axes, row: int, column: int) -> None:
    x = [column - 0.44, column + 0.44, column + 0.44, column - 0.44, column - 0.44]
    y = [row - 0.4, row - 0.4, row + 0.4, row + 0.4, row - 0.4]
    panel.plot(x, y, color="#D55E00", linewidth=1.1)
