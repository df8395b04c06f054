"""Search spaces, one folder a family. To add one: its folder and its line in `FAMILIES`."""

from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.registry import Registry
from uxnet_compiler.schema import Genotype
from uxnet_compiler.spaces.base import Selection, Slot, Space, SpaceEdge, SpaceNode
from uxnet_compiler.spaces.family import Family
from uxnet_compiler.spaces.uxnet import UXNET

FAMILIES: Registry[Family] = Registry("search space", [UXNET])


def derive(
    genotype: Genotype, tau: float, *, soft: bool | None = None, source: str = "genotype"
) -> Genotype:
    """Decode the evidence that a genotype carries again, at another threshold.

    Args:
        genotype: With the evidence of a search.
        tau: Threshold.
        soft: Whether edges carry their gates; as in the document when not given.
        source: Where the document comes from, for messages.

    Raises:
        GenotypeError: It carries no evidence.
    """
    if genotype.space is None or genotype.evidence is None:
        raise GenotypeError(
            source, [("evidence", "missing: only a genotype that a search wrote can be re-decoded")]
        )
    family = FAMILIES[genotype.space.family]
    return family.genotype(
        family.space(genotype.space, source=source),
        genotype.evidence,
        name=genotype.name,
        tau=tau,
        soft=genotype.space.soft if soft is None else soft,
        provenance=genotype.provenance,
        source=source,
    )


__all__ = ["FAMILIES", "Family", "Selection", "Slot", "Space", "SpaceEdge", "SpaceNode", "derive"]
