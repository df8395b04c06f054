"""Regularised evolution on one-shot scores."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

from uxnet_compiler.search.strategies.one_shot import OneShot, Scored, as_data


class Evolution(OneShot):
    """Mutate the best of a few, and let the oldest go, however good it is.

    A mutation takes another candidate for one choice, or opens or shuts one edge. The best of
    all that were scored is the result.

    Source:
        Real et al., "Regularized Evolution for Image Classifier Architecture Search", AAAI 2019.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.population: deque[Scored] = deque(maxlen=self.config.population)

    def propose(self, generator: random.Random) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return a random network until there are enough, then a child."""
        if self.count < self.config.population:
            return self.drawn(generator)
        rivals = generator.sample(
            list(self.population), min(self.config.tournament, len(self.population))
        )
        return self._mutated(min(rivals, key=lambda rival: rival.loss), generator)

    def _mutated(
        self, parent: Scored, generator: random.Random
    ) -> tuple[dict[str, str], tuple[str, ...]]:
        choices = {name: all_ for name, all_ in self.space.choices.items() if len(all_) > 1}
        spots = [*choices, *self.space.gates]
        if not spots:
            return parent.chosen, parent.kept
        spot = generator.choice(spots)
        if spot in choices:
            others = [name for name in choices[spot] if name != parent.chosen[spot]]
            return parent.chosen | {spot: generator.choice(others)}, parent.kept
        return parent.chosen, tuple(
            key for key in self.space.gates if (key in parent.kept) != (key == spot)
        )

    def learn(self, scored: Scored) -> None:
        """Take a network in; the oldest goes when there are too many."""
        self.population.append(scored)

    def state(self) -> dict[str, Any]:
        """Return all that the next step depends on, as plain data."""
        return super().state() | {"population": [as_data(each) for each in self.population]}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        super().restore(state)
        self.population.clear()
        self.population.extend(Scored(**each) for each in state["population"])
