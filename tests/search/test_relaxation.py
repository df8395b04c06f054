from __future__ import annotations

import pytest
import torch

from uxnet_compiler.schema import alive
from uxnet_compiler.search.optimiser import SharedAdam
from uxnet_compiler.search.relaxation import Relaxation
from uxnet_compiler.spaces.uxnet import UXNET, UXNetOptions, space
from uxnet_compiler.spaces.uxnet.regulariser import polarisation

FRAME = space(UXNetOptions(widths=(2,) * 4, strides=((1,) * 3, *((2,) * 3,) * 3)))


def test_plain_gates_are_logistic() -> None:
    relaxation = Relaxation(FRAME, "plain", 0)

    assert torch.equal(relaxation.gates(), torch.sigmoid(relaxation.beta))


@pytest.mark.parametrize("seed", range(5))
def test_with_relative_gates_no_seed_cuts_the_output_off(seed: int) -> None:
    relaxation = Relaxation(FRAME, "relative", seed)
    with torch.no_grad():
        relaxation.beta.normal_(-3, 3, generator=torch.Generator().manual_seed(seed))

    genotype = UXNET.genotype(FRAME, relaxation.evidence(), name="seed", tau=0.75)

    assert genotype.provenance.repaired == ()
    assert alive(genotype.architecture.edges)


def test_the_strongest_edge_into_each_node_has_gate_one() -> None:
    relaxation = Relaxation(FRAME, "relative", 1)
    gates = dict(zip(FRAME.gates, relaxation.gates().tolist(), strict=True))

    for target in {key.partition(">")[2] for key in gates}:
        assert max(g for key, g in gates.items() if key.endswith(f">{target}")) == 1.0


def test_evidence_speaks_of_every_gate_and_choice() -> None:
    evidence = Relaxation(FRAME, "relative", 0).evidence()

    assert set(evidence.gates) == set(FRAME.gates)
    assert {c: tuple(w) for c, w in evidence.choices.items()} == FRAME.choices
    assert all(abs(sum(w.values()) - 1) < 1e-4 for w in evidence.choices.values())


def test_polarisation_is_smallest_at_the_ends_and_flat_in_the_middle() -> None:
    assert polarisation(torch.tensor([0.0, 1.0])).item() == -0.25
    assert polarisation(torch.tensor([0.5])).item() == 0
    middle = torch.tensor([0.5], requires_grad=True)
    polarisation(middle).backward()  # type: ignore[no-untyped-call]  # torch has no type
    assert middle.grad is not None
    assert middle.grad.item() == 0


def test_shared_adam_keeps_the_proportions_of_the_gradients() -> None:
    p = torch.nn.Parameter(torch.zeros(2))
    optimiser = SharedAdam([p], lr=0.1)

    for _ in range(10):
        p.grad = torch.tensor([1.0, -0.01])
        optimiser.step()

    assert p[0].item() < 0
    assert p[1].item() == pytest.approx(-0.01 * p[0].item(), rel=1e-5)


def test_the_size_of_all_gradients_together_does_not_matter_to_shared_adam() -> None:
    ends = []
    for scale in (1.0, 1000.0):
        p = torch.nn.Parameter(torch.zeros(3))
        optimiser = SharedAdam([p], lr=0.1)
        for step in range(5):
            p.grad = scale * torch.tensor([1.0, -0.5, float(step)])
            optimiser.step()
        ends.append(p.detach())

    assert torch.allclose(ends[0], ends[1], rtol=1e-5)
