"""Judge every decision of a search: by what was measured, else by the course that it took."""

from __future__ import annotations

from statistics import NormalDist

from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.perturbation import TOLERANCE, Measurement, Missed
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
    the other decision, in standard errors. An edge whose loss is `mean` with the standard error
    `error` is decided at mean = tolerance + Phi^-1(tau) error. Its drift is that of the learned
    gate or preference.

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
        strength = _of_edge(measurement.edges[key], TOLERANCE * measurement.loss, tau)
        return learned.model_copy(
            update={
                "picked": "open" if gate >= tau else "shut",
                "margin": round(abs(gate - tau), DIGITS),
                "strength": None if strength is None else round(strength, DIGITS),
                "entropy": round(binary_entropy(gate), DIGITS),
            }
        )
    candidates = measurement.candidates.get(key)
    if candidates is None:
        return learned.model_copy(update={"strength": None})
    weights = evidence.choices[key]
    picked = max(weights, key=lambda name: weights[name])
    strength = _of_lead(candidates)
    return learned.model_copy(
        update={
            "picked": picked,
            "margin": round(lead(weights, picked), DIGITS),
            "strength": None if strength is None else round(strength, DIGITS),
            "entropy": round(entropy(weights), DIGITS),
        }
    )


def _of_edge(missed: Missed | None, tolerance: float, tau: float) -> float | None:
    if missed is None or missed.error == 0.0 or not 0 < tau < 1:
        return None
    return abs((missed.mean - missed.price - tolerance) / missed.error - NormalDist().inv_cdf(tau))


def _of_lead(candidates: dict[str, Missed]) -> float | None:
    """Return by how many standard errors the second best candidate is behind."""
    first, *others = sorted(candidates.values(), key=lambda missed: missed.mean + missed.price)
    if not others:
        return None
    second = others[0]
    # Errors are of the difference to the candidate with the least loss, which has none itself.
    error = max(first.error, second.error)
    lead = second.mean + second.price - first.mean - first.price
    return lead / error if error else None
