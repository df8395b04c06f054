"""How good single networks are under the supernet's weights: the found one, and random ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.schema import Architecture, Evidence, Genotype, alive
from uxnet_compiler.search.probe import Probe
from uxnet_compiler.search.strategies.batches import Batch
from uxnet_compiler.search.supernet import Supernet, Weights, one_hot
from uxnet_compiler.search.trust.model import Gap
from uxnet_compiler.spaces import FAMILIES, Space

RANDOM = 8
BATCHES = 4  # a few seconds of a search that takes minutes
SEED = 9173  # of patches and random genotypes, whatever the seed of the search: all are alike


def mixture_dice(
    learned: Evidence,
    space: Space,
    supernet: Supernet,
    batches: Sequence[Batch],
    precision: Precision,
) -> float | None:
    """Return the Dice of the mixture that a search ended with; None when its gates cut it off."""
    if not _connected(space, learned):
        return None
    return Probe(supernet, batches, precision).dice([relaxed(learned)])


def measure_gap(
    genotype: Genotype,
    mixture: float | None,
    space: Space,
    supernet: Supernet,
    batches: Sequence[Batch],
    precision: Precision,
    told: Callable[[float], None] = lambda _: None,
) -> Gap:
    """Measure the supernet, the genotype and random genotypes on the same patches.

    Args:
        genotype: Found in this space.
        mixture: What `mixture_dice` says of the same patches, before the weights were trained on.
        space: That was searched.
        supernet: With trained weights, on any device.
        batches: Patches and their labels.
        precision: That it was trained in.
        told: Hears how far it is, 0 to 1.
    """
    found = genotype.architecture
    singles = [found, *(drawn.architecture for drawn in draws(space, found, RANDOM))]
    probe = Probe(supernet, batches, precision)
    scores = []
    for done, each in enumerate(singles, start=1):
        scores.append(probe.dice([alone(space, each)]))
        told(done / len(singles))
    first, *others = scores
    return Gap(
        patches=sum(len(image) for image, _ in batches),
        relaxed=mixture,
        one_hot=first,
        random=tuple(others),
    )


def relaxed(evidence: Evidence) -> Weights:
    """Return the weights of the mixture that a search ended with."""
    return Weights(evidence.choices, evidence.gates)


def alone(space: Space, architecture: Architecture) -> Weights:
    """Return the weights that turn the supernet into one architecture of its space.

    An edge that carries its gate keeps it. What no living part of the architecture decides is set
    to the first candidate: it changes nothing.
    """
    first = {choice: candidates[0] for choice, candidates in space.choices.items()}
    factors = space.kept(architecture)
    hard = one_hot(space, first | space.chosen(architecture), frozenset(factors))
    return Weights(hard.choices, {**hard.gates, **factors})


def draws(space: Space, like: Architecture, count: int) -> list[Genotype]:
    """Return random genotypes of a space with about as many edges as an architecture of it."""
    return [random_like(space, like, SEED + index) for index in range(count)]


def random_like(space: Space, like: Architecture, seed: int) -> Genotype:
    """Return a random genotype with at least as many gated edges, and as few more as can be.

    Edges are opened in a random order until so many lead from the image to the output: most of
    those that are opened first lead nowhere yet.
    """
    family = FAMILIES[space.ref.family]
    wanted = len(space.kept(like))
    evidence = family.sample(space, seed).evidence
    assert evidence is not None, "a sample carries its evidence"
    for tau in sorted(evidence.gates.values(), reverse=True)[max(0, wanted - 1) :]:
        drawn = family.sample(space, seed, tau=tau)
        if len(space.kept(drawn.architecture)) >= wanted:
            return drawn
    return family.sample(space, seed)


def _connected(space: Space, evidence: Evidence) -> bool:
    """Tell whether the mixture reaches the output: gates may all be 0."""
    first = {choice: candidates[0] for choice, candidates in space.choices.items()}
    return bool(alive(space.select(first, {k for k, g in evidence.gates.items() if g > 0}).edges))
