"""Read from the diary of a search how its decisions came about, and how strong the evidence is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean, pstdev, quantiles

from uxnet_compiler.runs.events import Event
from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.trust.model import Band, Course, Decision

MOMENTS = 100  # of a course; the others are left out
DIGITS = 4

Records = Sequence[tuple[int, Evidence]]


def recorded(diary: Sequence[Event], last: int, final: Evidence) -> list[tuple[int, Evidence]]:
    """Return step and evidence of every record of a diary, and `final` at the `last` step."""
    found = [
        (step, Evidence.model_validate(event["evidence"]))
        for event in diary
        if event["kind"] == "gates" and isinstance(step := event["step"], int) and step < last
    ]
    return [*found, (last, final)]


def decisions(records: Records, tau: float) -> tuple[Decision, ...]:
    """Judge every gate and choice by its course; the weakest evidence comes first.

    A gate or a preference wanders with the noise of the patches. Its changes from record to
    record tell by how much: their deviation times the root of their number is how far it would
    come by chance alone. The distance to the decision in that unit is the strength of the
    evidence.
    """
    first, final = records[0][1], records[-1][1]
    moving = [evidence for _, evidence in _from_first_change(records)]
    found = []
    for key, gate in final.gates.items():
        margins = [evidence.gates[key] - tau for evidence in moving]
        found.append(
            Decision(
                kind="gate",
                key=key,
                picked="open" if gate >= tau else "shut",
                margin=_short(abs(margins[-1])),
                strength=strength(margins),
                entropy=_short(binary_entropy(gate)),
                drift=_short(abs(gate - first.gates[key])),
            )
        )
    for key, candidates in final.choices.items():
        picked = max(candidates, key=lambda name: candidates[name])
        leads = [lead(evidence.choices[key], picked) for evidence in moving]
        found.append(
            Decision(
                kind="choice",
                key=key,
                picked=picked,
                margin=_short(leads[-1]),
                strength=strength(leads),
                entropy=_short(entropy(candidates)),
                drift=_short(variation(first.choices[key], candidates)),
            )
        )
    return tuple(sorted(found, key=weakest_first))


def weakest_first(decision: Decision) -> tuple[bool, float, str, str]:
    """Return by what decisions are sorted: strength, those without one last."""
    known = decision.strength is not None
    return (not known, decision.strength or 0.0, decision.kind, decision.key)


def _from_first_change(records: Records) -> Records:
    """Leave out the warm-up, in which the evidence stands still, but for its last record."""
    still = sum(evidence == records[0][1] for _, evidence in records)
    return records[max(still - 1, 0) :]


def strength(margins: Sequence[float]) -> float | None:
    """Return the distance from 0 at the end, in units of how far chance alone would come.

    None when there is no noise to measure it by: fewer than two changes, or none at all.
    """
    changes = [after - before for before, after in pairwise(margins)]
    if len(changes) < 2:
        return None
    wander = pstdev(changes) * math.sqrt(len(changes))
    return round(abs(margins[-1]) / wander, DIGITS) if wander > 1e-9 else None


def lead(candidates: Mapping[str, float], picked: str) -> float:
    """Return how far a candidate is ahead of the best other one; 1 when there is none."""
    others = [weight for name, weight in candidates.items() if name != picked]
    return candidates[picked] - max(others) if others else 1.0


def entropy(candidates: Mapping[str, float]) -> float:
    """Return the entropy of the candidates' weights, divided by that of equal ones: 0 to 1."""
    if len(candidates) < 2:
        return 0.0
    bits = -sum(p * math.log(p) for p in candidates.values() if p > 0)
    return min(1.0, max(0.0, bits / math.log(len(candidates))))


def binary_entropy(gate: float) -> float:
    """Return the entropy of a gate in bits: 1 at 0.5, 0 at 0 and 1."""
    return entropy({"open": gate, "shut": 1 - gate})


def variation(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Return the total variation distance of two sets of weights: 0 to 1."""
    return min(1.0, sum(abs(after[name] - before[name]) for name in after) / 2)


def course(records: Records) -> Course:
    """Return entropy and drift of all decisions over time, at up to `MOMENTS` records."""
    shown = _spread(records)
    first = records[0][1]

    def band(of: Callable[[Evidence], list[float]]) -> Band | None:
        columns = [of(evidence) for _, evidence in shown]
        if not columns[0]:
            return None
        return Band(
            mean=tuple(_short(fmean(column)) for column in columns),
            low=tuple(_short(_decile(column, 0)) for column in columns),
            high=tuple(_short(_decile(column, -1)) for column in columns),
        )

    return Course(
        steps=tuple(step for step, _ in shown),
        choice_entropy=band(lambda e: [entropy(each) for each in e.choices.values()]),
        gate_entropy=band(lambda e: [binary_entropy(gate) for gate in e.gates.values()]),
        choice_drift=band(
            lambda e: [variation(first.choices[key], each) for key, each in e.choices.items()]
        ),
        gate_drift=band(lambda e: [abs(gate - first.gates[key]) for key, gate in e.gates.items()]),
    )


def _spread(records: Records) -> Records:
    """Pick records evenly, the first and the last always."""
    if len(records) <= MOMENTS:
        return records
    last = len(records) - 1
    return [records[round(index * last / (MOMENTS - 1))] for index in range(MOMENTS)]


def _decile(values: list[float], which: int) -> float:
    if len(values) == 1:
        return values[0]
    return quantiles(values, n=10, method="inclusive")[which]


def _short(value: float) -> float:
    return round(value, DIGITS)
