"""Pointwise convolutions see the small map."""

from __future__ import annotations

import logging

import pytest
from graphs import TOLERANCE, difference, kinds, network

from uxnet_compiler.ir import Graph
from uxnet_compiler.passes.conv_before_upsample import ConvBeforeUpsample

SMALL = 'a.avg_pool = avg_pool@1 {"factor": [4, 4]} (input) : 2 @ 4x4'


def up(
    options: str = "", slot: str = "b", source: str = "a.avg_pool", type_: str = "2 @ 2x2"
) -> str:
    return f'{slot}.upsample = upsample@1 {{"factor": [2, 2]{options}}} ({source}) : {type_}'


def point(source: str, type_: str, options: str = "") -> str:
    attributes = f'"channels": {type_.partition(" ")[0]}, "kernel": [1, 1]{options}'
    return f"c.conv = conv@1 {{{attributes}}} ({source}) : {type_}"


@pytest.mark.parametrize("mode", ["", ', "mode": "nearest"', ', "align_corners": true'])
@pytest.mark.parametrize("bias", ["", ', "bias": true', ', "groups": 2'])
def test_the_convolution_comes_first(mode: str, bias: str) -> None:
    before = network(SMALL, up(mode), point("b.upsample", "2 @ 2x2", bias))
    after = before.copy()

    assert ConvBeforeUpsample().run(after) == 1
    assert kinds(after) == ["avg_pool", "conv", "upsample"]
    assert after["c.conv"].id == "c.conv"
    assert difference(before, after) < TOLERANCE


def test_a_convolution_passes_several_upsamplings() -> None:
    before = network(
        SMALL,
        up(),
        up(slot="d", source="b.upsample", type_="2 @ 1x1"),
        point("d.upsample", "1 @ 1x1", ', "bias": true'),
    )
    after = before.copy()

    assert ConvBeforeUpsample().run(after) == 2
    assert kinds(after) == ["avg_pool", "conv", "upsample", "upsample"]
    assert difference(before, after) < TOLERANCE


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        (
            network(
                SMALL,
                up(),
                point("b.upsample", "2 @ 2x2"),
                "d.sum = sum@1 {} (b.upsample, c.conv) : 2 @ 2x2",
            ),
            "others read b.upsample, too",
        ),
        (
            network(SMALL, up(), point("b.upsample", "3 @ 2x2")),
            "it makes more channels, so the upsampling would cost more",
        ),
    ],
    ids=["another reader", "more channels"],
)
def test_a_convolution_stays_where_moving_it_costs(
    graph: Graph, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "uxnet_compiler.passes")

    assert ConvBeforeUpsample().run(graph) == 0
    assert caplog.messages == [f"conv-before-upsample leaves c.conv: {reason}"]


@pytest.mark.parametrize(
    "conv",
    [
        'c.conv = conv@1 {"channels": 2, "kernel": [3, 1]} (b.upsample) : 2 @ 2x2',
        (
            'c.conv = conv@1 {"channels": 2, "kernel": [1, 1], "stride": [2, 2]}'
            " (b.upsample) : 2 @ 4x4"
        ),
    ],
    ids=["larger kernel", "stride"],
)
def test_only_plain_pointwise_convolutions_move(conv: str) -> None:
    assert ConvBeforeUpsample().run(network(SMALL, up(), conv)) == 0
