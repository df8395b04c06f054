"""The document of a NAS-Unet genotype is the network that the paper's code builds."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the name everybody knows)

from uxnet_compiler.compiler import network_cost, network_graph
from uxnet_compiler.errors import DataError
from uxnet_compiler.importers.nasunet import COARSER, FINER, SAME, V2, Code, genotype, read_code
from uxnet_compiler.ir import verify
from uxnet_compiler.passes import INFERENCE
from uxnet_compiler.zoo import fit, resolve

# Searched genotypes that the authors published.
V2_EN = Code(
    down=(
        *(("down_dep_conv", 0), ("down_dil_conv", 1)),
        *(("down_cweight", 0), ("down_dep_conv", 1)),
        *(("down_dep_conv", 1), ("down_dep_conv", 0)),
    ),
    up=(
        *(("identity", 0), ("up_dep_conv", 1)),
        *(("cweight", 0), ("up_cweight", 1)),
        *(("conv", 2), ("up_cweight", 1)),
    ),
)
V3 = Code(
    down=(
        *(("down_dil_conv", 1), ("down_cweight", 0)),
        *(("down_cweight", 0), ("down_cweight", 1)),
        *(("down_cweight", 0), ("conv", 3)),
        *(("down_cweight", 0), ("conv", 4)),
    ),
    up=(
        *(("cweight", 0), ("up_cweight", 1)),
        *(("conv", 2), ("up_cweight", 1)),
        *(("up_cweight", 1), ("conv", 3)),
        *(("up_cweight", 1), ("conv", 4)),
    ),
)
PRINTED = (
    "Genotype(down=[('down_conv', 1), ('down_dep_conv', 0), ('down_cweight', 1),"
    " ('down_dil_conv', 0), ('down_dil_conv', 1), ('down_conv', 0)], down_concat=range(2, 5),"
    " up=[('identity', 0), ('up_cweight', 1), ('identity', 2), ('up_cweight', 1), ('cweight', 3),"
    " ('up_conv', 1)], up_concat=range(2, 5))"
)


def test_the_zoo_has_the_document_of_v2() -> None:
    assert resolve("zoo:nasunet") == genotype(V2)


@pytest.mark.parametrize(
    ("code", "channels", "depth", "millions"),
    [
        (V2, 32, 5, 0.49),
        (V2, 48, 4, 0.89),
        (V2, 48, 5, 1.09),
        (V2_EN, 48, 5, 0.83),
        (V3, 32, 5, 0.86),
    ],
)
def test_the_parameters_are_those_of_the_authors_code(
    code: Code, channels: int, depth: int, millions: float
) -> None:
    document = genotype(code, channels=channels, depth=depth)

    assert round(network_cost(document.architecture).params / 1e6, 2) == millions


class Reference:
    """What the network computes, written out with the functions of torch."""

    def __init__(self, code: Code, weights: dict[str, Tensor]) -> None:
        self.code = code
        self.weights = weights

    def norm(self, x: Tensor, name: str) -> Tensor:
        groups = x.shape[1] // 16 if x.shape[1] % 16 == 0 else 1
        scale, shift = (self.weights[f"{name}.group_norm.{part}"] for part in ("weight", "bias"))
        return F.group_norm(x, groups, scale, shift)

    def excite(self, x: Tensor, name: str) -> Tensor:
        part = {
            k: self.weights[f"{name}.squeeze_excite.{k}"]
            for k in ("squeeze.weight", "squeeze.bias", "excite.weight", "excite.bias")
        }
        hidden = F.linear(x.mean((2, 3)), part["squeeze.weight"], part["squeeze.bias"]).relu()
        gate = F.linear(hidden, part["excite.weight"], part["excite.bias"]).sigmoid()
        return x * gate[:, :, None, None]

    def choice(self, op: str, x: Tensor, name: str) -> Tensor:
        way = op.partition("_")[0]
        if "cweight" in op:
            x = self.excite(x, name)
        if op in {"identity", "cweight"}:
            return x
        dilation = 2 if "dil" in op else 1
        groups = x.shape[1] if "dep" in op else 1
        if way == "up":
            x = F.conv_transpose2d(
                x,
                self.weights[f"{name}.transposed_conv.weight"],
                stride=2,
                padding=dilation,
                output_padding=1,
                groups=groups,
                dilation=dilation,
            )
        else:
            stride = 2 if way == "down" else 1
            x = F.conv2d(
                x,
                self.weights[f"{name}.conv.weight"],
                stride=stride,
                padding=dilation,
                groups=groups,
                dilation=dilation,
            )
        if "dep" in op:
            second = "conv" if way == "up" else "conv_2"
            x = F.conv2d(x, self.weights[f"{name}.{second}.weight"])
        x = self.norm(x, name)
        return x if "cweight" in op else x.relu()

    def cell(self, name: str, sources: tuple[str, str], inputs: tuple[Tensor, Tensor]) -> Tensor:
        down = name.startswith("down")
        states = []
        for index, (source, x) in enumerate(zip(sources, inputs, strict=True)):
            edge = f"{source}_to_{name}_{index}"
            stride = 2 if down and index == 0 else 1
            made = F.conv2d(x.relu(), self.weights[f"{edge}.conv.weight"], stride=stride)
            states.append(self.norm(made, edge))
        choices = self.code.down if down else self.code.up
        for node in range(2, 2 + len(choices) // 2):
            pair = choices[2 * node - 4 : 2 * node - 2]
            states.append(
                sum(
                    (
                        self.choice(op, states[at], f"{name}_{at}_to_{name}_{node}")
                        for op, at in pair
                    ),
                    torch.zeros(()),
                )
            )
        return torch.cat(states[2:], 1)

    def __call__(self, image: Tensor, depth: int) -> Tensor:
        names, maps = [], []
        for level, (stride, padding) in enumerate(((1, 0), (2, 1))):
            edge = f"input_to_stem{level}"
            weight = self.weights[f"{edge}.conv.weight"]
            maps.append(self.norm(F.conv2d(image, weight, stride=stride, padding=padding), edge))
            names.append(f"stem{level}")
        for index in range(1, depth + 1):
            name = f"down{index}"
            maps.append(self.cell(name, (names[-2], names[-1]), (maps[-2], maps[-1])))
            names.append(name)
        below, x = names.pop(), maps.pop()
        for index in range(1, depth + 2):
            name = f"up{index}"
            x = self.cell(name, (names.pop(), below), (maps.pop(), x))
            below = name
        return F.conv2d(x, self.weights[f"{below}_to_output.conv.weight"])


@pytest.mark.parametrize("channels", [16, 20])
@pytest.mark.parametrize("code", [V2, V2_EN, V3], ids=["v2", "v2-en", "v3"])
def test_the_network_computes_what_is_written_out(code: Code, channels: int) -> None:
    network = genotype(code, channels=channels, depth=2).compile().double()
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        parameter.data.add_(torch.randn(parameter.shape, generator=generator), alpha=0.1)
    image = torch.randn(2, 1, 16, 24, dtype=torch.float64, generator=generator)

    with torch.no_grad():
        wanted = Reference(code, network.state_dict())(image, 2)

        assert (network(image) - wanted).abs().max() < 1e-10 * wanted.abs().max()


def test_it_fits_other_widths_and_goes_through_all_passes() -> None:
    narrow = fit(resolve("zoo:nasunet"), widths=(3, 4, 5, 16, 32, 5, 4), out_channels=4)

    verify(network_graph(narrow.architecture, passes=INFERENCE))


def test_a_printed_genotype_is_read(tmp_path: Path) -> None:
    path = tmp_path / "genotype.txt"
    path.write_text(f"NASUNET = {PRINTED}\n")

    assert read_code(path) == V2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has 0 times Genotype"),
        (f"{PRINTED}\n{PRINTED}", "has 2 times Genotype"),
        ("Genotype(", "not the text of a genotype"),
        ("\0", "not the text of a genotype"),
        ("(" * 5000, "not the text of a genotype"),
        ("x" * 70000, "more than the 65536 bytes"),
        ("Genotype(down=[])", "down has 0 choices|up: needs a list"),
        ("Genotype(down=open('x'), up=[])", "down: needs a list of"),
        (PRINTED.replace("('identity', 2)", "3"), r"up\[2\]: needs \('op', index\)"),
        (PRINTED.replace("('identity', 2)", "('identity', True)"), r"up\[2\]: needs"),
        (PRINTED.replace("('identity', 2)", "('none', 2)"), r"up\[2\]: 'none' on state 2; needs i"),
        (PRINTED.replace("('identity', 2)", "('identity', 3)"), r"up\[2\]: reads state 3; there a"),
        (PRINTED.replace("('identity', 2)", "('up_conv', 1)"), r"up\[3\]: reads state 1 as the "),
        (PRINTED.replace("('identity', 0), ", ""), r"up has 5 choices; needs two for each"),
        (PRINTED.replace("'up_conv', 1", "'conv', 1"), r"'conv' on state 1; needs up_cweight"),
    ],
)
def test_what_is_no_genotype_is_told_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "genotype.txt"
    path.write_text(text)

    with pytest.raises(DataError, match=message) as told:
        read_code(path)

    assert str(told.value).startswith(f"{path}: ")
    assert "\n" not in str(told.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.txt: cannot be read: No such file"):
        read_code(tmp_path / "none.txt")


@pytest.mark.parametrize("frame", [{"depth": 1}, {"depth": 10}, {"channels": 0}])
def test_a_frame_that_makes_no_network_is_refused(frame: dict[str, int]) -> None:
    with pytest.raises(DataError, match="nasunet: needs a depth of 2 to 9 and 1 to 4096 channels"):
        genotype(V2, **frame)  # type: ignore[arg-type]  # none of them is the name


def test_every_op_of_the_space_is_known() -> None:
    assert len(SAME) + len(COARSER) + len(FINER) == 6 + 6 + 4  # all of theirs but `none`
