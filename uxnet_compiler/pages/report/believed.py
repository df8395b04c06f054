"""The part of a report that says how far a search can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from uxnet_compiler.pages.report.architecture import Pairs
from uxnet_compiler.pages.report.charts import Chart, Line, line_chart
from uxnet_compiler.pages.report.facts import Cell, number
from uxnet_compiler.pages.report.strips import Dot, Strip, StripRow, strip
from uxnet_compiler.search.trust.model import Band, Comparison, Decision, Gap, Trust, Verdict
from uxnet_compiler.search.trust.rules import NOISE, WEAK
from uxnet_compiler.wording import mebibytes, one_line, short

WEAKEST, STRONGEST = 0.05, 100.0  # of the axis of strengths
SIGNS = {"ok": "fine", "doubt": "doubt", "bad": "bad"}


@dataclass(frozen=True)
class Belief:
    """What a report shows of the trust in a search.

    Attributes:
        verdicts: Of the rules.
        signs: A word for each level of a verdict.
        charts: Entropy and drift over time.
        strengths: How strong the evidence for each decision is; None when that is unknown.
        heads: Of the table of decisions.
        decisions: Its rows, the weakest evidence first.
        gap_title: Of the table from the mixture to one network.
        gap: Its rows.
        compared_title: Of the table of networks that were trained alike.
        compared_heads: Its heads.
        compared: Its rows.
        took: What the search took.
    """

    verdicts: tuple[Verdict, ...]
    signs: dict[str, str]
    charts: list[Chart]
    strengths: Strip | None
    heads: list[str]
    decisions: list[list[Cell]]
    gap_title: str
    gap: list[list[Cell]]
    compared_title: str
    compared_heads: list[str]
    compared: list[list[Cell]]
    took: Pairs


def belief_of(trust: Trust) -> Belief:
    """Gather what a report shows of the trust report of a search."""
    comparison = trust.comparison
    return Belief(
        verdicts=trust.verdicts,
        signs=SIGNS,
        charts=_charts(trust),
        strengths=_strengths(trust.decisions),
        heads=["decision", "picked", "strength", "margin", "entropy", "drift"],
        decisions=[_decision(each) for each in trust.decisions],
        gap_title="" if trust.gap is None else f"Dice on the same {trust.gap.patches} patches",
        gap=[] if trust.gap is None else _gap(trust.gap),
        compared_title="" if comparison is None else _title(comparison),
        compared_heads=["network", "parameters", "MACs", "steps", "Dice", "behind", "error"],
        compared=[] if comparison is None else _compared(comparison),
        took=_took(trust),
    )


def _charts(trust: Trust) -> list[Chart]:
    course = trust.course
    charts = []
    for id_, title, bands in (
        (
            "entropy",
            "Entropy: 1 is open, 0 is decided",
            (course.choice_entropy, course.gate_entropy),
        ),
        ("drift", "Drift since the start", (course.choice_drift, course.gate_drift)),
    ):
        lines = [
            _band(name, band, course.steps, kind)
            for band, name, kind in zip(bands, ("ops", "gates"), "12", strict=True)
            if band is not None
        ]
        charts.append(line_chart(id_, title, lines, limits=(0.0, 1.0)))
    return [chart for chart in charts if chart is not None]


def _band(name: str, band: Band, steps: Sequence[int], kind: str) -> Line:
    return Line(name, steps, band.mean, band.low, band.high, kind)


def _strengths(decisions: Sequence[Decision]) -> Strip | None:
    rows = []
    for kind, name, style in (("choice", "ops", "1"), ("gate", "gates", "2")):
        dots = [
            Dot(each.strength, f"{one_line(each.key, 80)}: {each.strength:.2f}")
            for each in decisions
            if each.kind == kind and each.strength is not None
        ]
        if dots:
            rows.append(StripRow(name, tuple(dots), style))
    if not rows:
        return None
    zones = [(WEAKEST, NOISE, "noise"), (NOISE, WEAK, "weak"), (WEAK, STRONGEST, "evidence")]
    return strip(
        "strengths",
        "Strength of the evidence of each decision, in units of noise",
        "strength",
        rows,
        limits=(WEAKEST, STRONGEST),
        scale="log",
        ticks=(0.1, 1, 2, 10, 100),
        zones=zones,
    )


def _decision(each: Decision) -> list[Cell]:
    strength = -1.0 if each.strength is None else each.strength
    return [
        each.key,
        each.picked,
        number(strength, "" if each.strength is None else f"{each.strength:.2f}"),
        number(each.margin, f"{each.margin:.3f}"),
        number(each.entropy, f"{each.entropy:.2f}"),
        number(each.drift, f"{each.drift:.2f}"),
    ]


def _gap(gap: Gap) -> list[list[Cell]]:
    rows = [("mixture of the supernet", gap.relaxed), ("genotype alone, same weights", gap.one_hot)]
    rows += [(f"random genotype {n}, same weights", dice) for n, dice in enumerate(gap.random)]
    if gap.retrained is not None:
        rows.append(("genotype, trained", gap.retrained))
    return [[name, number(dice, f"{dice:.4f}")] for name, dice in rows if dice is not None]


def _title(comparison: Comparison) -> str:
    seen = "; the search saw them, too" if comparison.seen_by_search else ""
    return f"Trained {comparison.minutes:g} minutes each, {comparison.cases} held-out cases{seen}"


def _compared(comparison: Comparison) -> list[list[Cell]]:
    return [
        [
            each.name,
            number(each.params, short(each.params)),
            number(each.macs, short(each.macs)),
            number(each.steps, str(each.steps)),
            number(each.dice, f"{each.dice:.4f}"),
            number(each.behind, f"{each.behind:+.4f}"),
            number(each.behind_error, f"{each.behind_error:.4f}"),
        ]
        for each in comparison.networks
    ]


def _took(trust: Trust) -> Pairs:
    took = trust.resources
    pairs = [
        ("edges kept", f"{trust.edges[0]} of {trust.edges[1]}, at tau {trust.tau:g}"),
        ("steps", f"{took.steps}" + ("" if took.complete else ", stopped early")),
        ("time", f"{took.minutes:g} minutes, {took.device_hours:.2g} device hours"),
        ("memory at its peak", mebibytes(took.peak_bytes)),
    ]
    if took.peak_gpu_bytes is not None:
        pairs.append(("memory of the GPU at its peak", mebibytes(took.peak_gpu_bytes)))
    if took.waiting is not None:
        pairs.append(("waiting for patches", f"{took.waiting:.0%} of the time"))
    return pairs
