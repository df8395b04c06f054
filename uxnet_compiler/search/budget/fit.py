"""Decode evidence within limits: give up what the evidence says least about, for what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uxnet_compiler.errors import RunError
from uxnet_compiler.schema import Evidence, Genotype, Limits, Provenance
from uxnet_compiler.search.budget.cheapest import cheapest_within
from uxnet_compiler.search.budget.meter import Meter, Values
from uxnet_compiler.spaces import FAMILIES, Selection, Space

if TYPE_CHECKING:
    from uxnet_compiler.costs.latency import Latencies


@dataclass(frozen=True)
class _Move:
    """A network a little cheaper than another.

    Attributes:
        name: The edge that is dropped, or the choice.
        candidate: What the choice takes instead; empty for an edge.
        loss: Evidence given up: the gates of all edges that are gone, or how much likelier the
            old candidate is.
        result: The selection after it.
    """

    name: str
    candidate: str
    loss: float
    result: Selection


def require_possible(meter: Meter) -> None:
    """Refuse limits that no network of a space can keep, before anything is searched.

    Raises:
        RunError: It says which limit that is, and what would do.
    """
    cheapest_within(meter, even_evidence(meter.space))


def even_evidence(space: Space) -> Evidence:
    """Return evidence that prefers nothing."""
    return Evidence(
        gates=dict.fromkeys(space.gates, 1.0),
        choices={
            name: dict.fromkeys(candidates, 1 / len(candidates))
            for name, candidates in space.choices.items()
        },
    )


def fit(meter: Meter, plain: Selection, evidence: Evidence) -> Selection:
    """Return the network that is within all limits and close to what the evidence says.

    As long as a limit is exceeded, the network gives up an edge (not the last way to the output)
    or takes another candidate: what loses least evidence for its share of the excess. When that
    leads nowhere, the likeliest single path that fits is taken. Then whatever was given up comes
    back, the strongest evidence first, as far as there is room. Every decision is made with the
    costs of the compiled network, and nothing depends on chance.

    Args:
        meter: Counts costs.
        plain: What the evidence says without limits.
        evidence: Of a search.

    Raises:
        RunError: No network of the space is within all limits.
    """
    if meter.fits(plain):
        return plain
    small = _shrink(meter, plain, evidence) or cheapest_within(meter, evidence)
    return _grow(meter, small, plain, evidence)


def _shrink(meter: Meter, plain: Selection, evidence: Evidence) -> Selection | None:
    """Give up edges and candidates until the network fits; `None` when nothing helps."""
    now = plain
    left: set[tuple[str, str]] = set()  # candidates that were given up do not come back here
    while not meter.fits(now):
        rough = meter.rough(now)
        # Passes may cost a little, too: then the rough count may fit where the exact does not.
        exact = meter.exact(now)
        over = {
            name: max(exact[name], rough[name]) - limit
            for name, limit in meter.limit_values.items()
            if exact[name] > limit
        }
        rated = []
        for move in _moves(meter, now, evidence, left):
            saved = _saving(rough, meter.rough(move.result), over)
            if saved > 0:
                rated.append((move.loss / saved, -saved, move.name, move.candidate, move.result))
        if not rated:
            return None
        _, _, name, _, result = min(rated, key=lambda item: item[:4])
        if name in now.chosen:
            left.add((name, now.chosen[name]))
        now = result
    return now


def _saving(before: Values, after: Values, over: Values) -> float:
    """Return which parts of the excess a move saves, added up over the limits."""
    parts = (min(before[name] - after[name], excess) / excess for name, excess in over.items())
    return sum(parts)


def _moves(
    meter: Meter, now: Selection, evidence: Evidence, left: set[tuple[str, str]]
) -> Iterator[_Move]:
    """Yield every way to drop one living edge or to change one choice that matters."""
    before = meter.architecture(now)
    alive = set(meter.space.kept(before))
    for key in sorted(alive):
        result = Selection(now.chosen, now.kept - {key}, now.repaired - {key})
        after = {edge.key for edge in meter.architecture(result).edges}
        if after:
            gone = sorted(alive - after)
            yield _Move(key, "", sum(evidence.gates[name] for name in gone), result)
    for choice in sorted(meter.space.chosen(before)):
        weights = evidence.choices[choice]
        for candidate in meter.space.choices[choice]:
            if candidate != now.chosen[choice] and (choice, candidate) not in left:
                result = Selection({**now.chosen, choice: candidate}, now.kept, now.repaired)
                loss = max(0.0, weights[now.chosen[choice]] - weights[candidate])
                yield _Move(choice, candidate, loss, result)


def _grow(meter: Meter, small: Selection, plain: Selection, evidence: Evidence) -> Selection:
    """Take back what was given up, the strongest evidence first, where it fits."""
    losses: dict[tuple[str, str], float] = {
        (key, ""): evidence.gates[key] for key in plain.kept - small.kept
    }
    for choice, candidate in small.chosen.items():
        weights = evidence.choices[choice]
        for better in weights:
            if weights[better] > weights[candidate]:
                losses[choice, better] = weights[better] - weights[candidate]
    now = small
    for name, candidate in sorted(losses, key=lambda item: (-losses[item], item)):
        chosen, kept = now.chosen, now.kept
        if not candidate:
            kept = kept | {name}
        elif evidence.choices[name][candidate] > evidence.choices[name][chosen[name]]:
            chosen = {**chosen, name: candidate}
        larger = Selection(chosen, kept, now.repaired)
        if larger != now and meter.fits(larger):
            now = larger
    return Selection(now.chosen, now.kept, now.kept - plain.kept | plain.repaired & now.kept)


def within(
    genotype: Genotype, limits: Limits | None, latencies: Latencies | None = None
) -> Genotype:
    """Return a decoded genotype as it is within limits; they stand in the document from then on.

    Args:
        genotype: With evidence, decoded at its threshold without limits.
        limits: None for none.
        latencies: Needed when the latency is limited.

    Raises:
        RunError: No network of the space is within the limits.
    """
    if limits is None:
        return genotype
    ref, evidence = genotype.space, genotype.evidence
    assert ref is not None
    assert ref.tau is not None
    assert evidence is not None
    family = FAMILIES[ref.family]
    space = family.space(ref)
    if len(limits.size) != space.spatial_dims:
        raise RunError(f"the limits speak of {len(limits.size)} axes, the space has others")
    meter = Meter(space, limits, latencies, gates=evidence.gates if ref.soft else None)
    plain = family.read(space, evidence, ref.tau)
    fitted = fit(meter, plain, evidence)
    return genotype.model_copy(
        update={
            "architecture": meter.architecture(fitted),
            "space": ref.model_copy(update={"limits": limits}),
            "provenance": _told(genotype.provenance, meter, plain, fitted),
        }
    )


def _told(provenance: Provenance, meter: Meter, plain: Selection, fitted: Selection) -> Provenance:
    """Record what is other than without limits."""
    before = {edge.key for edge in meter.architecture(plain).edges}
    living = meter.architecture(fitted)
    edges = {edge.key for edge in living.edges}
    return provenance.model_copy(
        update={
            "repaired": tuple(sorted(fitted.repaired & edges)),
            "closed": tuple(sorted(before - edges)),
            "replaced": {
                choice: fitted.chosen[choice]
                for choice in sorted(meter.space.chosen(living))
                if fitted.chosen[choice] != plain.chosen[choice]
            },
        }
    )
