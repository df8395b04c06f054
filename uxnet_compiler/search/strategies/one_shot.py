"""One-shot search: train a supernet on random networks, then score networks with its weights."""

from __future__ import annotations

import random
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from lightning_fabric import Fabric

from uxnet_compiler.machine.processes import mean_of_all
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.sampling import Sampled
from uxnet_compiler.search.strategies.base import Penalty, Step, Strategy
from uxnet_compiler.search.strategies.batches import Batch, Batches
from uxnet_compiler.search.strategies.trainer import Trainer
from uxnet_compiler.search.supernet import drawn_ops, one_hot
from uxnet_compiler.spaces import FAMILIES, Space


@dataclass(frozen=True)
class Scored:
    """A network and what it achieved.

    Attributes:
        chosen: Candidate of each choice.
        kept: Gated edges that are open, before the decoder repairs.
        loss: On the held-out batches, prices included; the smaller the better.
        dice: On the same batches.
    """

    chosen: dict[str, str]
    kept: tuple[str, ...]
    loss: float
    dice: float


class OneShot(Strategy):
    """Draw paths uniformly while weights are trained, then score networks, always alike.

    The warm-up's share of the search goes to the weights. All networks are scored on the same
    held-out batches, so that scores compare; the evidence is that of the best so far.

    Source:
        Guo et al., "Single Path One-Shot Neural Architecture Search with Uniform Sampling",
        ECCV 2020.
    """

    def __init__(
        self,
        space: Space,
        config: SearchConfig,
        fabric: Fabric,
        precision: Precision,
        *,
        penalty: Penalty | None = None,
    ) -> None:
        self.space = space
        self.config = config
        self.penalty = penalty
        self.family = FAMILIES[config.family]
        self.trainer = Trainer(space, config, fabric, precision)
        self.network = self.trainer.network
        self.paths = Sampled(space, config.gates, config.seed)
        self.dice: float | None = None
        self.loss = 0.0
        self.count = 0
        self.best: Scored | None = None
        self._place: dict[str, Any] | None = None
        self._batches: list[Batch] = []

    def step(self, train: Batches, held_out: Batches, progress: float) -> Step:
        """Train the weights on one drawn path, or score one network."""
        if progress < self.config.warmup:
            paths = self.paths.draw(progress, searching=False)
            self.loss = self.trainer.step(next(train), paths, progress / self.config.warmup)
            return Step(self.loss, None, self.dice)
        # The seed and the number alone decide, so that nothing else has to be saved.
        chosen, kept = self.propose(random.Random(f"{self.config.seed}:{self.count}"))
        scored = self._score(chosen, kept, self._fixed(held_out))
        self.count += 1
        if self.best is None or scored.loss < self.best.loss:
            self.best = scored
            self.dice = scored.dice
        self.learn(scored)
        return Step(self.loss, scored.loss, self.dice)

    @abstractmethod
    def propose(self, generator: random.Random) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return the candidates and the open edges of the next network."""

    @abstractmethod
    def learn(self, scored: Scored) -> None:
        """Take notice of what a network achieved."""

    def drawn(self, generator: random.Random) -> tuple[dict[str, str], tuple[str, ...]]:
        """Draw a network: every candidate alike, every edge open or shut."""
        chosen = drawn_ops(self.space, generator)
        return chosen, tuple(key for key in self.space.gates if generator.random() < 0.5)

    def _fixed(self, held_out: Batches) -> list[Batch]:
        """Return the batches that score, the same after a restart."""
        if not self._batches:
            here = held_out.state()
            self._place = self._place or here
            held_out.restore(self._place)
            self._batches = [next(held_out) for _ in range(self.config.score_batches)]
            held_out.restore(here)
        return self._batches

    @torch.no_grad()
    def _score(self, chosen: dict[str, str], kept: tuple[str, ...], batches: list[Batch]) -> Scored:
        read = self.family.read(self.space, self._evidence(chosen, kept), self.config.tau)
        weights = one_hot(self.space, read.chosen, frozenset(read.kept))
        found = [self.trainer.forward(batch, weights) for batch in batches]
        loss = mean_of_all(sum(float(loss) for loss, _ in found) / len(found))
        if self.penalty is not None:
            loss += float(self.penalty(weights))
        return Scored(chosen, kept, loss, sum(dice for _, dice in found) / len(found))

    def _evidence(self, chosen: dict[str, str], kept: tuple[str, ...]) -> Evidence:
        return Evidence(
            gates={key: float(key in kept) for key in self.space.gates},
            choices={
                name: {candidate: float(candidate == chosen[name]) for candidate in candidates}
                for name, candidates in self.space.choices.items()
            },
        )

    def evidence(self) -> Evidence:
        """Return the best network as gates and preferences of 0 and 1; before, all alike."""
        if self.best is None:
            return self.paths.evidence()
        return self._evidence(self.best.chosen, self.best.kept)

    def state(self) -> dict[str, Any]:
        """Return all that the next step depends on, as plain data."""
        return {
            "trainer": self.trainer.state(),
            "paths": self.paths.state(),
            "dice": self.dice,
            "loss": self.loss,
            "count": self.count,
            "best": None if self.best is None else as_data(self.best),
            "place": self._place,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.trainer.restore(state["trainer"])
        self.paths.restore(state["paths"])
        self.dice = state["dice"]
        self.loss = state["loss"]
        self.count = state["count"]
        self.best = None if state["best"] is None else Scored(**state["best"])
        self._place = state["place"]
        self._batches = []


def as_data(scored: Scored) -> dict[str, Any]:
    """Return the fields of a scored network as plain data."""
    return {
        "chosen": dict(scored.chosen),
        "kept": tuple(scored.kept),
        "loss": scored.loss,
        "dice": scored.dice,
    }


class RandomSearch(OneShot):
    """Score random networks: what every other strategy has to beat."""

    def propose(self, generator: random.Random) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return a random network."""
        return self.drawn(generator)

    def learn(self, scored: Scored) -> None:
        """Take no notice."""
