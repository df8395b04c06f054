"""From genotype to network, and what it costs."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from strategies import genotypes

from uxnet_compiler.compiler import build, network_cost, network_graph
from uxnet_compiler.errors import GraphError
from uxnet_compiler.schema import Genotype
from uxnet_compiler.zoo import fit, resolve


def test_given_weights_are_taken() -> None:
    genotype = fit(resolve("zoo:unet"), widths=(2, 2, 2, 2))
    weights = genotype.compile(seed=5).state_dict()

    module = build(genotype, weights=weights)

    assert all(torch.equal(module.state_dict()[name], weights[name]) for name in weights)


@given(genotypes())
def test_no_merge_of_one_map_is_left(genotype: Genotype) -> None:
    graph = network_graph(genotype.architecture)

    assert all(len(v.inputs) > 1 for v in graph.values() if v.op.kind in {"sum", "concat"})


@pytest.mark.parametrize(("name", "size"), [("unet", (64, 64, 64)), ("unet2d", (256, 256))])
def test_costs_are_for_a_customary_size_unless_told(name: str, size: tuple[int, ...]) -> None:
    assert network_cost(resolve(f"zoo:{name}").architecture).image_size == size


def test_the_customary_size_is_rounded_up_to_what_strides_divide() -> None:
    odd = fit(resolve("zoo:unet"), strides=((1, 1, 1), (3, 1, 2), (3, 1, 2), (3, 1, 2)))

    assert network_cost(odd.architecture).image_size == (81, 64, 64)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((64, 64), "size 64x64: the architecture has 3 axes"),
        ((64, 64, 60), "size 64x64x60: every axis must be a multiple of 8x8x8"),
        ((0, 8, 8), "size 0x8x8: every axis must be a multiple of 8x8x8"),
    ],
)
def test_a_size_that_does_not_fit_is_refused(size: tuple[int, ...], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        network_cost(resolve("zoo:unet").architecture, size)


def test_macs_grow_with_the_image_and_parameters_do_not() -> None:
    architecture = resolve("zoo:unet").architecture

    small, large = (network_cost(architecture, (n, n, n)) for n in (32, 64))

    assert large.macs == 8 * small.macs
    assert large.peak_bytes == 8 * small.peak_bytes
    assert large.params == small.params


def test_what_training_never_had_is_not_asked_of_its_weights() -> None:
    genotype = fit(resolve("zoo:nnunet"), widths=(2, 3, 4, 5, 6, 6))
    trained = genotype.compile(seed=1).eval()
    a = genotype.architecture
    size = (2 * d for d in a.total_stride)
    image = torch.randn(1, a.in_channels, *size, generator=torch.Generator().manual_seed(0))

    whole = build(genotype, weights=trained.state_dict(), passes=()).eval()

    assert any("bias" in name for name in whole.state_dict().keys() - trained.state_dict().keys())
    assert torch.allclose(whole(image), trained(image), atol=1e-5)
