"""A family of architectures: how its space is built and how evidence becomes an architecture."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.schema import Evidence, Genotype, Provenance, SpaceRef, drop_dead, retell
from uxnet_compiler.spaces.base import Selection, Space

if TYPE_CHECKING:
    from torch import Tensor

Read = Callable[[Space, Evidence, float], Selection]


@dataclass(frozen=True)
class Family:
    """One family of search spaces.

    Attributes:
        name: As in the `space` of a genotype.
        version: Of the space; raised when the same options mean another space.
        options: Model of the options that fix a space.
        build: Make the space for some options.
        read: Make every choice of a space as evidence says, at a threshold.
        tau: Default threshold.
        regulariser: Loss on the gates of a search, a scalar tensor.
    """

    name: str
    version: int
    options: type[BaseModel]
    build: Callable[[Any], Space]
    read: Read
    tau: float
    regulariser: Callable[[Tensor], Tensor]

    def space(self, ref: SpaceRef, *, source: str = "genotype") -> Space:
        """Build the space that a genotype names.

        Raises:
            GenotypeError: The version or the options are not this family's.
        """
        if ref.version != self.version:
            why = f"{ref.version} is unknown; {self.name} has {self.version}"
            raise GenotypeError(source, [("space.version", why)])
        try:
            options = self.options.model_validate_json(json.dumps(ref.options), strict=True)
        except ValidationError as error:
            found = [(f"space.options.{path}".rstrip("."), why) for path, why in retell(error)]
            raise GenotypeError(source, found) from None
        return self.build(options)

    def genotype(
        self,
        space: Space,
        evidence: Evidence,
        *,
        name: str,
        tau: float | None = None,
        soft: bool = False,
        provenance: Provenance | None = None,
        source: str = "genotype",
    ) -> Genotype:
        """Decode evidence into a document that carries it.

        Nodes that reach no output (paper, section 2.3) or that no input reaches (ours) are
        dropped.

        Args:
            space: Of this family.
            evidence: Of a search.
            name: Of the document.
            tau: Threshold on the gates; the family's when not given.
            soft: Let the edges carry their gates.
            provenance: Where the evidence comes from.
            source: Where it stands, for messages.

        Raises:
            GenotypeError: The evidence does not speak of every gate and choice of the space.
        """
        _check(space, evidence, source)
        tau = self.tau if tau is None else tau
        found = self.read(space, evidence, tau)
        architecture = drop_dead(space.select(found.chosen, found.kept))
        if soft:
            architecture = space.soften(architecture, evidence.gates)
        ref = space.ref.model_copy(update={"tau": tau, "soft": soft})
        return Genotype(
            name=name,
            architecture=architecture,
            space=ref,
            evidence=evidence,
            provenance=(provenance or Provenance()).model_copy(
                update={"repaired": tuple(sorted(found.repaired)), "closed": (), "replaced": {}}
            ),
        )

    def sample(self, space: Space, seed: int, *, tau: float = 0.5) -> Genotype:
        """Return a random genotype: uniform gates and preferences, decoded as always."""
        generator = random.Random(seed)
        choices = {}
        for choice, candidates in space.choices.items():
            weights = [generator.random() for _ in candidates]
            choices[choice] = {
                c: w / sum(weights) for c, w in zip(candidates, weights, strict=True)
            }
        evidence = Evidence(gates={g: generator.random() for g in space.gates}, choices=choices)
        return self.genotype(
            space,
            evidence,
            name=f"{self.name}-random-{seed}",
            tau=tau,
            provenance=Provenance(origin="a random sample of the space", seed=seed),
        )


def _check(space: Space, evidence: Evidence, source: str) -> None:
    why = "the space and the evidence disagree"
    gates, choices = set(space.gates), space.choices
    if set(evidence.gates) != gates:
        odd = min(set(evidence.gates) ^ gates)
        raise GenotypeError(source, [(f"evidence.gates.{odd}", why)])
    found = {name: set(candidates) for name, candidates in evidence.choices.items()}
    wanted = {name: set(candidates) for name, candidates in choices.items()}
    if found != wanted:
        odd = min(n for n in found.keys() | wanted.keys() if found.get(n) != wanted.get(n))
        raise GenotypeError(source, [(f"evidence.choices.{odd}", why)])
