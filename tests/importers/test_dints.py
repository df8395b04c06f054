"""The document of a DiNTS code is the network that MONAI builds of it."""

from __future__ import annotations

import contextlib
import dataclasses
import io
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.networks.nets.dints import DiNTS, TopologyInstance

from uxnet_compiler.compiler import network_cost, network_graph
from uxnet_compiler.errors import DataError
from uxnet_compiler.importers import dints
from uxnet_compiler.importers.dints import Code, genotype, read_code, stored_names, stored_weights
from uxnet_compiler.ir import verify
from uxnet_compiler.ops import Conv
from uxnet_compiler.passes import INFERENCE
from uxnet_compiler.schema import Edge, Genotype, Node, dumps, loads
from uxnet_compiler.zoo import fit, resolve

SMALL = Code(
    # The coarsest stem is read by nobody; the last block leaves the middle level out.
    node_a=((1, 1, 1), (1, 1, 1), (1, 1, 1), (1, 0, 1)),
    arch_code_a=((1, 1, 1, 1, 0, 1, 0), (1, 1, 0, 1, 1, 1, 1), (1, 1, 0, 0, 0, 1, 1)),
    arch_code_c=((0, 1, 2, 3, 4, 0, 0), (4, 3, 0, 2, 1, 0, 1), (2, 0, 0, 0, 0, 1, 0)),
)
FLAT = dataclasses.replace(
    SMALL, arch_code_c=tuple(tuple(op % 2 for op in row) for row in SMALL.arch_code_c)
)


def by_monai(code: Code, channel_mul: float, dims: int = 3, **options: Any) -> DiNTS:
    torch.manual_seed(0)
    with contextlib.redirect_stdout(io.StringIO()):  # it says the time
        space = TopologyInstance(
            arch_code=[np.array(code.arch_code_a), np.array(code.arch_code_c)],
            channel_mul=channel_mul,
            num_blocks=code.blocks,
            num_depths=code.depths,
            spatial_dims=dims,
        )
    return DiNTS(space, spatial_dims=dims, node_a=np.array(code.node_a), **options).eval()


def disturb(network: torch.nn.Module) -> None:
    """Make norms, too, differ from the identity, or their names would not matter."""
    generator = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        parameter.data.add_(torch.randn(parameter.shape, generator=generator), alpha=0.05)


def difference(code: Code, document: Genotype, theirs: DiNTS, size: tuple[int, ...]) -> float:
    """Return the largest difference, relative to the largest logit, in double precision."""
    weights = stored_weights(code, theirs.state_dict())
    ours = document.compile(weights=weights).double().eval()
    channels = document.architecture.in_channels
    image = torch.randn(
        1, channels, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(2)
    )
    with torch.no_grad():
        wanted = theirs.double()(image)
        return float((ours(image) - wanted).abs().max() / wanted.abs().max())


@pytest.fixture(scope="session")
def published(shared_data: Path) -> Code:
    path = shared_data / "dints" / "arch_code_cvpr.pth"
    if not path.exists():
        pytest.skip("needs dints/arch_code_cvpr.pth in the folder that UXNET_TEST_DATA names")
    return read_code(path)


def test_the_published_code_is_read(published: Code) -> None:
    cells = list(published.cells())

    assert (published.blocks, published.depths) == (12, 4)
    assert len(cells) == 97
    assert [sum(c.target == c.source + step for c in cells) for step in (0, -1, 1)] == [41, 22, 34]
    assert [sum(c.op == op for c in cells) for op in range(5)] == [24, 33, 14, 12, 14]


def test_the_zoo_has_the_document_of_the_published_code(published: Code) -> None:
    made = genotype(published)

    bundled = resolve("zoo:dints")

    assert bundled.architecture == made.architecture
    assert bundled.id == made.id


@pytest.mark.parametrize(
    ("channel_mul", "params", "all_params"), [(1.0, 148.814, 152.361), (0.5, 37.222, 38.110)]
)
def test_the_costs_are_the_published_ones_but_for_the_unused_stem(
    channel_mul: float, params: float, all_params: float
) -> None:
    widths = tuple(int(32 * 2**level * channel_mul) for level in range(5))
    cost = network_cost(fit(resolve("zoo:dints"), widths=widths).architecture, (96, 96, 96))
    # MONAI builds, runs and counts the coarsest stem, too, and multiplies its result by 0: two
    # convolutions with their norms, at 1/8 and at 1/16 of the image.
    *_, given, made = widths
    stem = 27 * given + 2 * given + 27 * given * made + 2 * made
    stem_macs = 12**3 * 27 * given + 6**3 * 27 * given * made

    assert cost.params / 1e6 == pytest.approx(params, abs=1e-3)
    assert (cost.params + stem) / 1e6 == pytest.approx(all_params, abs=1e-3)
    if channel_mul == 1.0:
        assert (cost.macs + stem_macs) / 1e9 == pytest.approx(334.4, abs=0.05)


def test_the_published_network_computes_what_monai_computes(published: Code) -> None:
    document = genotype(published, channel_mul=0.125, in_channels=2, out_channels=4)
    theirs = by_monai(published, 0.125, in_channels=2, num_classes=4)
    disturb(theirs)

    assert difference(published, document, theirs, (32, 32, 32)) < 1e-10
    assert difference(published, document, theirs, (48, 32, 32)) < 1e-10


@pytest.mark.parametrize("dims", [2, 3])
def test_a_small_network_computes_what_monai_computes(dims: int) -> None:
    code = FLAT if dims == 2 else SMALL
    document = genotype(code, channel_mul=0.25, spatial_dims=dims)
    theirs = by_monai(code, 0.25, dims, in_channels=1, num_classes=3)
    disturb(theirs)

    assert difference(code, document, theirs, (16,) * dims) < 1e-10
    assert difference(code, document, theirs, (32, 16, 24)[:dims]) < 1e-10


def test_the_parameters_are_monais_but_for_stems_that_nobody_reads() -> None:
    theirs = by_monai(SMALL, 0.25, in_channels=1, num_classes=3)
    names = stored_names(SMALL)

    dropped = {name for name, _ in theirs.named_parameters()} - set(names.values())

    assert {name.partition(".mod")[0] for name in dropped} == {"stem_down.2"}
    assert len(set(names.values())) == len(names)


def test_odd_widths_are_halved_as_monai_halves_them() -> None:
    code = dataclasses.replace(SMALL)
    theirs = by_monai(code, 0.1, in_channels=1, num_classes=3)  # 3, 6, 12 and 25 channels
    document = genotype(code, channel_mul=0.1)

    assert document.architecture.widths == (3, 6, 12, 25)
    assert difference(code, document, theirs, (16, 16, 16)) < 1e-10


def test_other_widths_fit_that_double_nowhere() -> None:
    document = fit(resolve("zoo:dints"), widths=(4, 5, 7, 9, 9), in_channels=2, out_channels=2)

    verify(network_graph(document.architecture))


def test_no_width_is_written_as_a_number() -> None:
    architecture = resolve("zoo:dints").architecture
    parts: list[Node | Edge] = [*architecture.nodes, *architecture.edges]
    ops = [op for part in parts for op in part.ops]

    assert not [op for op in ops if isinstance(op, Conv) and isinstance(op.channels, int)]
    assert not [node for node in architecture.nodes if node.width]


def test_all_passes_run_and_share_the_activations_of_cells() -> None:
    architecture = resolve("zoo:dints").architecture

    plain, quick = network_graph(architecture, passes=()), network_graph(architecture)

    assert len(network_graph(architecture, passes=INFERENCE)) <= len(quick) < len(plain)


def test_the_document_is_the_same_after_a_round_trip() -> None:
    made = genotype(SMALL, name="mine")

    assert loads(dumps(made)) == made


def saved(path: Path, **arrays: Any) -> Path:
    torch.save(arrays, path)
    return path


def as_arrays(code: Code) -> dict[str, np.ndarray]:
    return {name: np.array(rows) for name, rows in dataclasses.asdict(code).items()}


def test_the_older_names_are_read_too(tmp_path: Path) -> None:
    arrays = as_arrays(SMALL)
    path = saved(
        tmp_path / "code.pth",
        node_a=arrays["node_a"],
        code_a=arrays["arch_code_a"].astype(float),
        code_c=arrays["arch_code_c"],
        code_a_max=arrays["arch_code_a"],
        iter_num=20000,
        best_dsc=0.5,
    )

    assert read_code(path) == SMALL


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"node_a": None}, r"no array node_a; a DiNTS code has one"),
        ({"arch_code_c": None}, r"no array arch_code_c or code_c"),
        ({"arch_code_a": np.ones((3, 6))}, r"arch_code_a is 3x6; 3 blocks and 3 levels need 3x7"),
        ({"arch_code_c": np.ones((3, 7, 5))}, r"arch_code_c is 3x7x5; needs two axes"),
        ({"arch_code_c": np.full((3, 7), 5)}, r"arch_code_c holds other numbers than 0 to 4"),
        ({"arch_code_a": np.full((3, 7), 0.5)}, r"arch_code_a holds other numbers than 0 to 4"),
        ({"arch_code_a": np.full((3, 7), np.nan)}, r"arch_code_a holds other numbers"),
        ({"arch_code_a": np.full((3, 7), 2)}, r"arch_code_a holds other numbers than 0 and 1"),
        ({"node_a": np.zeros((4, 3))}, r"arch_code_a\[0\]\[0\] reads level 0 of block 0, which no"),
        ({"arch_code_a": np.zeros((3, 7))}, r"arch_code_a: no edge reaches the last block"),
        ({"node_a": np.zeros((0, 3))}, r"node_a is 0x3; needs two axes"),
    ],
)
def test_a_code_that_makes_no_network_is_told(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    arrays = {k: v for k, v in (as_arrays(SMALL) | changes).items() if v is not None}

    with pytest.raises(DataError, match=message) as told:
        read_code(saved(tmp_path / "code.pth", **arrays))

    assert str(told.value).startswith(f"{tmp_path / 'code.pth'}: ")


def test_ops_of_three_axes_are_refused_in_two() -> None:
    with pytest.raises(DataError, match=r"flat: op 4 of a cell is for 3-D images; 2-D has 0 and 1"):
        genotype(SMALL, spatial_dims=2, name="flat")


@pytest.mark.parametrize("channel_mul", [0.03, 1e5, -1.0])
def test_a_multiplier_that_makes_no_width_is_refused(channel_mul: float) -> None:
    with pytest.raises(DataError, match=r"dints: channel_mul .* makes levels of .*; 2 to 65536"):
        genotype(SMALL, channel_mul=channel_mul)


def test_a_missing_tensor_is_told() -> None:
    state = dict.fromkeys(stored_names(SMALL).values(), torch.zeros(1))
    del state["stem_finals.1.bias"]

    with pytest.raises(DataError, match=r"mine.pt: stem_finals.1.bias is missing; a DiNTS"):
        stored_weights(SMALL, state, source="mine.pt")


def test_the_document_ships() -> None:
    assert (Path(str(files("uxnet_compiler.genotypes"))) / "dints" / "dints.json").stat().st_size
    assert dints.PAPER in resolve("zoo:dints").provenance.paper
