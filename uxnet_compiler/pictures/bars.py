"""Draw what each node and each edge of a network costs as bars, or two networks side by side."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from uxnet_compiler.costs import Costs, PartCosts, Row, ranked
from uxnet_compiler.errors import BackendError
from uxnet_compiler.files import replacing
from uxnet_compiler.ops import spell
from uxnet_compiler.pictures.typography import printable, quantity, shortened, spelled

FORMATS = ("png", "svg", "pdf")
# Okabe and Ito's colours, which colour-blind readers can tell apart.
KINDS = {"node": "#0072B2", "edge": "#E69F00", "other": "#009E73", "rest": "#b4b4b4"}
PAIR = ("#0072B2", "#D55E00")
PANEL_INCHES, ROW_INCHES, FRAME_INCHES = 3.1, 0.2, 1.35
LABEL_POINTS, LABEL_WIDTH = 8.0, 150.0
TITLE_POINTS = 10.0
DOTS_PER_INCH = 150
NO_DATE = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}

Figures = Sequence[tuple[str, str, float, Callable[[PartCosts], float | None]]]


def require_format(path: Path) -> str:
    """Return the format that the suffix of a path names.

    Raises:
        BackendError: It is none of `FORMATS`.
    """
    format_ = path.suffix.removeprefix(".").lower()
    if format_ not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise BackendError(f"{path}: cannot draw {path.suffix or 'without a suffix'}; use {known}")
    return format_


def draw_costs(costs: Sequence[Costs], path: Path) -> None:
    """Draw a panel of bars each for multiply-accumulates, memory and, where measured, time.

    The most expensive part is on top, small ones are one bar; the bytes carry no date.

    Args:
        costs: Of one network, or of two to compare.
        path: File to write; the suffix names the format.

    Raises:
        BackendError: The suffix is no format.
        RunError: The folder cannot be written.
    """
    format_ = require_format(path)
    rows = ranked(costs)
    figures = _figures(costs, rows)
    height = ROW_INCHES * len(rows) * (1 if len(costs) == 1 else 1.5)
    with plain_text():
        width = LABEL_WIDTH / 72 + PANEL_INCHES * len(figures)
        figure = Figure(figsize=(width, FRAME_INCHES + height), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, len(figures), sharey=True, squeeze=False)[0]
        for panel, (name, unit, scale, get) in zip(panels, figures, strict=True):
            _draw(panel, rows, scale, get, of_pair=len(costs) == 2)
            panel.set_xlabel(f"{name}, {unit}", fontsize=9)
        panels[0].set_yticks(
            range(len(rows)),
            [shortened(printable(row.label), LABEL_POINTS, LABEL_WIDTH) for row in rows],
            fontsize=LABEL_POINTS,
            parse_math=False,
        )
        panels[0].set_ylim(len(rows) - 0.4, -0.6)
        figure.suptitle(_title(costs, 72 * width), fontsize=TITLE_POINTS, parse_math=False)
        handles = _legend(rows, costs, 72 * width)
        legend = figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=len(handles),
            frameon=False,
            fontsize=9,
        )
        for text in legend.get_texts():
            text.set_parse_math(False)
        with replacing(path) as draft:
            figure.savefig(draft, format=format_, dpi=DOTS_PER_INCH, metadata=NO_DATE[format_])


def _figures(costs: Sequence[Costs], rows: Sequence[Row]) -> Figures:
    largest = max((part.macs for row in rows for part in row.parts if part), default=0)
    unit, scale = ("billions", 1e9) if largest >= 1e9 else ("millions", 1e6)
    found: list[tuple[str, str, float, Callable[[PartCosts], float | None]]] = [
        ("multiply-accumulates", unit, scale, lambda part: part.macs),
        ("feature maps", "MiB", 2**20, lambda part: part.num_bytes),
    ]
    if all(each.ms is not None for each in costs):
        found.append(("time", "ms", 1.0, lambda part: part.ms))
    return found


def _draw(
    panel: Axes,
    rows: Sequence[Row],
    scale: float,
    get: Callable[[PartCosts], float | None],
    *,
    of_pair: bool,
) -> None:
    thickness = 0.4 if of_pair else 0.72
    longest = 0.0
    for at, row in enumerate(rows):
        for index, part in enumerate(row.parts):
            if part is None:
                continue
            length = (get(part) or 0.0) / scale
            longest = max(longest, length)
            place = at + (index - 0.5) * thickness if of_pair else at
            colour = PAIR[index] if of_pair else KINDS[row.kind]
            panel.barh(place, length, thickness, color=colour)
            panel.annotate(
                _number(length),
                (length, place),
                xytext=(2, 0),
                textcoords="offset points",
                va="center",
                fontsize=6,
                color="0.35",
            )
    panel.set_xlim(0, 1.14 * longest or 1.0)  # room for the last number
    panel.tick_params(axis="x", labelsize=7.5)
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="x", alpha=0.3, linewidth=0.6)
    panel.set_axisbelow(True)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 999.5 else f"{value:.0f}"


def _title(costs: Sequence[Costs], width: float) -> str:
    names = " and ".join(printable(each.name) for each in costs)
    size = spelled(spell(costs[0].image_size))
    lines = [names, f"for one image of {size}:"] if len(costs) == 2 else [names]
    for letter, each in zip("AB", costs, strict=False):
        start = f"{letter}: " if len(costs) == 2 else f"for one image of {size}: "
        time = "" if each.ms is None else f", {_number(each.ms)} ms as a whole"
        lines.append(
            f"{start}{quantity(each.params)} parameters, {quantity(each.macs)} MACs,"
            f" peak {_number(each.peak_bytes / 2**20)} MiB{time}"
        )
    # Matplotlib's font is wider than the one that text is measured in.
    return "\n".join(shortened(line, TITLE_POINTS, width / 1.25) for line in lines)


def _legend(rows: Sequence[Row], costs: Sequence[Costs], width: float) -> list[Patch]:
    if len(costs) == 2:
        return [
            Patch(color=colour, label=shortened(f"{letter}: {printable(each.name)}", 9, width / 3))
            for letter, colour, each in zip("AB", PAIR, costs, strict=True)
        ]
    there = {row.kind for row in rows}
    texts = {
        "node": "node",
        "edge": "edge",
        "other": "made by passes",
        "rest": "small ones together",
    }
    return [Patch(color=KINDS[kind], label=text) for kind, text in texts.items() if kind in there]


@contextmanager
def plain_text() -> Iterator[None]:
    """Fix what matplotlib draws at random, and let a name hold letters that no font here has."""
    with rc_context({"svg.hashsalt": "uxnet", "svg.fonttype": "none"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        yield
