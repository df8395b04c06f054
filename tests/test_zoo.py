"""The bundled genotypes are what they say they are, and can be fitted to other data."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from strategies import document
from torch import nn
from torch.nn import functional as F  # noqa: N812 (the name everybody knows)

from uxnet_compiler.compiler import network_graph
from uxnet_compiler.errors import GenotypeError, UnknownNameError
from uxnet_compiler.ir import verify
from uxnet_compiler.schema import Genotype, dump, dumps, loads
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.spaces.uxnet.known import KNOWN
from uxnet_compiler.zoo import fit, resolve, zoo

BUNDLED = Path(str(files("uxnet_compiler.genotypes")))
ANISOTROPIC = ((1, 1, 1), (1, 2, 2), (2, 2, 2), (2, 2, 2))


@pytest.mark.parametrize("name", zoo())
def test_every_bundled_genotype_is_sound_and_in_its_own_layout(name: str) -> None:
    entry = zoo()[name]

    genotype = entry.genotype()

    assert genotype.name == name
    assert entry.document.read_text(encoding="utf-8") == dumps(genotype)
    if genotype.space is None:  # imported, not decoded
        assert genotype.provenance.paper
    else:
        assert genotype.space.family == entry.family
        assert genotype.evidence is not None
    assert genotype.provenance.origin
    assert genotype.provenance.license
    verify(network_graph(genotype.architecture))


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_network_is_what_its_gates_decode_to(
    name: str, request: pytest.FixtureRequest
) -> None:
    path = BUNDLED / "uxnet" / f"{name}.json"
    if request.config.getoption("--update-golden"):
        dump(KNOWN[name].genotype(), path)

    assert path.read_text(encoding="utf-8") == dumps(KNOWN[name].genotype())


@pytest.mark.parametrize("name", KNOWN)
def test_an_identity_is_gone_from_the_network_or_just_a_sum(name: str) -> None:
    architecture = resolve(f"zoo:{name}").architecture
    incoming = Counter(edge.target for edge in architecture.edges)
    identities = {node.id for node in architecture.nodes if not node.ops}

    left = {v.id for v in network_graph(architecture).values()}

    assert {v for v in left if v.partition(".")[0] in identities} == {
        f"{node}.sum" for node in identities if incoming[node] > 1
    }


def test_the_u_net_has_exactly_the_layers_one_expects() -> None:
    graph = network_graph(resolve("zoo:unet").architecture)

    kinds = [v.op.kind for v in graph.values()]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        "conv": 1 + 7 * 2 + 3 + 3 + 1,  # stem, blocks, down, up, head
        "input": 1,
        "instance_norm": 1 + 7 * 2,
        "leaky_relu": 1 + 7 * 2,
        "max_pool": 3,
        "output": 1,
        "sum": 3,
        "transposed_conv": 3,
    }


class Block(nn.Module):
    """Convolution, norm and activation, as often as asked for."""

    def __init__(self, given: int, width: int, times: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv3d(given if i == 0 else width, width, 3, padding=1, bias=False)
            for i in range(times)
        )
        self.norms = nn.ModuleList(nn.InstanceNorm3d(width, affine=True) for _ in range(times))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.leaky_relu(norm(conv(x)), 0.01)
        return x


class HandWritten(nn.Module):
    """A U-Net with summed skips as one would write it."""

    def __init__(self, channels: int, classes: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        deepest = len(widths) - 1
        self.stem = Block(channels, widths[0], 1)
        self.down = nn.ModuleList(Block(w, w, 2) for w in widths)
        self.up = nn.ModuleList(Block(w, w, 2) for w in widths[:-1])
        self.shrink = nn.ModuleList(
            nn.Conv3d(widths[j], widths[j + 1], 1, bias=False) for j in range(deepest)
        )
        self.narrow = nn.ModuleList(
            nn.Conv3d(widths[j + 1], widths[j], 1, bias=False) for j in range(deepest)
        )
        self.grow = nn.ModuleList(
            nn.ConvTranspose3d(widths[j], widths[j], 2, stride=2, bias=False)
            for j in range(deepest)
        )
        self.head = nn.Conv3d(widths[0], classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        skips = []
        for level, block in enumerate(self.down):
            if level:
                x = self.shrink[level - 1](F.max_pool3d(x, 2))
            x = block(x)
            skips.append(x)
        for level in reversed(range(len(self.up))):
            x = self.up[level](skips[level] + self.grow[level](self.narrow[level](x)))
        logits: torch.Tensor = self.head(x)
        return logits


def hand_names(levels: int) -> dict[str, str]:
    """Return the hand-written module for each layer of the compiled one."""
    last = levels - 1
    names = {
        "input_to_n0_0.conv": "stem.convs.0",
        "input_to_n0_0.instance_norm": "stem.norms.0",
        f"n{last}_0_to_output.conv": "head",
    }
    blocks = [(f"n0_{j}", f"down.{j}") for j in range(levels)]
    blocks += [(f"n{last - j}_{j}", f"up.{j}") for j in range(last)]
    for node, block in blocks:
        for index, suffix in enumerate(("", "_2")):
            names[f"{node}.conv{suffix}"] = f"{block}.convs.{index}"
            names[f"{node}.instance_norm{suffix}"] = f"{block}.norms.{index}"
    for j in range(last):
        rise = f"n{last - j - 1}_{j + 1}_to_n{last - j}_{j}"
        names[f"n0_{j}_to_n0_{j + 1}.conv"] = f"shrink.{j}"
        names[f"{rise}.conv"] = f"narrow.{j}"
        names[f"{rise}.transposed_conv"] = f"grow.{j}"
    return names


def test_the_u_net_computes_what_a_hand_written_one_computes() -> None:
    widths = (3, 4, 5, 6)
    genotype = fit(resolve("zoo:unet"), in_channels=2, out_channels=3, widths=widths)
    compiled = genotype.compile(seed=1).double()
    generator = torch.Generator().manual_seed(0)
    for parameter in compiled.parameters():  # norms, too, or their order would not matter
        parameter.data.add_(torch.randn(parameter.shape, generator=generator).double(), alpha=0.1)
    by_hand = HandWritten(2, 3, widths).double()
    names = hand_names(len(widths))
    renamed = {}
    for name, weight in compiled.state_dict().items():
        layer, _, kind = name.rpartition(".")
        renamed[f"{names[layer]}.{kind}"] = weight
    by_hand.load_state_dict(renamed)
    image = torch.randn(1, 2, 16, 16, 16, dtype=torch.float64, generator=generator)

    with torch.no_grad():
        difference = (compiled(image) - by_hand(image)).abs().max().item()

    assert difference < 1e-10


def test_a_name_of_the_zoo_or_a_file_is_resolved(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    dump(resolve("zoo:dla"), path)

    assert resolve(str(path)) == resolve("zoo:dla")


def test_an_unknown_name_proposes_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="no genotype of the zoo is called 'unte'; did you"):
        resolve("zoo:unte")


def test_a_bare_name_of_the_zoo_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UnknownNameError, match="unet: no such file; the zoo has zoo:unet"):
        resolve("unet")
    with pytest.raises(GenotypeError, match=r"unet.json: cannot be read"):
        resolve("unet.json")


@pytest.mark.parametrize("name", KNOWN)
def test_fitting_is_decoding_in_another_frame(name: str) -> None:
    known = KNOWN[name]
    widths = tuple(range(4, 4 + known.default.levels))

    fitted = fit(resolve(f"zoo:{name}"), in_channels=3, out_channels=4, widths=widths)

    options = {"in_channels": 3, "out_channels": 4, "widths": widths}
    assert fitted == known.genotype(known.default.model_copy(update=options))


def test_fitting_to_nothing_changes_nothing() -> None:
    assert fit(resolve("zoo:unet")) == resolve("zoo:unet")


def test_strides_may_differ_per_axis() -> None:
    fitted = fit(resolve("zoo:unet"), strides=ANISOTROPIC)

    assert fitted.architecture.total_stride == (4, 8, 8)
    assert fitted.compile()(torch.zeros(1, 1, 8, 16, 16)).shape == (1, 2, 8, 16, 16)


def test_a_known_network_may_get_more_levels() -> None:
    strides = (*ANISOTROPIC, (1, 2, 2))

    fitted = fit(resolve("zoo:unet"), widths=(4, 4, 8, 8, 8), strides=strides)

    assert [n.id for n in fitted.architecture.nodes if n.stage == 4] == ["n4_0"]


def test_another_network_cannot_get_more_levels() -> None:
    mine = resolve("zoo:unet").model_copy(update={"name": "mine"})

    with pytest.raises(GenotypeError, match=r"mine: evidence.gates.n0_0>n0_4: the space and the"):
        fit(mine, widths=(4, 4, 8, 8, 8), strides=(*ANISOTROPIC, (1, 2, 2)))


def test_a_level_that_a_search_cut_off_needs_no_width() -> None:
    unet = resolve("zoo:unet")
    assert unet.space is not None
    assert unet.evidence is not None
    cut = {key: 0.0 if "n0_3" in key else gate for key, gate in unet.evidence.gates.items()}
    shallow = FAMILIES["uxnet"].genotype(
        FAMILIES["uxnet"].space(unet.space),
        unet.evidence.model_copy(update={"gates": cut}),
        name="shallow",
    )
    assert shallow.architecture.levels == 3

    fitted = fit(shallow, widths=(4, 6, 8))

    assert fitted.architecture.widths == (4, 6, 8)
    assert fitted.architecture.nodes == shallow.architecture.nodes


def test_widths_and_strides_must_agree() -> None:
    with pytest.raises(GenotypeError, match=r"unet: space.options: 5 widths, but 4 strides"):
        fit(resolve("zoo:unet"), widths=(4, 4, 4, 4, 4))


def plain() -> Genotype:
    return loads(dumps(Genotype.model_validate(document() | {"evidence": None})))


def test_without_evidence_channels_and_widths_can_change() -> None:
    fitted = fit(plain(), in_channels=2, out_channels=5, widths=(6, 6))

    assert fitted.compile()(torch.zeros(1, 2, 4, 4)).shape == (1, 5, 4, 4)


def test_without_evidence_strides_stay_what_the_ops_make() -> None:
    with pytest.raises(GenotypeError, match=r"small: architecture.edges\[1\].ops: a0>b0 arrives"):
        fit(plain(), strides=((1, 1), (1, 2)))
