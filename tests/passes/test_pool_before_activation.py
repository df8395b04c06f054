"""Activations see the small map when max pools alone read them."""

from __future__ import annotations

import logging

import pytest
import torch
from graphs import TOLERANCE, difference, kinds, network, random_weights

from uxnet_compiler.compiler import assemble
from uxnet_compiler.ir import Graph
from uxnet_compiler.passes.pool_before_activation import PoolBeforeActivation

CONV = 'a.conv = conv@1 {"channels": 4, "kernel": [3, 3]} (input) : 4 @ 1x1'
ACT = "a.leaky_relu = leaky_relu@1 {} (a.conv) : 4 @ 1x1"


def pool(slot: str, factor: str, scale: str, source: str = "a.leaky_relu") -> str:
    return f'{slot}.max_pool = max_pool@1 {{"factor": [{factor}]}} ({source}) : 4 @ {scale}'


@pytest.mark.parametrize("activation", ["relu@1 {}", 'leaky_relu@1 {"slope": 0.2}'])
def test_the_pool_comes_first(activation: str) -> None:
    before = network(
        CONV, f"a.act = {activation} (a.conv) : 4 @ 1x1", pool("b", "2, 2", "2x2", "a.act")
    )
    after = before.copy()

    assert PoolBeforeActivation().run(after) == 1
    assert after["b.max_pool"].inputs == ("a.conv",)
    assert after["a.act"].inputs == ("b.max_pool",)
    assert after["output"].inputs == ("a.act",)
    assert difference(before, after) == 0


def test_an_activation_passes_several_pools() -> None:
    before = network(CONV, ACT, pool("b", "2, 2", "2x2"), pool("c", "1, 2", "2x4", "b.max_pool"))
    after = before.copy()

    assert PoolBeforeActivation().run(after) == 2
    assert kinds(after) == ["conv", "max_pool", "max_pool", "leaky_relu"]
    assert difference(before, after) == 0


def test_activations_pass_a_pool_one_after_the_other() -> None:
    before = network(
        CONV, ACT, "b.relu = relu@1 {} (a.leaky_relu) : 4 @ 1x1", pool("c", "2, 2", "2x2", "b.relu")
    )
    after = before.copy()

    assert PoolBeforeActivation().run(after) == 2
    assert kinds(after) == ["conv", "max_pool", "leaky_relu", "relu"]
    assert difference(before, after) == 0


def two_pools(first: str, second: str) -> Graph:
    def scale(factor: str) -> str:
        return factor.replace(", ", "x")

    return network(
        CONV,
        ACT,
        pool("b", first, scale(first)),
        "b.leaky_relu = relu@1 {} (b.max_pool) : 4 @ " + scale(first),
        pool("c", second, scale(second)),
        "c.output = output@1 {} (c.max_pool) : 4 @ " + scale(second),
        "d.relu = relu@1 {} (b.leaky_relu) : 4 @ " + scale(first),
    )


def test_each_of_several_pools_gets_its_own_activation() -> None:
    before = two_pools("2, 2", "4, 4")
    after = before.copy()

    assert PoolBeforeActivation().run(after) == 2
    # The name behind b.max_pool was taken.
    assert after["b.leaky_relu_2"].inputs == ("b.max_pool",)
    assert after["a.leaky_relu"].inputs == ("c.max_pool",)
    assert after.readers("a.conv") == ["b.max_pool", "c.max_pool"]
    assert difference(before, after) == 0


def test_equal_pools_count_once() -> None:
    before = two_pools("1, 2", "1, 2")
    after = before.copy()

    assert PoolBeforeActivation().run(after) == 2
    assert difference(before, after) == 0


def test_gradients_stay() -> None:
    before = network(
        CONV,
        "a.instance_norm = instance_norm@1 {} (a.conv) : 4 @ 1x1",
        "a.leaky_relu = leaky_relu@1 {} (a.instance_norm) : 4 @ 1x1",
        pool("b", "2, 2", "2x2"),
    )
    after = before.copy()
    PoolBeforeActivation().run(after)
    weights = random_weights(before)
    image = torch.randn(2, 2, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    gradients = []
    for graph in (before, after):
        module = assemble(before, graph, weights).train()
        module(image).square().sum().backward()
        gradients.append({name: p.grad for name, p in module.named_parameters()})

    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        (
            network(
                CONV,
                ACT,
                pool("b", "2, 2", "2x2"),
                "b.output = output@1 {} (b.max_pool) : 4 @ 2x2",
                "c.instance_norm = instance_norm@1 {} (a.leaky_relu) : 4 @ 1x1",
            ),
            "others than max pools read it, too",
        ),
        (two_pools("1, 2", "2, 1"), "behind its pools there are as many voxels as before them"),
        (
            network(CONV, ACT, pool("b", "1, 1", "1x1")),
            "behind its pools there are as many voxels as before them",
        ),
    ],
    ids=["another reader", "two halves", "no smaller"],
)
def test_an_activation_stays_where_moving_it_saves_nothing(
    graph: Graph, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "uxnet_compiler.passes")

    assert PoolBeforeActivation().run(graph) == 0
    assert caplog.messages == [f"pool-before-activation leaves a.leaky_relu: {reason}"]
