from __future__ import annotations

import torch
from torch import nn

from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.runtimes import on_torch

CPU = torch.device("cpu")
EXACT = Precision("float32", False, "test")
HALF = Precision("bfloat16", True, "test")


def test_bfloat16_gives_nearly_the_same_logits_in_float32() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv3d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv3d(8, 2, 1))
    windows = torch.randn(2, 1, 9, 9, 9)

    exact = on_torch(network, 3, CPU, EXACT)(windows)
    rough = on_torch(network, 3, CPU, HALF)(windows)

    assert (exact.dtype, rough.dtype) == (torch.float32, torch.float32)
    torch.testing.assert_close(rough, exact, atol=0.03, rtol=0)
    assert not torch.equal(rough, exact)


def test_batch_norm_uses_what_it_learned_and_learns_nothing() -> None:
    network = nn.Sequential(nn.BatchNorm3d(1), nn.Conv3d(1, 2, 1))
    before = {name: value.clone() for name, value in network.state_dict().items()}

    on_torch(network, 3, CPU, EXACT)(torch.randn(2, 1, 8, 8, 8) * 9)

    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_runtime_says_what_it_is() -> None:
    runtime = on_torch(nn.Conv2d(1, 2, 1), 2, CPU, HALF)

    assert str(runtime) == "torch bfloat16"
    assert (runtime.name, runtime.precision, runtime.device) == ("torch", "bfloat16", CPU)
