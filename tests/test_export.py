"""A genotype as a folder that others can run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from uxnet_compiler import dump, load
from uxnet_compiler.backends.safetensors import read_weights
from uxnet_compiler.errors import BackendError, GraphError
from uxnet_compiler.export import FILES, export
from uxnet_compiler.passes import TRAINING
from uxnet_compiler.schema import Genotype, SpaceRef
from uxnet_compiler.schema.model import Node
from uxnet_compiler.spaces import FAMILIES

OPTIONS = {"widths": [4, 8], "strides": [[1, 1, 1], [2, 2, 2]]}


@pytest.fixture
def genotype() -> Genotype:
    family = FAMILIES["uxnet"]
    return family.sample(family.space(SpaceRef(family="uxnet", version=1, options=OPTIONS)), 4)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_genotype_gives_the_same_bytes_in_another_process(
    genotype: Genotype, tmp_path: Path
) -> None:
    export(genotype, tmp_path / "a")
    dump(genotype, tmp_path / "genotype.json")
    code = (
        "from pathlib import Path; from uxnet_compiler import load;"
        "from uxnet_compiler.export import export; export(load('genotype.json'), Path('b'))"
    )
    # Another order of sets and dictionaries, too.
    other = os.environ | {"PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, env=other, check=True)

    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert set(contents(tmp_path / "a")) == set(FILES)


def test_the_report_tells_what_the_network_is(genotype: Genotype, tmp_path: Path) -> None:
    report = export(genotype, tmp_path / "out", image_size=(16, 16, 16))

    network = genotype.compile()
    assert json.loads((tmp_path / "out/report.json").read_text()) == report.model_dump(mode="json")
    assert report.params == sum(p.numel() for p in network.parameters())
    assert (report.id, report.image_size, report.divisor) == (genotype.id, (16, 16, 16), (2, 2, 2))
    assert list(report.passes) == [each.name for each in TRAINING]
    assert report.onnx_difference is not None
    assert 0 < report.onnx_difference < 1e-4
    assert "onnxruntime" in report.software


def test_no_file_holds_a_path_or_a_date(genotype: Genotype, tmp_path: Path) -> None:
    export(genotype, tmp_path / "out")

    for name in ("genotype.json", "report.json"):
        text = (tmp_path / "out" / name).read_text()
        assert str(tmp_path) not in text
        assert not re.search(r"\d{4}-\d\d-\d\d", text)


def test_given_weights_are_the_ones_that_are_written(genotype: Genotype, tmp_path: Path) -> None:
    weights = genotype.compile(seed=5).state_dict()

    export(genotype, tmp_path / "out", weights=weights, onnx=False)

    found = read_weights(tmp_path / "out/weights.safetensors", genotype_id=genotype.id)
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], weights[name]) for name in found)


def test_dead_nodes_are_left_out_of_the_document(genotype: Genotype, tmp_path: Path) -> None:
    architecture = genotype.architecture
    stray = Node(id="stray", stage=0, level=0)
    more = genotype.model_copy(
        update={
            "architecture": architecture.model_copy(update={"nodes": (*architecture.nodes, stray)})
        }
    )

    export(more, tmp_path / "out", onnx=False)

    found = load(tmp_path / "out/genotype.json")
    assert "stray" not in {node.id for node in found.architecture.nodes}
    assert found.id == genotype.id


def test_without_onnx_nothing_speaks_of_it(genotype: Genotype, tmp_path: Path) -> None:
    report = export(genotype, tmp_path / "out", onnx=False)

    assert not (tmp_path / "out/network.onnx").exists()
    assert report.onnx_difference is None
    assert not any("onnx" in name for name in report.software)


def test_an_earlier_export_is_replaced_and_anything_else_is_kept(
    genotype: Genotype, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    export(genotype, out, onnx=False)
    first = contents(out)
    export(genotype, out, onnx=False, seed=1)
    assert contents(out) != first

    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(BackendError, match=r"holds 'thesis.tex'.*choose a new folder"):
        export(genotype, out, onnx=False)
    assert (out / "thesis.tex").exists()


def test_a_failure_leaves_nothing_behind(genotype: Genotype, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="missing"):
        export(genotype, tmp_path / "a", weights={}, onnx=False)
    with pytest.raises(GraphError, match="multiple of 2x2x2"):
        export(genotype, tmp_path / "b", image_size=(15, 16, 16))

    assert list(tmp_path.iterdir()) == []
