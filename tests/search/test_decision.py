"""What the trained supernet is asked at the end of a search."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch
from monai.losses.dice import DiceCELoss
from torch import Tensor

from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.search.decision import WORST, Probe
from uxnet_compiler.search.supernet import Supernet, Weights, all_open
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


def variants(base: Weights) -> list[Weights]:
    """Return one mixture without each gate, and one with each candidate alone."""
    shut = [Weights(base.choices, {**base.gates, key: 0.0}) for key in FRAME.gates]
    alone = [
        Weights({**base.choices, choice: {name: float(name == one) for name in names}}, base.gates)
        for choice, names in FRAME.choices.items()
        for one in names
    ]
    return [*shut, *alone]


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
    base = all_open(FRAME)
    tried = variants(base)
    found = Probe(supernet, batches, FLOAT32)(base, tried, lambda _: None)
    assert found.shape == (1 + len(tried), 4)
    expected = np.array([in_full(supernet, batches, weights) for weights in (base, *tried)])
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_only_what_a_weight_reaches_is_computed_again(
    supernet: Supernet, batches: list[tuple[Tensor, Tensor]]
) -> None:
    base = all_open(FRAME)
    last = Weights(base.choices, {**base.gates, "n1_1>n2_0": 0.0})
    seen: list[str] = []
    handles = [
        module.register_forward_hook(lambda *_, name=name: seen.append(name))
        for name, module in supernet.slots.items()
    ]
    try:
        Probe(supernet, batches[:1], FLOAT32)(base, [last], lambda _: None)
    finally:
        for handle in handles:
            handle.remove()
    assert seen.count("n0_0") == 1
    assert seen.count("n2_0") == 2


def test_how_much_is_done_is_told_up_to_the_end(
    supernet: Supernet, batches: list[tuple[Tensor, Tensor]]
) -> None:
    told: list[float] = []
    base = all_open(FRAME)
    Probe(supernet, batches, FLOAT32)(base, variants(base)[:3], told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_patches_come_in_batches(supernet: Supernet, batches: list[tuple[Tensor, Tensor]]) -> None:
    base = all_open(FRAME)
    together = Probe(supernet, batches, FLOAT32)(base, [], lambda _: None)
    apart = [
        (image[[i]], label[[i]]) for image, label in islice(batches, 2) for i in range(len(label))
    ]
    np.testing.assert_allclose(
        together, Probe(supernet, apart, FLOAT32)(base, [], lambda _: None), rtol=1e-5
    )


def test_a_variant_that_overflows_is_the_worst(batches: list[tuple[Tensor, Tensor]]) -> None:
    torch.manual_seed(0)
    broken = Supernet(FRAME).eval()
    last = broken.slots["n2_0"].get_submodule("candidates.conv5")
    torch.nn.init.constant_(next(last.parameters()), float("nan"))
    choice = {name: float(name == "conv3") for name in FRAME.choices["n2_0.normal"]}
    sound = Weights({**all_open(FRAME).choices, "n2_0.normal": choice}, all_open(FRAME).gates)
    alone = {name: float(name == "conv5") for name in choice}
    overflowing = Weights({**sound.choices, "n2_0.normal": alone}, sound.gates)

    found = Probe(broken, batches, FLOAT32)(sound, [overflowing], lambda _: None)

    assert (found[0] < WORST).all()
    assert (found[1] == WORST).all()
    with pytest.raises(RunError, match="not a number on held-out patches"):
        Probe(broken, batches, FLOAT32)(overflowing, [], lambda _: None)
