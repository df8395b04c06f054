"""The consensus of searches that had limits keeps them."""

from __future__ import annotations

from collections.abc import Sequence

from uxnet_compiler.schema import Genotype
from uxnet_compiler.search.budget.derive import decode_within
from uxnet_compiler.spaces.consensus import Source, consensus


def consensus_within(
    found: Sequence[Source], *, name: str | None = None, device: str = "auto"
) -> Genotype:
    """Decode the mean evidence of several searches within the limits that all of them had.

    Args:
        found: Genotypes with evidence, of the same space and within the same limits; at least one.
        name: Of the consensus; `<family>-consensus` when not given.
        device: Where latencies are measured, when they are limited.

    Raises:
        GenotypeError: One has no evidence, is of another space or within other limits.
        RunError: No network of the space is within the limits, or they are those of another
            machine.
    """
    agreed = consensus(found, name=name)
    source, first = found[0]
    limits = None if first.space is None else first.space.limits
    return decode_within(agreed, limits, device=device, source=source)
