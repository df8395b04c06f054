from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import pytest
import torch

from uxnet_compiler.machine.fabric import make_fabric
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.strategies import Strategy, make_strategy
from uxnet_compiler.search.strategies.bilevel import BiLevel
from uxnet_compiler.search.strategies.evolution import Evolution
from uxnet_compiler.search.strategies.trainer import mean_dice
from uxnet_compiler.search.supernet import Weights
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.spaces.uxnet import UXNetOptions, space

FLOAT32 = Precision("float32", False, "asked for")


class Blobs:
    """Batches that are a function of their number."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.next = 0

    def __next__(self) -> tuple[torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(1000 * self.seed + self.next)
        self.next += 1
        image = torch.randn(1, 1, 16, 16, generator=generator)
        return image, (image > 0).long()

    def state(self) -> dict[str, Any]:
        return {"next": self.next}

    def restore(self, state: dict[str, Any]) -> None:
        self.next = state["next"]


def made(*, ops: str = "searched", edges: str = "searched", **changes: Any) -> Strategy:
    frame = space(
        UXNetOptions.model_validate(
            {
                "spatial_dims": 2,
                "widths": (4, 4),
                "strides": ((1, 1), (2, 2)),
                "ops": ops,
                "edges": edges,
            }
        )
    )
    config = SearchConfig.model_validate({"steps": 10, "score_batches": 2} | changes)
    return make_strategy(frame, config, make_fabric(torch.device("cpu"), FLOAT32), FLOAT32)


KINDS: list[dict[str, Any]] = [
    {},
    {"order": "second"},
    {"relaxation": "sampled"},
    {"relaxation": "sampled", "order": "second"},
    {"relaxation": "two-path"},
    {"relaxation": "partial", "partial_channels": 2, "auxiliary_skip": True},
    {"strategy": "random"},
    {"strategy": "evolution", "population": 2, "tournament": 2},
]


@pytest.mark.parametrize("changes", KINDS, ids=str)
def test_a_restored_strategy_makes_the_same_steps(changes: dict[str, Any]) -> None:
    one, two = made(**changes), made(seed=5, **changes)
    train, held_out = Blobs(1), Blobs(2)
    for progress in (0.1, 0.4, 0.5, 0.6):
        one.step(train, held_out, progress)
    two.config = one.config  # type: ignore[attr-defined]  # the seed that draws networks
    two.restore(copy.deepcopy(one.state()))
    others = Blobs(1), Blobs(2)
    for mine, theirs in zip((train, held_out), others, strict=True):
        theirs.restore(mine.state())

    for progress in (0.2, 0.7, 0.8, 0.9):
        assert one.step(train, held_out, progress) == two.step(*others, progress)

    assert one.evidence() == two.evidence()
    for a, b in zip(one.network.parameters(), two.network.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("changes", KINDS, ids=str)
@pytest.mark.parametrize(("ops", "edges"), [("searched", "unet"), ("unet", "searched")])
def test_every_strategy_works_without_choices_and_without_gates(
    changes: dict[str, Any], ops: str, edges: str
) -> None:
    strategy = made(ops=ops, edges=edges, **changes)
    train, held_out = Blobs(1), Blobs(2)

    for progress in (0.1, 0.5, 0.9):
        strategy.step(train, held_out, progress)

    evidence = strategy.evidence()
    assert bool(evidence.choices) == (ops == "searched")
    assert bool(evidence.gates) == (edges == "searched")


@pytest.mark.parametrize("name", ["random", "evolution"])
def test_a_one_shot_search_keeps_the_best_and_scores_on_the_same_patches(name: str) -> None:
    strategy = made(strategy=name, population=3, tournament=2)
    train, held_out = Blobs(1), Blobs(2)
    strategy.step(train, held_out, 0.1)
    losses = [
        strategy.step(train, held_out, 0.4 + step / 20).architecture_loss for step in range(8)
    ]

    state = strategy.state()
    assert held_out.next == 0
    assert state["best"]["loss"] == min(x for x in losses if x is not None)
    assert all(w in (0.0, 1.0) for w in strategy.evidence().gates.values())


def test_a_child_differs_from_its_parent_in_one_place() -> None:
    strategy = made(strategy="evolution", population=1, tournament=1)
    assert isinstance(strategy, Evolution)
    train, held_out = Blobs(1), Blobs(2)
    strategy.step(train, held_out, 0.1)
    seen = []
    for _ in range(6):
        strategy.step(train, held_out, 0.5)
        seen.append(strategy.population[-1])

    for parent, child in pairwise(seen):
        others = sum(parent.chosen[name] != child.chosen[name] for name in parent.chosen)
        assert others + len(set(parent.kept) ^ set(child.kept)) == 1


def test_a_penalty_moves_the_architecture() -> None:
    def price(weights: Weights) -> torch.Tensor:
        return 100 * torch.stack([torch.as_tensor(g) for g in weights.gates.values()]).sum()

    ends = []
    for penalty in (None, price):
        frame = FAMILIES["uxnet"].space(made().network.space.ref)
        config = SearchConfig(steps=10, gates="plain", polarise=0)
        fabric = make_fabric(torch.device("cpu"), FLOAT32)
        strategy = make_strategy(frame, config, fabric, FLOAT32, penalty=penalty)
        for _ in range(3):
            strategy.step(Blobs(1), Blobs(2), 0.5)
        ends.append(strategy.evidence().gates)

    assert sum(ends[1].values()) < sum(ends[0].values()) - 0.01


def test_a_bad_weight_is_traced_to_its_layer() -> None:
    strategy = made()
    weights = dict(strategy.network.named_parameters())
    with torch.no_grad():
        weights["slots.n1_0.candidates.conv5.conv.weight"].fill_(float("nan"))

    with pytest.raises(FloatingPointError, match="first seen in n1_0, candidate conv5"):
        strategy.step(Blobs(1), Blobs(2), 0.1)


def test_a_one_shot_search_without_warm_up_is_refused() -> None:
    with pytest.raises(ValueError, match="it cannot be 0"):
        SearchConfig(strategy="random", warmup=0)


@pytest.mark.parametrize("part", ["weights", "architecture"])
def test_a_gradient_that_is_no_number_changes_nothing(part: str) -> None:
    strategy = made(warmup=0.0)
    assert isinstance(strategy, BiLevel)
    leaf = next(strategy.network.parameters())
    spoiled = leaf if part == "weights" else strategy.relaxation.beta
    before = copy.deepcopy(strategy.trainer.state()["supernet"])
    gates = strategy.relaxation.beta.detach().clone()
    spoiled.register_hook(lambda gradient: gradient * torch.nan)  # type: ignore[no-untyped-call]  # torch has no type

    with pytest.raises(FloatingPointError, match=f"the gradient of the {part} is not a finite"):
        strategy.step(Blobs(1), Blobs(2), 0.5)

    for name, value in strategy.trainer.state()["supernet"].items():
        assert torch.equal(value, before[name])
    if part == "architecture":
        assert torch.equal(strategy.relaxation.beta, gates)


def test_the_dice_of_a_batch_is_that_of_all_its_patches_together() -> None:
    label = torch.tensor([[0, 0, 0, 0], [1, 1, 1, 0]]).view(2, 1, 2, 2)
    nothing = torch.stack([torch.ones(2, 2, 2), torch.zeros(2, 2, 2)], dim=1)
    half = nothing.clone()
    half[1, 1, 0, 0] = 2.0

    assert mean_dice(nothing, label) == 0.0  # the patch without foreground does not make it 0.5
    assert mean_dice(half, label) == pytest.approx(2 * 1 / (3 + 1))
    assert mean_dice(nothing[:1], label[:1]) == 1.0
