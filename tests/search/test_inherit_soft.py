"""A soft genotype computes what the supernet does when its gates are left as they are."""

from __future__ import annotations

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import options

from uxnet_compiler.search.inherit import inherit
from uxnet_compiler.search.supernet import Supernet, Weights, one_hot
from uxnet_compiler.spaces import derive
from uxnet_compiler.spaces.uxnet import UXNET, UXNetOptions, space


@settings(max_examples=15, deadline=None)
@given(options(max_levels=3), st.integers(0, 2**16))
def test_a_supernet_with_soft_gates_equals_the_soft_network(frame: UXNetOptions, seed: int) -> None:
    found = space(frame)
    genotype = derive(UXNET.sample(found, seed), 0.4, soft=True)
    assert genotype.evidence is not None
    torch.manual_seed(seed)
    supernet = Supernet(found).double()
    choice = UXNET.read(found, genotype.evidence, 0.4)
    hard = one_hot(found, choice.chosen, choice.kept)
    gates = {
        key: gate if key in choice.kept else 0.0 for key, gate in genotype.evidence.gates.items()
    }
    full = [math.prod(axis) for axis in zip(*found.strides, strict=True)]
    x = torch.randn(2, found.in_channels, *(4 * f for f in full), dtype=torch.float64)

    relaxed = supernet(x, Weights(hard.choices, gates))
    network = genotype.compile().double()
    network.load_state_dict(inherit(found, genotype, supernet.state_dict(), "test"))

    assert (network(x) - relaxed).abs().max() < 1e-9
