"""The gap: the mixture, the genotype alone, and random ones, on the same patches."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.ops import Scale
from uxnet_compiler.schema import Architecture, Evidence
from uxnet_compiler.search.inherit import inherit
from uxnet_compiler.search.supernet import Supernet
from uxnet_compiler.search.trust.gap import (
    RANDOM,
    alone,
    draws,
    measure_gap,
    mixture_dice,
    random_like,
)
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.spaces.uxnet import UXNetOptions, space

FAMILY = FAMILIES["uxnet"]
FRAME = space(UXNetOptions(widths=(2, 3, 4), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2))))
FLOAT32 = Precision("float32", channels_last=False, reason="a test")


def patches(count: int = 2) -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(3)
    return [
        (
            torch.randn(1, 1, 16, 16, 16, generator=generator),
            torch.randint(0, 2, (1, 1, 16, 16, 16), generator=generator),
        )
        for _ in range(count)
    ]


@given(st.integers(0, 10**6))
def test_the_weights_of_a_genotype_decode_to_it_again(seed: int) -> None:
    genotype = FAMILY.sample(FRAME, seed)

    weights = alone(FRAME, genotype.architecture)

    evidence = Evidence(gates=dict(weights.gates), choices=dict(weights.choices))
    assert FAMILY.genotype(FRAME, evidence, name="again", tau=0.5).id == genotype.id


def test_the_genotype_alone_computes_what_its_network_computes() -> None:
    genotype = FAMILY.sample(FRAME, 4)
    supernet = Supernet(FRAME).double()
    image = patches(1)[0][0].double()

    weights = inherit(FRAME, genotype, supernet.state_dict(), "supernet")
    network = genotype.compile(weights=weights).double()

    found = supernet(image, alone(FRAME, genotype.architecture))
    # The compiled network stores float32; the supernet was made in it.
    torch.testing.assert_close(found, network(image), rtol=0, atol=1e-9)


def test_an_edge_that_carries_its_gate_keeps_it() -> None:
    architecture = FAMILY.sample(FRAME, 4).architecture
    edge = next(edge for edge in architecture.edges if edge.key in FRAME.gates)
    soft = edge.model_copy(update={"ops": (*edge.ops, Scale(factor=0.8))})
    edges = tuple(soft if each is edge else each for each in architecture.edges)

    found = alone(FRAME, architecture.model_copy(update={"edges": edges}))

    assert found.gates[edge.key] == 0.8
    assert {**found.gates, edge.key: 1.0} == alone(FRAME, architecture).gates


def test_a_gap_is_the_same_each_time_and_leaves_the_supernet_as_it_was() -> None:
    torch.manual_seed(0)
    supernet = Supernet(FRAME).train()
    before = {key: value.clone() for key, value in supernet.state_dict().items()}
    genotype = FAMILY.sample(FRAME, 1)

    assert genotype.evidence is not None
    mixture = mixture_dice(genotype.evidence, FRAME, supernet, patches(), FLOAT32)
    first = measure_gap(genotype, mixture, FRAME, supernet, patches(), FLOAT32)
    second = measure_gap(genotype, mixture, FRAME, supernet, patches(), FLOAT32)

    assert first == second
    assert first.patches == 2
    assert first.relaxed == mixture is not None
    assert len(first.random) == RANDOM
    assert len(set(first.random)) > 1
    assert supernet.training
    assert all(torch.equal(before[key], value) for key, value in supernet.state_dict().items())


def test_a_mixture_whose_gates_are_all_shut_has_no_dice() -> None:
    evidence = Evidence(
        gates=dict.fromkeys(FRAME.gates, 0.0),
        choices={
            choice: dict.fromkeys(candidates, 1 / len(candidates))
            for choice, candidates in FRAME.choices.items()
        },
    )
    assert FAMILY.genotype(FRAME, evidence, name="shut", tau=0.5).provenance.repaired
    assert mixture_dice(evidence, FRAME, Supernet(FRAME), patches(1), FLOAT32) is None


@pytest.mark.parametrize("tau", [0.0, 0.1, 0.5, 0.9])
def test_random_genotypes_have_about_as_many_edges(tau: float) -> None:
    like = FAMILY.sample(FRAME, 7, tau=tau).architecture

    drawn = draws(FRAME, like, 50)

    more = [gated(each.architecture) - gated(like) for each in drawn]
    assert min(more) >= 0
    assert sum(more) / len(more) <= 1
    assert len({each.id for each in drawn}) > 10


def test_a_random_genotype_of_a_space_without_gates_has_random_ops() -> None:
    frame = space(UXNetOptions(widths=(2, 3), strides=((1, 1, 1), (2, 2, 2)), edges="unet"))
    like = FAMILY.sample(frame, 0).architecture
    assert len({random_like(frame, like, seed).id for seed in range(8)}) > 1


def gated(architecture: Architecture) -> int:
    return len({edge.key for edge in architecture.edges} & set(FRAME.gates))
