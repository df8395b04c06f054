from __future__ import annotations

import strategies as own
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from uxnet_compiler.search.inherit import inherit
from uxnet_compiler.search.relaxation import Relaxation
from uxnet_compiler.search.supernet import Supernet, all_open, one_hot
from uxnet_compiler.spaces import Space
from uxnet_compiler.spaces.uxnet import UXNET, UXNetOptions, space


def random_supernet(frame: Space, seed: int) -> Supernet:
    torch.manual_seed(seed)
    supernet = Supernet(frame).double()
    with torch.no_grad():
        for p in supernet.parameters():
            p.normal_(std=0.5)
    return supernet


def image(frame: Space) -> torch.Tensor:
    size = [2 * s for s in frame_scale(frame)]
    return torch.randn(2, frame.in_channels, *size, dtype=torch.float64)


def frame_scale(frame: Space) -> tuple[int, ...]:
    scale = [1] * frame.spatial_dims
    for stride in frame.strides:
        scale = [a * b for a, b in zip(scale, stride, strict=True)]
    return tuple(scale)


@settings(max_examples=20, deadline=None)
@given(own.options(), st.integers(0, 2**16))
def test_a_one_hot_supernet_equals_the_compiled_network_with_its_weights(
    options: UXNetOptions, seed: int
) -> None:
    frame = space(options)
    genotype = UXNET.sample(frame, seed)
    supernet = random_supernet(frame, seed)
    assert genotype.evidence is not None
    chosen = {
        choice: max(weights, key=lambda name: weights[name])
        for choice, weights in genotype.evidence.choices.items()
    }
    kept = frozenset(edge.key for edge in genotype.architecture.edges)
    x = image(frame)

    relaxed = supernet(x, one_hot(frame, chosen, kept))
    network = genotype.compile().double()
    network.load_state_dict(inherit(frame, genotype, supernet.state_dict(), "test"))

    assert (network(x) - relaxed).abs().max() < 1e-10


def test_the_compiled_network_has_no_trace_of_the_search() -> None:
    frame = space(UXNetOptions(widths=(4, 4, 4), strides=((1, 1), (2, 2), (2, 2)), spatial_dims=2))
    genotype = UXNET.sample(frame, 0)

    network = genotype.compile()
    network(torch.randn(1, 1, 16, 16)).square().mean().backward()

    assert all(p.grad is not None and bool((p.grad != 0).any()) for p in network.parameters())
    kinds = {type(m).__name__ for m in network.modules()}
    assert kinds <= {"Network", "Module", "Conv2d", "ConvTranspose2d", "InstanceNorm2d"}


def test_every_weight_and_every_choice_of_the_supernet_is_trained() -> None:
    frame = space(UXNetOptions(widths=(4, 4, 4), strides=((1, 1), (2, 2), (2, 2)), spatial_dims=2))
    supernet = random_supernet(frame, 0)
    relaxation = Relaxation(frame, "relative", 0).double()

    supernet(image(frame), relaxation.weights()).square().mean().backward()

    trained = dict(supernet.named_parameters()) | dict(relaxation.named_parameters())
    still = [name for name, p in trained.items() if p.grad is None or not bool(p.grad.any())]
    assert still == []


def test_the_warm_up_opens_everything_alike() -> None:
    frame = space(UXNetOptions(widths=(2, 2), strides=((1, 1), (2, 2)), spatial_dims=2))

    weights = all_open(frame)

    assert set(weights.gates.values()) == {1.0}
    assert all(abs(sum(map(float, each.values())) - 1) < 1e-12 for each in weights.choices.values())


@settings(max_examples=15, deadline=None)
@given(own.options(), st.integers(0, 2**16))
def test_what_is_merged_equals_the_plain_weighted_sum_with_all_gradients(
    options: UXNetOptions, seed: int
) -> None:
    frame = space(options)
    supernet = random_supernet(frame, seed)
    relaxation = Relaxation(frame, "relative", seed).double()
    with torch.no_grad():
        for p in relaxation.parameters():
            p.normal_(generator=torch.Generator().manual_seed(seed))
    leaves = [*supernet.parameters(), *relaxation.parameters()]
    x = image(frame)
    found = []
    for merged in (True, False):
        supernet.merge(merged)
        out = supernet(x, relaxation.weights())
        # The loss is bounded, so that gradients are, too.
        found.append([out, *torch.autograd.grad(out.tanh().mean(), leaves, allow_unused=True)])

    for a, b in zip(*found, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert float((a - b).abs().max().detach()) <= 1e-10 * max(
                1.0, float(b.abs().max().detach())
            )


def test_what_the_output_does_not_need_is_not_computed() -> None:
    frame = space(UXNetOptions(widths=(2, 2, 2), strides=((1, 1), (2, 2), (2, 2)), spatial_dims=2))
    supernet = random_supernet(frame, 0)
    seen: list[str] = []
    for name, slot in supernet.slots.items():
        slot.register_forward_hook(lambda *_, name=name: seen.append(name))
    chosen = {choice: candidates[0] for choice, candidates in frame.choices.items()}
    kept = frozenset({"n0_0>n1_0", "n1_0>n2_0", "n0_0>n0_1", "n0_0>n0_2"})

    supernet(image(frame), one_hot(frame, chosen, kept))

    assert "n0_1" not in seen
    assert {"n0_0", "n1_0", "n2_0"} <= set(seen)


def test_partial_channels_leave_the_shape_and_train_everything() -> None:
    frame = space(UXNetOptions(widths=(8, 8), strides=((1, 1), (2, 2)), spatial_dims=2))
    torch.manual_seed(0)
    whole, part = Supernet(frame), Supernet(frame, share=4)
    relaxation = Relaxation(frame, "relative", 0)

    out = part(torch.randn(1, 1, 8, 8), relaxation.weights())
    out.square().mean().backward()

    assert out.shape == (1, frame.out_channels, 8, 8)
    assert sum(p.numel() for p in part.parameters()) < sum(p.numel() for p in whole.parameters())
    trained = dict(part.named_parameters()) | dict(relaxation.named_parameters())
    assert [name for name, p in trained.items() if p.grad is None] == []


def test_the_extra_skip_adds_the_input_of_each_block() -> None:
    frame = space(UXNetOptions(widths=(2, 2), strides=((1, 1), (2, 2)), spatial_dims=2))
    supernet = random_supernet(frame, 0)
    weights, x = all_open(frame), image(frame)
    plain = supernet(x, weights)

    weights.skip = 1.0
    skipped = supernet(x, weights)
    weights.skip = 0.0

    assert not torch.equal(plain, skipped)
    assert torch.equal(plain, supernet(x, weights))
