"""Judge every decision of a search: by what was measured, else by the course that it took."""

from __future__ import annotations

from statistics import NormalDist

from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.measurement import Measurement
from uxnet_compiler.search.trust.diary import (
    DIGITS,
    Records,
    binary_entropy,
    decisions,
    entropy,
    lead,
    weakest_first,
)
from uxnet_compiler.search.trust.model import Decision


def judge(
    records: Records, evidence: Evidence, measurement: Measurement | None, tau: float
) -> tuple[Decision, ...]:
    """Return every gate and choice, the weakest evidence first.

    What was measured has its strength from the measurement: the distance of a mean over patches to
    the other decision, in standard errors. An edge that is worth more than it has to be by
    `margin` with the standard error `error` is decided at margin = Phi^-1(tau) error. The drift is
    that of the learned gate or preference.

    Args:
        records: What was learned, by step.
        evidence: Of the document.
        measurement: What the evidence is made of, if it was measured.
        tau: Threshold on gates.
    """
    learned = decisions(records, tau)
    if measurement is None:
        return learned
    found = [_measured(each, evidence, measurement, tau) for each in learned]
    return tuple(sorted(found, key=weakest_first))


def _measured(
    learned: Decision, evidence: Evidence, measurement: Measurement, tau: float
) -> Decision:
    key = learned.key
    if learned.kind == "gate":
        gate = evidence.gates[key]
        strength = _of_edge(measurement.margin(key), tau)
        return learned.model_copy(
            update={
                "picked": "open" if gate >= tau else "shut",
                "margin": round(abs(gate - tau), DIGITS),
                "strength": None if strength is None else round(strength, DIGITS),
                "entropy": round(binary_entropy(gate), DIGITS),
            }
        )
    if key not in measurement.candidates:
        return learned.model_copy(update={"strength": None})
    weights = evidence.choices[key]
    picked = max(weights, key=lambda name: weights[name])
    strength = _of_lead(measurement, key)
    return learned.model_copy(
        update={
            "picked": picked,
            "margin": round(lead(weights, picked), DIGITS),
            "strength": None if strength is None else round(strength, DIGITS),
            "entropy": round(entropy(weights), DIGITS),
        }
    )


def _of_edge(measured: tuple[float, float] | None, tau: float) -> float | None:
    if measured is None or measured[1] == 0.0 or not 0 < tau < 1:
        return None
    margin, error = measured
    return abs(margin / error - NormalDist().inv_cdf(tau))


def _of_lead(measurement: Measurement, choice: str) -> float | None:
    """Return by how many standard errors the second best candidate is behind."""
    costs, candidates = measurement.costs(choice), measurement.candidates[choice]
    first, *others = sorted(costs, key=lambda name: costs[name])
    if not others:
        return None
    # Errors are of the difference to the reference, which has none itself.
    error = max(candidates[first].error, candidates[others[0]].error)
    return (costs[others[0]] - costs[first]) * measurement.alone / error if error else None
