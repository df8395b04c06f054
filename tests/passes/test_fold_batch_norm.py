"""Batch norms vanish in the convolutions before them."""

from __future__ import annotations

import logging

import pytest
from graphs import TOLERANCE, difference, kinds, network
from hypothesis import given, settings
from hypothesis import strategies as st

from uxnet_compiler.ir import Graph
from uxnet_compiler.passes.fold_batch_norm import FoldBatchNorm

CONV = 'a.conv = conv@1 {"channels": 4, "kernel": [3, 3]} (input) : 4 @ 1x1'
NORM = "a.batch_norm = batch_norm@1 {} (a.conv) : 4 @ 1x1"
SMALL = 'x.max_pool = max_pool@1 {"factor": [2, 2]} (input) : 2 @ 2x2'


@pytest.mark.parametrize("bias", ["true", "false"])
@pytest.mark.parametrize(
    "conv",
    [
        (
            (
                'a.conv = conv@1 {"bias": BIAS, "channels": 4, "groups": "input", "kernel": [3, 3]}'
                " (input) : 4 @ 1x1"
            ),
        ),
        ('a.conv = conv@1 {"bias": BIAS, "channels": 4, "kernel": [1, 3]} (input) : 4 @ 1x1',),
        (
            SMALL,
            (
                'a.conv = transposed_conv@1 {"bias": BIAS, "channels": 4, "stride": [2, 2]}'
                " (x.max_pool) : 4 @ 1x1"
            ),
        ),
    ],
    ids=["depthwise", "plain", "transposed"],
)
def test_a_norm_goes_into_kernel_and_bias(conv: tuple[str, ...], bias: str) -> None:
    before = network(*(line.replace("BIAS", bias) for line in conv), NORM)
    after = before.copy()

    assert FoldBatchNorm().run(after) == 1
    assert "batch_norm" not in kinds(after)
    assert after["output"].inputs == ("a.conv",)
    assert after["a.conv"].op.model_dump()["bias"] is True
    assert difference(before, after) < TOLERANCE


@settings(max_examples=20)
@given(st.floats(1e-8, 0.1), st.floats(1e-8, 0.1))
def test_several_norms_go_into_one_convolution(one: float, two: float) -> None:
    before = network(
        CONV,
        f'a.batch_norm = batch_norm@1 {{"eps": {one}}} (a.conv) : 4 @ 1x1',
        f'b.batch_norm = batch_norm@1 {{"eps": {two}}} (a.batch_norm) : 4 @ 1x1',
    )
    after = before.copy()

    assert FoldBatchNorm().run(after) == 2
    assert kinds(after) == ["conv"]
    assert difference(before, after) < TOLERANCE


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        (
            network(CONV, NORM, "b.sum = sum@1 {} (a.batch_norm, a.conv) : 4 @ 1x1"),
            "others read a.conv, too",
        ),
        (
            network(
                CONV,
                "a.relu = relu@1 {} (a.conv) : 4 @ 1x1",
                "a.batch_norm = batch_norm@1 {} (a.relu) : 4 @ 1x1",
            ),
            "no convolution makes a.relu",
        ),
        (
            network(
                SMALL,
                'a.conv = transposed_conv@1 {"channels": 4, "groups": 2, "stride": [2, 2]}'
                " (x.max_pool) : 4 @ 1x1",
                NORM,
            ),
            "a.conv is transposed and has groups",
        ),
    ],
    ids=["another reader", "no convolution", "grouped and transposed"],
)
def test_a_norm_stays_where_no_convolution_can_take_it(
    graph: Graph, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "uxnet_compiler.passes")

    assert FoldBatchNorm().run(graph) == 0
    assert caplog.messages == [f"fold-batch-norm leaves a.batch_norm: {reason}"]
