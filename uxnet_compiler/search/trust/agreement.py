"""How far searches that differ in their seed alone agree, and how sure they were where not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.events import last_step, read_events
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.schema import Genotype, load
from uxnet_compiler.search.decision import MEASURED_FILE
from uxnet_compiler.search.measurement import Measurement
from uxnet_compiler.search.trust.decisions import judge
from uxnet_compiler.search.trust.diary import decisions, recorded
from uxnet_compiler.search.trust.model import Decision
from uxnet_compiler.search.trust.rules import NOISE, WEAK
from uxnet_compiler.spaces import FAMILIES, Space

T = TypeVar("T")


class Shared(BaseModel):
    """A decision that all searches took.

    Attributes:
        kind: `gate` or `choice`.
        key: Of the gate or the choice.
        picked: By each search, in their order.
        strength: Of the evidence in the least sure search; see `model.Decision`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["gate", "choice"]
    key: str
    picked: tuple[str, ...]
    strength: float | None

    @property
    def is_agreed(self) -> bool:
        """Whether all searches decided alike."""
        return len(set(self.picked)) == 1


class Agreement(BaseModel):
    """How far searches agree, a mean over all pairs of them.

    Attributes:
        names: Of the searches.
        genotypes: Ids of what they found.
        gates: Gates that both of a pair leave open, divided by those that either does (Jaccard).
        edges: The same of the gated edges in their networks: open gates on ways that lead nowhere
            do not count.
        ops: Of the choices in both networks of a pair, the part in which they have the same op;
            None without any.
        decisions: All of them, the strongest evidence first.
        strong: Decisions that differ and have a strength of at least 2 in every search that knows
            it: each was sure of something else.
        weak: Decisions that differ with a strength of 1 to 2 in the least sure search.
        noise: Decisions that differ with less: that search could not tell.
        unknown: Decisions that differ and have no strength in any search, such as ops of parts
            that none of the networks has.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[str, ...]
    genotypes: tuple[str, ...]
    gates: float | None
    edges: float | None
    ops: float | None
    decisions: tuple[Shared, ...]
    strong: int
    weak: int
    noise: int
    unknown: int

    @property
    def differing(self) -> tuple[Shared, ...]:
        """Decisions on which not all agree."""
        return tuple(each for each in self.decisions if not each.is_agreed)


def agreement(runs: Sequence[Path]) -> Agreement:
    """Compare finished searches of one space.

    Raises:
        GenotypeError: A genotype is not of the space that it names.
        RunError: A folder is no finished search, or they are of different spaces.
    """
    found = [_decided(run) for run in runs]
    genotypes = [genotype for genotype, _, _ in found]
    decided = [{(each.kind, each.key): each for each in those} for _, _, those in found]
    for run, mine in zip(runs, decided, strict=True):
        if mine.keys() != decided[0].keys():
            raise RunError(f"{run}: of another space than {runs[0]}: they cannot be compared")
    _, first, _ = found[0]
    opened = [{k for k in first.gates if each["gate", k].picked == "open"} for each in decided]
    edges = [set(space.kept(genotype.architecture)) for genotype, space, _ in found]
    picks = [
        space.chosen(genotype.architecture, source=str(RunFolder(run).genotype_path))
        for run, (genotype, space, _) in zip(runs, found, strict=True)
    ]
    shared = sorted(_shared(decided), key=lambda d: (-(d.strength or 0.0), d.kind, d.key))
    differing = [each for each in shared if not each.is_agreed]
    known = [d.strength for d in differing if d.strength is not None]
    noise, weak = sum(s < NOISE for s in known), sum(NOISE <= s < WEAK for s in known)
    return Agreement(
        names=tuple(run.name for run in runs),
        genotypes=tuple(genotype.id for genotype in genotypes),
        gates=_over_pairs(opened, _jaccard) if first.gates else None,
        edges=_over_pairs(edges, _jaccard) if first.gates else None,
        ops=_over_pairs(picks, _alike) if first.choices else None,
        decisions=tuple(shared),
        strong=len(known) - noise - weak,
        weak=weak,
        noise=noise,
        unknown=len(differing) - len(known),
    )


def _decided(run: Path) -> tuple[Genotype, Space, tuple[Decision, ...]]:
    """Return what a search found, in which space, and how it decided."""
    folder = RunFolder.open(run)
    genotype = load(folder.genotype_path)
    if genotype.evidence is None or genotype.space is None:
        raise RunError(f"{run}: not a search: its genotype.json carries no evidence")
    ref = genotype.space
    space = FAMILIES[ref.family].space(ref, source=str(folder.genotype_path))
    diary = read_events(folder.events_path)
    last = last_step(diary)
    tau = ref.tau or 0.0
    measured = folder.path / MEASURED_FILE
    if not measured.exists():
        return genotype, space, decisions(recorded(diary, last, genotype.evidence), tau)
    measurement = folder.read(measured, Measurement)
    # What is appended is measured; a search of a few steps has recorded nothing else.
    records = recorded(diary, last + 1, genotype.evidence)
    learned = records[:-1] or records
    return genotype, space, judge(learned, genotype.evidence, measurement, tau)


Decided = dict[tuple[Literal["gate", "choice"], str], Decision]


def _shared(decided: Sequence[Decided]) -> list[Shared]:
    found = []
    for kind, key in decided[0]:
        those = [each[kind, key] for each in decided]
        known = [each.strength for each in those if each.strength is not None]
        found.append(
            Shared(
                kind=kind,
                key=key,
                picked=tuple(each.picked for each in those),
                strength=min(known, default=None),
            )
        )
    return found


def _over_pairs(each: Sequence[T], compare: Callable[[T, T], float]) -> float | None:
    """Return the mean over all pairs; None of a single one."""
    if len(each) < 2:
        return None
    return round(fmean(compare(a, b) for a, b in combinations(each, 2)), 6)


def _jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0


def _alike(one: dict[str, str], other: dict[str, str]) -> float:
    both = one.keys() & other.keys()
    return sum(one[key] == other[key] for key in both) / len(both) if both else 1.0
