"""Exported programs compute the same, say what they are, and tell nothing else."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from graphs import graphs
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import images, logits, narrow, network_of, network_of_graph
from strategies import genotypes
from torch import Tensor

from uxnet_compiler.backends.exported import METADATA, ExportedTarget
from uxnet_compiler.backends.target import Network
from uxnet_compiler.errors import BackendError
from uxnet_compiler.ir import Graph
from uxnet_compiler.passes import INFERENCE, TRAINING, Pass
from uxnet_compiler.schema import Genotype
from uxnet_compiler.spaces.uxnet.known import KNOWN
from uxnet_compiler.zoo import zoo

TARGET = ExportedTarget()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Network, Path]:
    network = network_of(narrow("unet", 3))
    path = tmp_path_factory.mktemp("exported") / TARGET.file
    TARGET.write(network, path)
    return network, path


def assert_same(network: Network, path: Path) -> None:
    TARGET.write(network, path)
    run = TARGET.open(path, network)
    for image in images(network):
        expected = logits(network, image)
        # The same kernels in the same order.
        limit = 1e-5 * float(expected.abs().max() + 1)
        torch.testing.assert_close(run(image), expected, rtol=0, atol=limit)


@pytest.mark.parametrize("name", zoo())
def test_genotypes_of_the_zoo_are_written_as_what_they_compute(name: str, tmp_path: Path) -> None:
    network = network_of(narrow(name, levels=3 if name in KNOWN else None))

    assert_same(network, tmp_path / TARGET.file)


@settings(max_examples=5)
@given(
    genotype=genotypes(max_levels=3),
    passes=st.sampled_from((TRAINING, INFERENCE)),
    deep=st.booleans(),
)
def test_any_genotype_is(
    genotype: Genotype,
    passes: Sequence[Pass],
    deep: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    network = network_of(genotype, passes, deep_supervision=deep)

    assert_same(network, tmp_path_factory.mktemp("any") / TARGET.file)


@settings(max_examples=5)
@given(graph=graphs())
def test_any_graph_of_any_ops_is(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert_same(network_of_graph(graph), tmp_path_factory.mktemp("any") / TARGET.file)


def test_an_image_of_one_voxel_at_the_deepest_level_of_some_axes_will_do(
    written: tuple[Network, Path],
) -> None:
    network, path = written
    image = torch.ones(1, network.in_channels, 4, 4, 8)

    torch.testing.assert_close(TARGET.open(path, network)(image), logits(network, image))


def texts(path: Path) -> bytes:
    """Return everything in the archive but the numbers of the weights."""
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if "/weights/weight_" not in n]
        return b"\n".join([*map(str.encode, names), *map(archive.read, names)])


def test_nothing_of_the_machine_is_left_in_the_file(written: tuple[Network, Path]) -> None:
    found = texts(written[1])

    # Names are in the file as plain bytes, so a search for text can find what is there.
    assert b"input_to_n0_0.conv.weight" in found
    traces = [b".py", b"stack_trace", b"site-packages", b"File ", str(Path.home()).encode() + b"/"]
    traces += [os.fsencode(Path.cwd()), sys.prefix.encode(), b"\\u002f", b'"/']
    for trace in traces:
        assert trace not in found, trace
    assert getpass.getuser().encode() not in found.replace(b"/", b" ").split()
    with zipfile.ZipFile(written[1]) as archive:
        assert {entry.date_time[:3] for entry in archive.infolist()} == {(1980, 1, 1)}
        assert archive.namelist() == sorted(archive.namelist())


def test_it_says_what_it_is(written: tuple[Network, Path]) -> None:
    network, path = written
    extra = {METADATA: ""}

    torch.export.load(path, extra_files=extra)

    assert json.loads(extra[METADATA]) == {
        "uxnet.divisor": "4x4x4",
        "uxnet.genotype": network.genotype_id,
        "uxnet.in_channels": "1",
        "uxnet.out_channels": "3",
    }


WRITE = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from networks import narrow, network_of
from uxnet_compiler.backends.exported import ExportedTarget
ExportedTarget().write(network_of(narrow("unet", 3)), Path(sys.argv[2]))
"""


def test_the_same_network_gives_the_same_bytes_here_and_elsewhere(
    written: tuple[Network, Path], tmp_path: Path
) -> None:
    network, path = written
    here, there = tmp_path / "here.pt2", tmp_path / "there.pt2"
    tests = str(Path(__file__).resolve().parent.parent)

    TARGET.write(network, here)
    subprocess.run(
        [sys.executable, "-c", WRITE, tests, str(there)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONHASHSEED": "7", "USER": "somebody", "LOGNAME": "somebody"},
        check=True,
    )

    assert here.read_bytes() == path.read_bytes()
    assert there.read_bytes() == path.read_bytes()


def test_a_file_that_cannot_be_run_is_one_line(
    written: tuple[Network, Path], tmp_path: Path
) -> None:
    network, path = written
    text = tmp_path / "text.pt2"
    text.write_text("no archive")
    cut = tmp_path / "cut.pt2"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(cut, "w") as target:
        for name in source.namelist():
            if "model.json" not in name:
                target.writestr(name, source.read(name))
    other = replace(network, genotype_id="f" * 64)

    for bad, asked, message in (
        (tmp_path / "missing.pt2", network, "cannot be read: No such file"),
        (text, network, r"is no \.pt2 file that was written here"),
        (path, other, f"is of the architecture {network.genotype_id[:12]}, not of ffffffffffff"),
        (cut, network, "torch cannot load it"),
    ):
        with pytest.raises(BackendError, match=message) as caught:
            TARGET.open(bad, asked)
        assert "\n" not in str(caught.value)


def test_several_results_are_kept_and_the_main_one_is_run(tmp_path: Path) -> None:
    network = network_of(narrow("unet", 3), TRAINING, deep_supervision=True)

    assert_same(network, tmp_path / TARGET.file)

    module = torch.export.load(tmp_path / TARGET.file).module()
    image = next(images(network))
    with torch.inference_mode():
        found: tuple[Tensor, ...] = module(image)
    assert [tuple(r.shape[2:]) for r in found] == [(16, 8, 8), (8, 4, 4)]
