"""The search space that a genotype was chosen from, to draw what was cut."""

from __future__ import annotations

from graphlib import CycleError

from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.schema import Architecture, Edge, Genotype, in_order
from uxnet_compiler.spaces import FAMILIES, Space


def space_of(genotype: Genotype, source: str) -> Space:
    """Return the search space that a genotype names.

    Raises:
        GenotypeError: It names none, or one that it cannot have been chosen from.
    """
    if genotype.space is None:
        why = "missing: what was cut is known only for a searched genotype"
        raise GenotypeError(source, [("space", why)])
    if genotype.space.family not in FAMILIES:
        why = f"no family of search spaces known here; known: {', '.join(FAMILIES)}"
        raise GenotypeError(source, [("space.family", why)])
    space = FAMILIES[genotype.space.family].space(genotype.space, source=source)
    mine = genotype.architecture
    if space.strides[: mine.levels] != mine.strides:
        why = "describe a space with other strides than the architecture's"
        raise GenotypeError(source, [("space.options", why)])
    both = [*mine.edges, *(Edge(source=e.source, target=e.target) for e in space.edges)]
    try:
        in_order(both)
    except CycleError:
        why = "describe a space whose edges run against the architecture's"
        raise GenotypeError(source, [("space.options", why)]) from None
    return space


def with_levels_of(space: Space, a: Architecture) -> Architecture:
    """Return the architecture with the levels of its space that it does not use."""
    widths = a.widths + space.widths[a.levels :]
    return a.model_copy(update={"widths": widths, "strides": space.strides})
