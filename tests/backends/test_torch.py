"""The compiled module: plain layers, named after the document, trained by gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import document, genotypes
from torch import fx, nn

from uxnet_compiler.backends.torch import build, load_weights
from uxnet_compiler.compiler import network_graph
from uxnet_compiler.errors import BackendError
from uxnet_compiler.ir import from_text
from uxnet_compiler.schema import Architecture, Genotype
from uxnet_compiler.zoo import fit, resolve

PLAIN_LAYERS = (
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
)


def small() -> Genotype:
    return fit(resolve("zoo:unet"), widths=(2, 3, 4, 5), out_channels=3)


@settings(max_examples=10)
@given(genotypes(max_levels=3), st.booleans())
def test_names_follow_the_document_and_layers_are_plain(genotype: Genotype, deep: bool) -> None:
    module = genotype.compile(deep_supervision=deep)

    parts = {n.id for n in genotype.architecture.nodes}
    parts |= {f"{e.source}_to_{e.target}" for e in genotype.architecture.edges}
    for name, layer in module.named_modules():
        if not list(layer.children()):
            slot, _, kind = name.partition(".")
            assert slot in parts or slot.startswith("aux_")
            assert kind.rpartition("_")[2].isdigit() or "." not in kind
            assert isinstance(layer, PLAIN_LAYERS)


@settings(max_examples=10)
@given(genotypes(max_levels=3), st.integers(1, 2))
def test_logits_have_the_size_of_the_image(genotype: Genotype, batch: int) -> None:
    a = genotype.architecture
    size = tuple(2 * d for d in a.total_stride)

    results = genotype.compile(deep_supervision=True)(torch.zeros(batch, a.in_channels, *size))

    results = results if isinstance(results, tuple) else (results,)
    assert results[0].shape == (batch, a.out_channels, *size)
    coarser = [result.shape[2:].numel() for result in results]
    assert coarser == sorted(coarser, reverse=True)


@settings(max_examples=10)
@given(genotypes(max_levels=3))
def test_every_parameter_gets_a_gradient(genotype: Genotype) -> None:
    a = genotype.architecture
    module = genotype.compile(seed=1, deep_supervision=True).double()
    size = tuple(2 * d for d in a.total_stride)
    image = torch.randn(
        2, a.in_channels, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )

    results = module(image)

    results = results if isinstance(results, tuple) else (results,)
    sum(result.square().mean() for result in results).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters())


def test_deep_supervision_adds_heads_and_renames_nothing() -> None:
    plain = set(small().compile().state_dict())
    deep = set(small().compile(deep_supervision=True).state_dict())

    assert plain < deep
    assert deep - plain == {
        f"aux_{level}.conv.{kind}" for level in (1, 2) for kind in ("weight", "bias")
    }


def test_deep_supervision_does_not_change_the_main_result() -> None:
    deep = small().compile(deep_supervision=True).eval()
    plain = small().compile().eval()
    plain.load_state_dict({n: w for n, w in deep.state_dict().items() if n in plain.state_dict()})
    image = torch.randn(1, 1, 16, 16, 16, generator=torch.Generator().manual_seed(0))

    results = deep(image)

    assert [tuple(r.shape[2:]) for r in results] == [(16, 16, 16), (8, 8, 8), (4, 4, 4)]
    assert torch.equal(plain(image), results[0])


def test_fresh_weights_depend_on_the_seed_alone() -> None:
    torch.manual_seed(1)
    one = small().compile(seed=3).state_dict()
    torch.manual_seed(2)
    same = small().compile(seed=3).state_dict()
    other = small().compile(seed=4).state_dict()

    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["n0_0.conv.weight"], other["n0_0.conv.weight"])


def test_the_caller_s_generator_stays_as_it_was() -> None:
    before = torch.get_rng_state()

    small().compile(seed=3)

    assert torch.equal(torch.get_rng_state(), before)


def test_convolutions_start_as_he_et_al_say() -> None:
    wide = fit(resolve("zoo:unet"), widths=(16, 16, 16, 16)).compile()
    weight = wide.get_submodule("n0_0.conv").weight

    assert isinstance(weight, torch.Tensor)
    assert weight.std().item() == pytest.approx((2 / (1 + 0.01**2) / (16 * 27)) ** 0.5, rel=0.03)


def test_the_code_is_a_straight_line() -> None:
    module = small().compile()

    assert isinstance(module, fx.GraphModule)
    assert {node.op for node in module.graph.nodes} <= {
        "placeholder",
        "call_module",
        "call_function",
        "output",
    }
    assert not any(word in module.code for word in (" if ", " for ", "getattr(self, name"))


@pytest.mark.parametrize("name", ["forward", "training", "T_destination", "graph", "code"])
def test_a_name_that_torch_keeps_is_refused(name: str) -> None:
    plain = document()["architecture"]
    plain["nodes"][0]["id"] = name
    for edge in plain["edges"]:
        edge |= {k: name for k in ("source", "target") if edge[k] == "a0"}
    graph = network_graph(Architecture.model_validate(plain))

    with pytest.raises(BackendError, match=f"{name}: torch keeps this name for itself"):
        build(graph)


def test_what_nobody_could_build_is_refused() -> None:
    plain = document()["architecture"]
    plain["widths"] = [65536, 8]
    plain["nodes"][0]["ops"] *= 2
    graph = network_graph(Architecture.model_validate(plain))

    with pytest.raises(BackendError, match=r"\d+ parameters, more than the 2147483648"):
        build(graph)


def test_what_is_read_twice_is_added_in_order() -> None:
    text = """\
input = input@1 {"channels": 2, "spatial_dims": 2} () : 2 @ 1x1
a.relu = relu@1 {} (input) : 2 @ 1x1
b.sum = sum@1 {} (a.relu, input, a.relu) : 2 @ 1x1
c.concat = concat@1 {} (input, b.sum) : 4 @ 1x1
output = output@1 {} (c.concat) : 4 @ 1x1
"""
    image = torch.tensor([-1.0, 2.0]).reshape(1, 2, 1, 1)

    result = build(from_text(text))(image)

    assert result.flatten().tolist() == [-1.0, 2.0, -1.0, 6.0]


def test_weights_are_loaded_by_name() -> None:
    source, target = small().compile(seed=1), small().compile(seed=2)

    load_weights(target, source.state_dict())

    assert all(
        torch.equal(a, b)
        for a, b in zip(source.state_dict().values(), target.state_dict().values(), strict=True)
    )


def test_weights_that_do_not_fit_are_named() -> None:
    weights = small().compile().state_dict()
    name = "n0_1.conv_2.weight"
    missing = {n: w for n, w in weights.items() if n != name}
    unknown = weights | {"z": torch.zeros(1)}
    reshaped = weights | {name: torch.zeros(1)}

    for bad, message in (
        (missing, f"{name} is missing"),
        (unknown, "z is not in the network"),
        (reshaped, rf"{name} is \(1,\), the network needs \(3, 3, 3, 3, 3\)"),
    ):
        with pytest.raises(BackendError, match=f"weights: {message}"):
            load_weights(small().compile(), bad)
