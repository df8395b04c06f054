"""Draw the trust report of a search: one figure, readable at a glance."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from uxnet_compiler.files import replacing
from uxnet_compiler.search.trust.model import Band, Comparison, Decision, Gap, Trust
from uxnet_compiler.search.trust.rules import NOISE, WEAK
from uxnet_compiler.wording import counted

# Okabe and Ito's colours, which colour-blind readers can tell apart; signs and shapes differ, too.
CHOICE, GATE = "#0072B2", "#D55E00"
FOUND, OTHER = "#009E73", "0.55"
LEVELS = {"ok": "#007A59", "doubt": "#8A5A00", "bad": "#B83A00"}
NO_DATE = {".png": {"Software": None}, ".svg": {"Date": None}}
SIZE_INCHES = (13.0, 7.6)
WEAKEST, STRONGEST = 0.05, 100.0  # of the axis of strengths
LINE_LETTERS = 54


def draw_trust(report: Trust, path: Path) -> None:
    """Draw course, strength of evidence, gap, trained networks and verdicts.

    The suffix of the path is `.png` or `.svg`; the bytes carry no date.
    """
    with rc_context({"svg.hashsalt": "uxnet", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=SIZE_INCHES, layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(2, 3)
        course = report.course
        _bands(
            panels[0, 0],
            "entropy: 1 is open, 0 is decided",
            course.steps,
            (course.choice_entropy, course.gate_entropy),
        )
        _bands(
            panels[0, 1],
            "drift since the start",
            course.steps,
            (course.choice_drift, course.gate_drift),
        )
        _strengths(panels[0, 2], report.decisions)
        _gap(panels[1, 0], report.gap)
        _comparison(panels[1, 1], report.comparison)
        _verdicts(panels[1, 2], report)
        figure.suptitle(_title(report), fontsize=10.5)
        with replacing(path) as draft:
            figure.savefig(draft, format=path.suffix[1:], dpi=110, metadata=NO_DATE[path.suffix])


def _title(report: Trust) -> str:
    took = report.resources
    memory = max(took.peak_bytes, took.peak_gpu_bytes or 0) / 2**30
    return (
        f"How far to trust the search of {report.genotype[:12]}:"
        f" {counted(took.steps, 'step')} in {took.minutes:g} minutes,"
        f" {took.device_hours:.2g} device hours, peak {memory:.1f} GiB"
    )


def _bands(
    panel: Axes, title: str, steps: Sequence[int], bands: tuple[Band | None, Band | None]
) -> None:
    _tidy(panel, title)
    marker = "o" if len(steps) == 1 else ""
    for band, name, colour, style in zip(
        bands, ("ops", "gates"), (CHOICE, GATE), ("-", "--"), strict=True
    ):
        if band is not None:
            panel.fill_between(steps, band.low, band.high, color=colour, alpha=0.18, linewidth=0)
            panel.plot(steps, band.mean, style, color=colour, marker=marker, label=name)
    panel.set_ylim(-0.03, 1.19)  # room for the legend
    panel.set_yticks((0, 0.2, 0.4, 0.6, 0.8, 1))
    panel.set_xlabel("step (line: mean; band: 10th to 90th percentile)")
    if panel.lines:
        panel.legend(frameon=False, loc="upper right", ncols=2)
    else:
        _empty(panel, "nothing was searched")


def _strengths(panel: Axes, decisions: Sequence[Decision]) -> None:
    _tidy(panel, "strength of evidence: margin / noise")
    known = [(each, each.strength) for each in decisions if each.strength is not None]
    if not known:
        _empty(panel, "too few records to tell")
        return
    for kind, name, colour, shape in (("choice", "ops", CHOICE, "o"), ("gate", "gates", GATE, "s")):
        places = [
            (min(max(strength, WEAKEST), STRONGEST), rank)
            for rank, (each, strength) in enumerate(known)
            if each.kind == kind
        ]
        if places:
            panel.scatter(
                [strength for strength, _ in places],
                [rank for _, rank in places],
                s=16,
                color=colour,
                marker=shape,
                label=name,
                zorder=3,
            )
    panel.axvspan(WEAKEST * 0.8, NOISE, color="0.82", linewidth=0)
    panel.axvspan(NOISE, WEAK, color="0.92", linewidth=0)
    panel.set_xscale("log")
    panel.set_xlim(WEAKEST * 0.8, STRONGEST * 1.25)
    panel.set_ylim(-1, len(known) + 0.12 * len(known) + 1)
    top = len(known) + 0.06 * len(known)
    for at, text in ((0.2, "noise"), ((NOISE * WEAK) ** 0.5, "weak"), (14, "evidence")):
        panel.annotate(text, (at, top), ha="center", va="center", fontsize=8, color="0.3")
    panel.set_xticks((0.1, 1, 2, 10, 100), ("0.1", "1", "2", "10", "100"))
    panel.set_yticks(())
    still = len(decisions) - len(known)
    panel.set_xlabel(
        f"{len(known)} decisions, the weakest at the bottom"
        + (f"; {still} never moved" * bool(still))
    )
    panel.legend(frameon=False, loc="lower right")


def _gap(panel: Axes, gap: Gap | None) -> None:
    _tidy(panel, "from the mixture to one network")
    if gap is None:
        _empty(panel, "not measured")
        return
    bars = [
        ("mixture", gap.relaxed, OTHER),
        ("genotype\nalone", gap.one_hot, FOUND),
        ("genotype\ntrained", gap.retrained, FOUND),
    ]
    shown = [bar for bar in bars if bar[1] is not None]
    for at, (_, dice, colour) in enumerate(shown):
        assert dice is not None
        hatch = "//" if at == 2 else ""
        panel.bar(at, dice, 0.6, color=colour, hatch=hatch, edgecolor="white")
        panel.annotate(f"{dice:.3f}", (at, dice), ha="center", va="bottom", fontsize=8)
    names = [name for name, _, _ in shown]
    if gap.random:
        at = len(shown)
        spread = [
            at + 0.04 * (index - (len(gap.random) - 1) / 2) for index in range(len(gap.random))
        ]
        panel.scatter(spread, gap.random, s=18, color=GATE, marker="D", zorder=3)
        panel.axhline(gap.one_hot, color=FOUND, linewidth=0.8, linestyle=":")
        names.append(f"{len(gap.random)} random\ngenotypes")
    panel.set_xticks(range(len(names)), names)
    highest = max((dice for _, dice, _ in shown if dice is not None), default=0.0)
    panel.set_ylim(0, max(0.1, 1.15 * max(highest, *gap.random, 0.0)))
    panel.set_ylabel("Dice")
    panel.set_xlabel(f"{gap.patches} patches; the supernet's weights")


def _comparison(panel: Axes, comparison: Comparison | None) -> None:
    _tidy(panel, "trained alike")
    if comparison is None:
        _empty(panel, "not asked for\n(uxnet trust RUN DATA --train-minutes M)")
        return
    for at, network in enumerate(comparison.networks):
        colour = FOUND if at == 0 else OTHER
        panel.errorbar(
            network.dice,
            at,
            xerr=2 * network.behind_error if at else None,
            fmt="o" if at == 0 else "s",
            color=colour,
            capsize=3,
        )
        panel.annotate(
            f"{network.dice:.4f}",
            (network.dice, at),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    panel.axvline(comparison.networks[0].dice, color=FOUND, linewidth=0.8, linestyle=":")
    panel.set_yticks(
        range(len(comparison.networks)),
        [f"{each.name}\n{each.params / 1e6:.2f} M" for each in comparison.networks],
    )
    panel.set_ylim(len(comparison.networks) - 0.5, -0.7)
    panel.margins(x=0.15)
    panel.set_xlabel(
        f"Dice of {comparison.cases} held-out cases\n(bar: 2 standard errors of the difference)"
    )


def _verdicts(panel: Axes, report: Trust) -> None:
    panel.set_axis_off()
    panel.set_title("verdicts", fontsize=10, loc="left")
    wrapped = [textwrap.wrap(verdict.text, LINE_LETTERS) for verdict in report.verdicts]
    height = 1 / max(18, sum(len(lines) for lines in wrapped) + 0.5 * len(wrapped))
    top = 1.0
    for verdict, lines in zip(report.verdicts, wrapped, strict=True):
        colour = LEVELS[verdict.level]
        style: dict[str, Any] = {
            "va": "top",
            "fontsize": 8,
            "transform": panel.transAxes,
            "parse_math": False,
        }
        panel.text(-0.02, top, verdict.level, color=colour, weight="bold", **style)
        panel.text(0.1, top, "\n".join(lines), **style)
        top -= height * (len(lines) + 0.5)


def _tidy(panel: Axes, title: str) -> None:
    panel.set_title(title, fontsize=10, loc="left")
    panel.grid(alpha=0.3, linewidth=0.6)
    panel.set_axisbelow(True)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)


def _empty(panel: Axes, text: str) -> None:
    panel.set_xticks(())
    panel.set_yticks(())
    panel.set_xlabel("")
    panel.grid(visible=False)
    panel.text(0.5, 0.5, text, transform=panel.transAxes, ha="center", va="center", color="0.4")
