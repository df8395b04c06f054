"""What the trained supernet says when it is asked."""

from __future__ import annotations

import random
from itertools import islice

import numpy as np
import pytest
import torch
from monai.losses.dice import DiceCELoss
from torch import Tensor

from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.search.perturbation import Change
from uxnet_compiler.search.probe import WORST, Probe, patch_dice
from uxnet_compiler.search.supernet import Supernet, Weights, all_open, drawn_ops, one_hot
from uxnet_compiler.spaces.uxnet import UXNetOptions, space

FRAME = space(UXNetOptions(widths=(4, 8, 16), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2))))
FLOAT32 = Precision("float32", False, "as the test asks for")


@pytest.fixture(scope="module")
def supernet() -> Supernet:
    torch.manual_seed(0)
    return Supernet(FRAME).eval()


@pytest.fixture(scope="module")
def batches() -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(0)
    return [
        (
            torch.randn(2, 1, 8, 8, 8, generator=generator),
            torch.randint(0, 2, (2, 1, 8, 8, 8), generator=generator),
        )
        for _ in range(2)
    ]


def shut(key: str) -> Change:
    """Return what closes an edge."""
    return lambda base: Weights(base.choices, {**base.gates, key: 0.0})


def alone(choice: str, one: str) -> Change:
    """Return what takes a candidate alone."""
    only = {name: float(name == one) for name in FRAME.choices[choice]}
    return lambda base: Weights({**base.choices, choice: only}, base.gates)


def changes() -> list[Change]:
    """Return one change for each gate, and one for each candidate."""
    ops = [alone(choice, name) for choice, names in FRAME.choices.items() for name in names]
    return [*map(shut, FRAME.gates), *ops]


def networks() -> list[Weights]:
    """Return two networks with random ops and all edges."""
    return [
        one_hot(FRAME, drawn_ops(FRAME, random.Random(seed)), frozenset(FRAME.gates))
        for seed in (1, 2)
    ]


@torch.inference_mode()
def in_full(
    supernet: Supernet, batches: list[tuple[Tensor, Tensor]], weights: Weights
) -> list[float]:
    loss = DiceCELoss(softmax=True, to_onehot_y=True, include_background=False)
    return [
        float(loss(logits[[i]], label[[i]]))
        for image, label in batches
        for logits in [supernet(image, weights)]
        for i in range(len(label))
    ]


def test_a_variant_has_the_loss_that_it_has_when_all_of_it_is_computed(
    supernet: Supernet, batches: list[tuple[Tensor, Tensor]]
) -> None:
    base, tried = all_open(FRAME), changes()
    found = Probe(supernet, batches, FLOAT32)([base], tried, lambda _: None)
    assert found.shape == (1 + len(tried), 4)
    every = [base, *(change(base) for change in tried)]
    expected = np.array([in_full(supernet, batches, weights) for weights in every])
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_bases_take_turns_from_batch_to_batch(
    supernet: Supernet, batches: list[tuple[Tensor, Tensor]]
) -> None:
    bases = networks()
    change = alone("n0_1.normal", "conv5")
    found = Probe(supernet, batches, FLOAT32)(bases, [change], lambda _: None)
    expected = [
        [
            loss
            for base, batch in zip(bases, batches, strict=True)
            for loss in in_full(supernet, [batch], do(base))
        ]
        for do in (lambda base: base, change)
    ]
    np.testing.assert_allclose(found, np.array(expected), rtol=1e-5)


def test_only_what_a_weight_reaches_is_computed_again(
    supernet: Supernet, batches: list[tuple[Tensor, Tensor]]
) -> None:
    base = all_open(FRAME)
    seen: list[str] = []
    handles = [
        module.register_forward_hook(lambda *_, name=name: seen.append(name))
        for name, module in supernet.slots.items()
    ]
    try:
        Probe(supernet, batches[:1], FLOAT32)([base], [shut("n1_1>n2_0")], lambda _: None)
    finally:
        for handle in handles:
            handle.remove()
    assert seen.count("n0_0") == 1
    assert seen.count("n2_0") == 2


def test_how_much_is_done_is_told_up_to_the_end(
    supernet: Supernet, batches: list[tuple[Tensor, Tensor]]
) -> None:
    told: list[float] = []
    Probe(supernet, batches, FLOAT32)([all_open(FRAME)], changes()[:3], told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_patches_come_in_batches(supernet: Supernet, batches: list[tuple[Tensor, Tensor]]) -> None:
    base = all_open(FRAME)
    together = Probe(supernet, batches, FLOAT32)([base], [], lambda _: None)
    apart = [
        (image[[i]], label[[i]]) for image, label in islice(batches, 2) for i in range(len(label))
    ]
    np.testing.assert_allclose(
        together, Probe(supernet, apart, FLOAT32)([base], [], lambda _: None), rtol=1e-5
    )


def test_a_variant_that_overflows_is_the_worst(batches: list[tuple[Tensor, Tensor]]) -> None:
    torch.manual_seed(0)
    broken = Supernet(FRAME).eval()
    last = broken.slots["n2_0"].get_submodule("candidates.conv5")
    torch.nn.init.constant_(next(last.parameters()), float("nan"))
    choice = {name: float(name == "conv3") for name in FRAME.choices["n2_0.normal"]}
    sound = Weights({**all_open(FRAME).choices, "n2_0.normal": choice}, all_open(FRAME).gates)
    overflow = alone("n2_0.normal", "conv5")

    found = Probe(broken, batches, FLOAT32)([sound], [overflow], lambda _: None)

    assert (found[0] < WORST).all()
    assert (found[1] == WORST).all()
    with pytest.raises(FloatingPointError, match="not a number on held-out patches"):
        Probe(broken, batches, FLOAT32)([overflow(sound)], [], lambda _: None)


def test_the_dice_is_that_of_the_bases_that_take_turns(
    supernet: Supernet, batches: list[tuple[Tensor, Tensor]]
) -> None:
    bases = networks()
    with torch.inference_mode():
        guesses = [
            supernet(image, base).argmax(1, keepdim=True)
            for base, (image, _) in zip(bases, batches, strict=True)
        ]
    guess, truth = torch.cat(guesses), torch.cat([label for _, label in batches])
    dice = float(2 * (guess & truth).sum() / (guess.sum() + truth.sum()))

    assert 0 < dice < 1
    assert Probe(supernet, batches, FLOAT32).dice(bases) == pytest.approx(dice, abs=1e-6)


def test_a_supernet_that_is_asked_while_it_trains_is_training_again_afterwards(
    supernet: Supernet, batches: list[tuple[Tensor, Tensor]]
) -> None:
    seen: list[bool] = []
    handle = supernet.register_forward_pre_hook(lambda *_: seen.append(supernet.training))
    supernet.train()
    try:
        Probe(supernet, batches, FLOAT32).dice([all_open(FRAME)])
        after = supernet.training
    finally:
        handle.remove()
        supernet.eval()
    assert seen == [False, False]
    assert after


def test_dice_is_pooled_over_patches() -> None:
    truth = torch.zeros(1, 1, 4, 4, dtype=torch.long)
    truth[..., :2, :] = 1
    empty = torch.zeros_like(truth)

    def all_foreground(image: Tensor) -> Tensor:
        return torch.stack([torch.zeros_like(image[:, 0]), torch.ones_like(image[:, 0])], 1)

    batches = [(truth.float(), truth), (empty.float(), empty)]

    # 8 voxels of 32 guessed are right: 2 * 8 / (32 + 8).
    assert patch_dice(all_foreground, batches, torch.device("cpu")) == pytest.approx(0.4)
