from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.optimisation import FLOOR, Average, learning_rate, make_optimiser


@given(st.floats(0, 1), st.floats(0, 0.9), st.floats(1e-6, 10))
def test_the_learning_rate_stays_between_its_floor_and_its_top(
    used: float, warmup: float, top: float
) -> None:
    rate = learning_rate(TrainConfig(lr=top, warmup=warmup), used)

    assert top * FLOOR * 0.999 <= rate <= top * 1.001


def test_the_learning_rate_rises_and_then_falls() -> None:
    config = TrainConfig(lr=1.0, warmup=0.1)
    rates = [learning_rate(config, used / 100) for used in range(101)]

    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert (rates[0], rates[10]) == (FLOOR, 1.0)
    assert abs(rates[100] - FLOOR) < 1e-9


def test_norms_and_biases_do_not_decay() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.InstanceNorm2d(2, affine=True))

    for name in ("adamw", "sgd"):
        optimiser = make_optimiser(network, TrainConfig.model_validate({"optimiser": name}))

        decays = {
            tuple(p.shape): group["weight_decay"]
            for group in optimiser.param_groups
            for p in group["params"]
        }
        assert decays == {(2, 1, 3, 3): TrainConfig().weight_decay, (2,): 0.0}


def test_the_average_of_constant_weights_is_those_weights() -> None:
    conv = nn.Conv2d(1, 2, 3)
    network = nn.Sequential(conv, nn.BatchNorm2d(2))
    average = Average(network, 0.9)
    with torch.no_grad():
        conv.weight.fill_(7.0)

    for _ in range(200):
        average.update(network)

    torch.testing.assert_close(average.weights["0.weight"], torch.full((2, 1, 3, 3), 7.0))


def test_counters_are_copied_and_auxiliary_heads_left_out() -> None:
    network = nn.ModuleDict({"norm": nn.BatchNorm2d(1), "aux_1": nn.Conv2d(1, 1, 1)})
    average = Average(network, 0.9)
    network["norm"](torch.ones(1, 1, 2, 2))

    average.update(network)

    assert int(average.weights["norm.num_batches_tracked"]) == 1
    assert not [name for name in average.weights if name.startswith("aux_")]
