"""One genotype from several searches of the same space: the mean of what they believe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, pstdev
from typing import TypeVar

from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.schema import Confidence, Evidence, Genotype, Provenance, SpaceRef
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.wording import counted

Source = tuple[str, Genotype]
"""Where a genotype comes from, for messages, and the genotype."""
Value = TypeVar("Value")

SEEDS_TOLD = 50


def consensus(found: Sequence[Source], *, name: str | None = None) -> Genotype:
    """Decode the mean evidence of several searches, and keep how far they agree.

    The order of the searches does not matter, and one search alone gives its own architecture.
    Where their thresholds differ, the mean gate is read at the mean threshold. Limits on the cost
    are not applied here: `uxnet_compiler.search.budget.consensus` does that.

    Args:
        found: Genotypes with evidence, of the same space; at least one.
        name: Of the consensus; `<family>-consensus` when not given.

    Raises:
        GenotypeError: One has no evidence, is of another space, or is read in another way.
    """
    sources = [source for source, _ in found]
    refs, believed = _parts(found)
    _require_alike(sources, refs, believed)
    family = FAMILIES[refs[0].family]
    taus = [family.tau if ref.tau is None else ref.tau for ref in refs]
    mean = Evidence(
        gates={key: fmean(each.gates[key] for each in believed) for key in believed[0].gates},
        choices={
            choice: {
                candidate: fmean(each.choices[choice][candidate] for each in believed)
                for candidate in candidates
            }
            for choice, candidates in believed[0].choices.items()
        },
        confidence=_confidence(believed, taus),
    )
    return family.genotype(
        family.space(refs[0], source=sources[0]),
        mean,
        name=name or f"{family.name}-consensus",
        tau=fmean(taus),
        soft=refs[0].soft,
        provenance=_provenance([genotype.provenance for _, genotype in found]),
        source=sources[0],
    )


def _parts(found: Sequence[Source]) -> tuple[list[SpaceRef], list[Evidence]]:
    refs, believed = [], []
    for source, genotype in found:
        if genotype.space is None or genotype.evidence is None:
            field = "space" if genotype.space is None else "evidence"
            why = "missing: a consensus needs what searches wrote"
            raise GenotypeError(source, [(field, why)])
        refs.append(genotype.space)
        believed.append(genotype.evidence)
    return refs, believed


def _require_alike(
    sources: Sequence[str], refs: Sequence[SpaceRef], believed: Sequence[Evidence]
) -> None:
    """Refuse searches of different spaces, or within different limits.

    Raises:
        GenotypeError: The message names the first field that differs.
    """
    wanted = _fields(refs[0], believed[0])
    for source, ref, evidence in zip(sources, refs, believed, strict=True):
        mine = _fields(ref, evidence)
        for field in [*wanted, *(field for field in mine if field not in wanted)]:
            if mine.get(field) != wanted.get(field):
                told = f"{_told(mine, field)}, but {_told(wanted, field)} in {sources[0]}"
                raise GenotypeError(source, [(field, f"{told}: {_remedy(field)}")])


def _fields(ref: SpaceRef, evidence: Evidence) -> dict[str, object]:
    """Return what has to be the same: all but the threshold and the numbers of the evidence."""
    limits = {} if ref.limits is None else ref.limits.model_dump(exclude_none=True)
    return {
        "space.family": ref.family,
        "space.version": ref.version,
        **{f"space.options.{key}": value for key, value in sorted(ref.options.items())},
        "space.soft": ref.soft,
        **{f"space.limits.{key}": value for key, value in limits.items()},
        **{f"evidence.gates.{key}": "there" for key in evidence.gates},
        **{
            f"evidence.choices.{key}": ", ".join(sorted(candidates))
            for key, candidates in evidence.choices.items()
        },
    }


def _remedy(field: str) -> str:
    if field.startswith(("space.limits.", "space.soft")):
        return "read both alike first, with `uxnet derive`"
    return "not the same space"


def _told(fields: Mapping[str, object], field: str) -> str:
    value = fields.get(field)
    text = "missing" if value is None else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _confidence(believed: Sequence[Evidence], taus: Sequence[float]) -> Confidence:
    count = len(believed)
    kept = {
        key: sum(each.gates[key] >= tau for each, tau in zip(believed, taus, strict=True))
        for key in believed[0].gates
    }
    picks = {
        choice: [_likeliest(each.choices[choice]) for each in believed]
        for choice in believed[0].choices
    }
    return Confidence(
        searches=count,
        gates={key: round(times / count, 6) for key, times in kept.items()},
        spread={key: round(pstdev(each.gates[key] for each in believed), 6) for key in kept},
        choices={
            choice: {
                candidate: round(picked.count(candidate) / count, 6)
                for candidate in sorted(set(picked))
            }
            for choice, picked in picks.items()
        },
    )


def _likeliest(candidates: Mapping[str, float]) -> str:
    return max(candidates, key=lambda name: candidates[name])


def _provenance(origins: Sequence[Provenance]) -> Provenance:
    """Keep what all searches have in common, and the seeds."""
    seeds = sorted({origin.seed for origin in origins if origin.seed is not None})
    more = ", ..." if len(seeds) > SEEDS_TOLD else ""
    told = f", seeds {', '.join(map(str, seeds[:SEEDS_TOLD]))}{more}" if seeds else ""
    papers, licenses = ({getattr(o, field) for o in origins} for field in ("paper", "license"))
    return Provenance(
        origin=f"consensus of {counted(len(origins), 'search')}{told}",
        paper=papers.pop() if len(papers) == 1 else "",
        license=licenses.pop() if len(licenses) == 1 else "",
        software=_common([each.software for each in origins]),
        data=_common([each.data for each in origins]),
    )


def _common(documents: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    return {
        key: value
        for key, value in sorted(documents[0].items())
        if all(key in each and each[key] == value for each in documents)
    }
