"""A supernet that was trained as a mixture is trained on, for single networks."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch

from uxnet_compiler.machine.fabric import make_fabric
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.search.adaptation import adapt
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.strategies import Strategy, make_strategy
from uxnet_compiler.search.strategies.batches import Batch
from uxnet_compiler.search.supernet import Weights
from uxnet_compiler.spaces.uxnet import UXNetOptions, space

FRAME = space(UXNetOptions(widths=(4, 8), strides=((1, 1, 1), (2, 2, 2))))
FLOAT32 = Precision("float32", False, "as the test asks for")
KEPT = frozenset({"n0_0>n0_1", "n0_1>n1_0"})


class Patches:
    """The same patch again and again: half of it is bright, and that is the object."""

    def __init__(self) -> None:
        label = torch.zeros(2, 1, 8, 8, 8, dtype=torch.long)
        label[:, :, :4] = 1
        self.batch: Batch = (label.float() - 0.5, label)

    def __next__(self) -> Batch:
        return self.batch

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        del state


@pytest.fixture
def strategy() -> Strategy:
    config = SearchConfig(steps=10, width=4, levels=2, weight_lr=0.05)
    fabric = make_fabric(torch.device("cpu"), FLOAT32)
    return make_strategy(FRAME, config, fabric, FLOAT32)


def test_every_step_sees_one_network_whose_edges_are_those_kept(
    strategy: Strategy, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Weights, float]] = []

    def train(_: Batch, weights: Weights, progress: float) -> float:
        seen.append((weights, progress))
        return 0.0

    monkeypatch.setattr(strategy.trainer, "step", train)
    told: list[float] = []
    adapt(strategy, KEPT, Patches(), 50, told.append)
    assert told == [(step + 1) / 50 for step in range(50)]
    for weights, _ in seen:
        assert {key for key, gate in weights.gates.items() if gate == 1.0} == KEPT
        assert all(max(each.values()) == 1.0 for each in weights.choices.values())
        assert all(sum(each.values()) == 1.0 for each in weights.choices.values())
    drawn = [str(weights.choices["n1_0.normal"]) for weights, _ in seen]
    assert len(set(drawn)) == len(FRAME.choices["n1_0.normal"])
    assert [p for _, p in seen] == sorted(p for _, p in seen)
    assert 0.5 <= seen[0][1] < seen[-1][1] < 1.0


def test_single_networks_get_better(strategy: Strategy) -> None:
    losses: list[float] = []
    plain = strategy.trainer.step

    def heard(batch: Batch, weights: Weights, progress: float) -> float:
        losses.append(plain(batch, weights, progress))
        return losses[-1]

    strategy.trainer.step = heard  # type: ignore[method-assign]  # only listens
    adapt(strategy, KEPT, Patches(), 60)
    assert sum(losses[-10:]) < 0.9 * sum(losses[:10])


def test_a_loss_that_is_not_a_number_ends_it(strategy: Strategy) -> None:
    patches = Patches()
    patches.batch = (torch.full((2, 1, 8, 8, 8), float("nan")), patches.batch[1])
    with pytest.raises(FloatingPointError, match="the loss is not a finite number"):
        adapt(strategy, KEPT, patches, 3)


def test_the_draws_are_the_same_each_time(
    strategy: Strategy, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[list[str]] = []
    for _ in range(2):
        seen: list[str] = []
        monkeypatch.setattr(
            strategy.trainer,
            "step",
            lambda _b, weights, _p, seen=seen: seen.append(str(weights.choices)),
        )
        adapt(strategy, KEPT, Patches(), 5)
        runs.append(seen)
    assert runs[0] == runs[1]
    assert len(set(itertools.chain(*runs))) == 5
