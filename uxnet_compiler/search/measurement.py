"""What was measured of a supernet, and what an edge or an op is worth by that."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import NormalDist

from pydantic import BaseModel, ConfigDict

from uxnet_compiler.schema import Evidence

TOLERANCE = 0.0015
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
            off, since each edge is taken out while the others stand in for it.

            c_c = (mean d_c + doubt std d_c / sqrt(P)) / alone + price work_c
            w_c = exp(-c_c / sharpness) / sum

            with d_c, by how much the loss of single networks is higher than with the reference,
            and work_c, how much more work the candidate takes: an op that is not shown to be
            better leaves the reference in its place.
        """
        return Evidence(
            gates=gates(self.edges, self.loss, self.price),
            choices={
                choice: _preferences(self.costs(choice), weights)
                if choice in self.candidates
                else weights
                for choice, weights in learned.choices.items()
            },
        )

    def least(self, missed: Missed) -> float:
        """Return what an edge has to be worth, in units of the loss."""
        return least(missed, self.loss, self.price)

    def costs(self, choice: str) -> dict[str, float]:
        """Return what each candidate costs at worst in loss, and in work, as parts of the loss."""
        return {
            name: (missed.mean + DOUBT * missed.error) / self.alone + self.price * missed.work
            for name, missed in self.candidates[choice].items()
        }


def gates(edges: Mapping[str, Missed | None], loss: float, price: float) -> dict[str, float]:
    """Return the gate of every edge, when the mixture has this loss; see `Measurement.evidence`."""
    beyond = {
        key: None if each is None else each.mean - least(each, loss, price)
        for key, each in edges.items()
    }
    into: dict[str, list[str]] = defaultdict(list)
    for key in edges:
        into[key.partition(">")[2]].append(key)
    found = {}
    for keys in into.values():
        strongest = max(keys, key=lambda key: (_or_endless(beyond[key]), key))
        for key in keys:
            missed, margin = edges[key], beyond[key]
            if missed is None or margin is None or key == strongest:
                found[key] = 1.0
            else:
                found[key] = round(_chance(margin, missed.error), DIGITS)
    return {key: found[key] for key in edges}


def least(missed: Missed, loss: float, price: float) -> float:
    """Return what an edge has to be worth when the mixture has this loss, in units of it."""
    return (price * missed.work + TOLERANCE) * loss


def _or_endless(margin: float | None) -> float:
    return math.inf if margin is None else margin


def _chance(margin: float, error: float) -> float:
    """Return how likely the true mean of a margin is above 0, by a normal distribution."""
    return float(margin > 0) if error == 0.0 else NormalDist(0.0, error).cdf(margin)


def _preferences(costs: Mapping[str, float], candidates: Iterable[str]) -> dict[str, float]:
    cheapest = min(costs.values())
    raw = {name: math.exp(-(cost - cheapest) / SHARPNESS) for name, cost in costs.items()}
    total = sum(raw.values())
    return {name: round(raw.get(name, 0.0) / total, DIGITS) for name in candidates}
