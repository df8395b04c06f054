"""A bias goes when a norm subtracts it again, and only then."""

from __future__ import annotations

import logging

import pytest
import torch
from graphs import TOLERANCE, difference, network

from uxnet_compiler.backends.torch import build
from uxnet_compiler.passes.drop_bias_before_norm import DropBiasBeforeNorm

CONV = 'a.conv = conv@1 {"bias": true, "channels": 4, "kernel": [3, 3]} (input) : 4 @ 1x1'
DECONV = (
    'a.max_pool = max_pool@1 {"factor": [2, 2]} (input) : 2 @ 2x2',
    (
        'a.conv = transposed_conv@1 {"bias": true, "channels": 4, "stride": [2, 2]}'
        " (a.max_pool) : 4 @ 1x1"
    ),
)


@pytest.mark.parametrize("conv", [(CONV,), DECONV], ids=["conv", "transposed_conv"])
@pytest.mark.parametrize(
    "norm", ["instance_norm@1 {}", 'group_norm@1 {"groups": 4}', 'group_norm@1 {"size": 1}']
)
def test_a_bias_before_a_norm_of_each_channel_goes(conv: tuple[str, ...], norm: str) -> None:
    before = network(*conv, f"b.norm = {norm} (a.conv) : 4 @ 1x1")
    after = before.copy()

    assert DropBiasBeforeNorm().run(after) == 1
    assert set(build(after).state_dict()) == {"a.conv.weight", "b.norm.weight", "b.norm.bias"}
    assert difference(before, after) < TOLERANCE


def test_a_bias_goes_when_several_norms_read_it() -> None:
    before = network(
        CONV,
        "b.norm = instance_norm@1 {} (a.conv) : 4 @ 1x1",
        'c.norm = instance_norm@1 {"eps": 0.001} (a.conv) : 4 @ 1x1',
        "d.sum = sum@1 {} (b.norm, c.norm) : 4 @ 1x1",
    )
    after = before.copy()

    assert DropBiasBeforeNorm().run(after) == 1
    assert difference(before, after) < TOLERANCE


def test_the_other_weights_and_how_they_are_made_stay() -> None:
    graph = network(
        f"{CONV} ; bias = x.bias ; weight = scale(x.weight, factor=2.0)",
        "b.norm = instance_norm@1 {} (a.conv) : 4 @ 1x1",
    )

    DropBiasBeforeNorm().run(graph)

    assert {n: str(w) for n, w in graph["a.conv"].weights.items()} == {
        "weight": "scale(x.weight, factor=2.0)"
    }


def test_a_dead_bias_has_no_gradient() -> None:
    module = build(network(CONV, "b.norm = instance_norm@1 {} (a.conv) : 4 @ 1x1")).double()
    image = torch.randn(2, 2, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    module(image).pow(3).sum().backward()

    gradients = {name: p.grad for name, p in module.named_parameters()}
    bias, weight = gradients["a.conv.bias"], gradients["a.conv.weight"]
    assert bias is not None
    assert weight is not None
    assert bias.abs().max() < TOLERANCE
    assert weight.abs().max() > 1e-3


@pytest.mark.parametrize(
    ("readers", "reason"),
    [
        (
            ("b.norm = batch_norm@1 {} (a.conv) : 4 @ 1x1",),
            "leaves a.conv: the running mean of b.norm remembers the bias",
        ),
        (
            ('b.norm = group_norm@1 {"groups": 2} (a.conv) : 4 @ 1x1',),
            "leaves a.conv: a group of b.norm has several channels",
        ),
        (
            (
                "b.norm = instance_norm@1 {} (a.conv) : 4 @ 1x1",
                "c.sum = sum@1 {} (a.conv, b.norm) : 4 @ 1x1",
            ),
            "leaves a.conv: others than b.norm read it, too",
        ),
    ],
)
def test_a_bias_that_matters_stays(
    readers: tuple[str, ...], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "uxnet_compiler.passes")
    graph = network(CONV, *readers)

    assert DropBiasBeforeNorm().run(graph) == 0
    assert graph["a.conv"].op.model_dump()["bias"] is True
    assert caplog.messages == [f"drop-bias-before-norm {reason}"]


@pytest.mark.parametrize(
    "lines",
    [
        (CONV, "b.relu = relu@1 {} (a.conv) : 4 @ 1x1"),
        (
            'a.conv = conv@1 {"channels": 4, "kernel": [3, 3]} (input) : 4 @ 1x1',
            "b.norm = instance_norm@1 {} (a.conv) : 4 @ 1x1",
        ),
    ],
    ids=["no norm", "no bias"],
)
def test_where_there_is_nothing_to_do_nothing_is_said(
    lines: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "uxnet_compiler.passes")

    assert DropBiasBeforeNorm().run(network(*lines)) == 0
    assert caplog.messages == []
