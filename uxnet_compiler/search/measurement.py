"""What was measured of a supernet, and what an edge or an op is worth by that."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import NormalDist

from pydantic import BaseModel, ConfigDict

from uxnet_compiler.schema import Evidence

TOLERANCE = 0.003
"""Part of the supernet's loss that an edge has to be worth beyond the price of its work."""

DOUBT = 2.0
"""Standard errors by which an op has to be better than the reference: of the six others of a
block, one seems so by chance in one of seven cases."""

SHARPNESS = 0.05
"""Part of the loss that makes a candidate e times less likely."""

DIGITS = 6


class Missed(BaseModel):
    """By how much the loss rises, over patches.

    Attributes:
        mean: Over all patches.
        error: Standard error of that mean.
        work: Part of the whole space's work that is done for it; for a candidate, beyond that of
            the reference.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float
    error: float
    work: float = 0.0


class Measurement(BaseModel):
    """What a trained supernet loses without its parts, in units of its loss.

    Attributes:
        price: Of the work of the whole space, as a part of the loss.
        patches: On which everything was measured.
        loss: Of the mixture that the search ended with.
        edges: By how much more without an edge; None where it is the last way to the output.
        again: Of edges that would go, by how much more without an edge than without those alone
            that were asked again before it and do not stay; what is worth least by `edges` is
            asked first.
        adapted: Steps on single networks, with the edges that are kept.
        dice: Of random single networks after these.
        alone: Their loss.
        candidates: For each choice that is left, by how much more with a candidate than with the
            reference, in random networks; the reference alone when these find next to nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    price: float
    patches: int
    loss: float
    edges: dict[str, Missed | None]
    again: dict[str, Missed]
    adapted: int
    dice: float
    alone: float
    candidates: dict[str, dict[str, Missed]]

    def evidence(self, learned: Evidence) -> Evidence:
        """Return gates and preferences; choices that were not measured stay as learned.

        Maths:
            d_p = loss of patch p without the edge - loss with it
            g   = P(E d > (price work + tolerance) loss)
                = Phi((mean d - (price work + tolerance) loss) / (std d / sqrt(P)))

            and 1 for the edge into each node that is missed most: no node that is needed is cut
            off, since each edge is taken out while the others stand in for it. Edges below tau
            are asked again: of these, both losses are without those before it that are below.

            c_c = (mean d_c + doubt std d_c / sqrt(P)) / alone + price work_c
            w_c = exp(-c_c / sharpness) / sum

            with d_c, by how much the loss of single networks is higher than with the reference,
            and work_c, how much more work the candidate takes: an op that is not shown to be
            better leaves the reference in its place.
        """
        return Evidence(
            gates=gates(self.edges, self.loss, self.price)
            | {key: chance(missed, self.loss, self.price) for key, missed in self.again.items()},
            choices={
                choice: _preferences(self.costs(choice), weights)
                if choice in self.candidates
                else weights
                for choice, weights in learned.choices.items()
            },
        )

    def margin(self, key: str) -> tuple[float, float] | None:
        """Return by how much an edge is worth more than it has to be, and the standard error.

        None where it is the last way to the output.
        """
        missed = self.again.get(key, self.edges[key])
        if missed is None:
            return None
        return margin(missed, self.loss, self.price), missed.error

    def rise(self, tau: float) -> float | None:
        """Return by how much the loss rises without all edges below tau, as a part of it.

        None when no edge is below tau.
        """
        gone = [
            missed.mean
            for missed in self.again.values()
            if chance(missed, self.loss, self.price) < tau
        ]
        return round(sum(gone) / self.loss, DIGITS) if gone else None

    def costs(self, choice: str) -> dict[str, float]:
        """Return what each candidate costs at worst in loss, and in work, as parts of the loss."""
        return {
            name: (missed.mean + DOUBT * missed.error) / self.alone + self.price * missed.work
            for name, missed in self.candidates[choice].items()
        }


def gates(edges: Mapping[str, Missed | None], loss: float, price: float) -> dict[str, float]:
    """Return the gate of every edge, when each is taken out alone; see `Measurement.evidence`."""

    def worth(key: str) -> tuple[float, str]:
        missed = edges[key]
        return math.inf if missed is None else margin(missed, loss, price), key

    into: dict[str, list[str]] = defaultdict(list)
    for key in edges:
        into[key.partition(">")[2]].append(key)
    strongest = {max(keys, key=worth) for keys in into.values()}
    return {
        key: 1.0 if missed is None or key in strongest else chance(missed, loss, price)
        for key, missed in edges.items()
    }


def unsure(edges: Mapping[str, Missed | None], loss: float, price: float, tau: float) -> list[str]:
    """Return the edges whose gates are below tau, the least missed first."""
    found = gates(edges, loss, price)
    margins = {
        key: margin(missed, loss, price)
        for key, missed in edges.items()
        if missed is not None and found[key] < tau
    }
    return sorted(margins, key=lambda key: (margins[key], key))


def margin(missed: Missed, loss: float, price: float) -> float:
    """Return by how much an edge is worth more than it has to be when the mixture has this loss."""
    return missed.mean - (price * missed.work + TOLERANCE) * loss


def chance(missed: Missed, loss: float, price: float) -> float:
    """Return how likely an edge is worth more than it has to be, by a normal distribution."""
    beyond = margin(missed, loss, price)
    if missed.error == 0.0:
        return float(beyond > 0)
    return round(NormalDist(0.0, missed.error).cdf(beyond), DIGITS)


def _preferences(costs: Mapping[str, float], candidates: Iterable[str]) -> dict[str, float]:
    cheapest = min(costs.values())
    raw = {name: math.exp(-(cost - cheapest) / SHARPNESS) for name, cost in costs.items()}
    total = sum(raw.values())
    return {name: round(raw.get(name, 0.0) / total, DIGITS) for name in candidates}
