"""The network in float64: the same function as the plain one, in little memory."""

from __future__ import annotations

import pytest
import torch

from uxnet_compiler.backends import reference as module_under_test
from uxnet_compiler.backends.reference import reference
from uxnet_compiler.backends.torch import build
from uxnet_compiler.backends.weights import tensor_shapes
from uxnet_compiler.errors import BackendError
from uxnet_compiler.ir import Graph, from_text

TEXT = """\
input = input@1 {"channels": 2, "spatial_dims": 3} () : 2 @ 1x1x1
a.conv = conv@1 {"bias": true, "channels": 4, "kernel": [3, 1, 5]} (input) : 4 @ 1x1x1
a.batch_norm = batch_norm@1 {} (a.conv) : 4 @ 1x1x1
b.conv = conv@1 {"channels": 6, "groups": 2, "kernel": [3, 3, 3], "stride": [2, 1, 2]}\
 (a.batch_norm) : 6 @ 2x1x2
b.conv_2 = conv@1 {"channels": 6, "dilation": [2, 1, 2], "groups": "input", "kernel": [5, 3, 3]}\
 (b.conv) : 6 @ 2x1x2
b.conv_3 = conv@1 {"channels": 3, "kernel": [1, 1, 1], "offset": [1, 0, 1], "stride": [2, 1, 2]}\
 (b.conv_2) : 3 @ 4x1x4
c.transposed_conv = transposed_conv@1 {"channels": 3, "stride": [4, 1, 4]} (b.conv_3) : 3 @ 1x1x1
output = output@1 {} (c.transposed_conv) : 3 @ 1x1x1
aux_1.output = output@1 {} (b.conv_3) : 3 @ 4x1x4
"""


def weights(graph: Graph) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.rand(shape, generator=generator, dtype=torch.float64) + 0.1
        if shape
        else torch.tensor(3)
        for name, shape in tensor_shapes(graph).items()
    }


@pytest.mark.parametrize("slab_bytes", [1, 4000, 2**24])
def test_the_reference_is_the_plain_network_in_float64(
    monkeypatch: pytest.MonkeyPatch, slab_bytes: int
) -> None:
    monkeypatch.setattr(module_under_test, "_SLAB_BYTES", slab_bytes)
    graph = from_text(TEXT)
    stored = weights(graph)
    plain = build(graph).double().eval()
    plain.load_state_dict(stored)
    image = torch.randn(2, 2, 16, 3, 8, generator=torch.Generator().manual_seed(1)).double()

    found = reference(graph, stored)(image)

    for ours, theirs in zip(found, plain(image), strict=True):
        assert ours.dtype == torch.float64
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


def test_the_reference_is_in_eval_mode_and_needs_no_gradients() -> None:
    graph = from_text(TEXT)

    module = reference(graph, {name: each.float() for name, each in weights(graph).items()})

    assert not any(part.training for part in module.modules())
    assert not any(parameter.requires_grad for parameter in module.parameters())


def test_weights_that_are_exact_already_are_shared_under_their_names() -> None:
    graph = from_text(TEXT)
    stored = weights(graph)

    made = reference(graph, stored).state_dict()

    assert made.keys() == stored.keys()
    assert all(made[name].data_ptr() == stored[name].data_ptr() for name in stored)


def test_weights_that_do_not_fit_are_told_by_name() -> None:
    graph = from_text(TEXT)
    stored = weights(graph)
    del stored["b.conv.weight"]

    with pytest.raises(BackendError, match=r"^weights: b.conv.weight is missing"):
        reference(graph, stored)
