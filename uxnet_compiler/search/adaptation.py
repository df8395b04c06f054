"""Prepare a supernet that was trained as a mixture for being asked about single networks."""

from __future__ import annotations

import random
from collections.abc import Callable

from uxnet_compiler.search.strategies import Strategy
from uxnet_compiler.search.strategies.batches import Batches
from uxnet_compiler.search.supernet import drawn_ops, one_hot

STEPS = 1.0
"""Steps on single networks for each step of the search; one costs about a sixth of those."""

START = 0.5
"""Progress at which the learning rate takes up: half of the highest, and down to zero again."""


def adapt(
    strategy: Strategy,
    kept: frozenset[str],
    batches: Batches,
    steps: int,
    told: Callable[[float], None] = lambda _: None,
) -> None:
    """Train the weights for networks whose ops are drawn uniformly; the edges are as they are kept.

    In a mixture candidates learn to work together. Alone, behind a norm, the one that made most of
    the sum does best, whatever it is worth in a network of its own; and the network that is found
    is far from the supernet. Some steps on single networks mend both.

    Args:
        strategy: Whose supernet is trained.
        kept: Edges that are open.
        batches: Of the half that trains weights.
        steps: How many to make.
        told: Hears how much is done, 0 to 1.

    Raises:
        FloatingPointError: A loss is not finite.

    Source:
        Guo et al., "Single Path One-Shot Neural Architecture Search with Uniform Sampling",
        ECCV 2020, for the uniform draws. Ours: after a search by gradients, for the ops alone.
    """
    space, trainer = strategy.network.space, strategy.trainer
    generator = random.Random("adaptation")  # the same in all searches: the patches differ
    for step in range(steps):
        weights = one_hot(space, drawn_ops(space, generator), kept)
        trainer.step(next(batches), weights, START + (1 - START) * step / steps)
        told((step + 1) / steps)
