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
from uxnet_compiler.backends.catalogue import TARGETS
from uxnet_compiler.backends.onnx import OnnxTarget
from uxnet_compiler.backends.safetensors import read_weights
from uxnet_compiler.backends.target import Network, Runner
from uxnet_compiler.errors import BackendError, GraphError, RunError, UnknownNameError
from uxnet_compiler.export import export, files_of, require_affordable
from uxnet_compiler.ir import Graph
from uxnet_compiler.ops import Scale
from uxnet_compiler.passes import INFERENCE, TRAINING, Pass, parse_pipeline, spell_pipeline
from uxnet_compiler.schema import Genotype, SpaceRef
from uxnet_compiler.schema.model import Edge, Node
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.validation import PassRecord

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
    export(genotype, tmp_path / "a", targets=list(TARGETS), verify=True)
    dump(genotype, tmp_path / "genotype.json")
    code = (
        "from pathlib import Path; from uxnet_compiler import load;"
        "from uxnet_compiler.export import export;"
        f"export(load('genotype.json'), Path('b'), targets={list(TARGETS)}, verify=True)"
    )
    # Another order of sets and dictionaries, too.
    other = os.environ | {"PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, env=other, check=True)

    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert set(contents(tmp_path / "a")) == set(files_of(TARGETS.values()))


def test_the_report_tells_what_the_network_is(genotype: Genotype, tmp_path: Path) -> None:
    report = export(genotype, tmp_path / "out", targets=["onnx"], image_size=(16, 16, 16))

    network = genotype.compile()
    assert json.loads((tmp_path / "out/report.json").read_text()) == report.model_dump(mode="json")
    assert report.lowered.params == sum(p.numel() for p in network.parameters())
    assert report.optimised.macs <= report.lowered.macs
    assert report.optimised.peak_bytes <= report.lowered.peak_bytes
    assert (report.id, report.image_size, report.divisor) == (genotype.id, (16, 16, 16), (2, 2, 2))
    assert report.pipeline == spell_pipeline(INFERENCE)
    assert [each.name for each in report.passes] == report.pipeline.split(",")
    assert any(each.rewrites for each in report.passes)
    for each in report.passes:
        assert (each.largest_difference is None) == (each.rewrites == 0)
    assert {"onnx", "onnxruntime", "torch"} <= report.software.keys()
    assert "openvino" not in report.software


def test_onnx_is_always_compared_with_the_document_and_the_others_on_request(
    genotype: Genotype, tmp_path: Path
) -> None:
    plain = export(genotype, tmp_path / "plain", targets=["openvino", "onnx"])
    verified = export(genotype, tmp_path / "verified", targets=list(TARGETS), verify=True)

    assert [name for name, target in plain.targets.items() if target.largest_difference] == ["onnx"]
    assert list(verified.targets) == list(TARGETS)
    for name, target in verified.targets.items():
        assert target.largest_difference is not None, name
        assert 0 < target.largest_difference < 1e-4, name
    assert plain.targets["onnx"] == verified.targets["onnx"]


def test_a_target_that_computes_something_else_is_found_out(
    genotype: Genotype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = OnnxTarget.open

    def lie(self: OnnxTarget, path: Path, network: Network) -> Runner:
        run = honest(self, path, network)
        return lambda image: run(image) * 1.01

    monkeypatch.setattr(OnnxTarget, "open", lie)

    with pytest.raises(BackendError, match="target onnx computes something else") as caught:
        export(genotype, tmp_path / "out", targets=["onnx"])

    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("passes", [TRAINING, ()], ids=["training", "none"])
def test_other_passes_make_the_same_network(
    passes: tuple[Pass, ...], genotype: Genotype, tmp_path: Path
) -> None:
    export(genotype, tmp_path / "usual")

    report = export(genotype, tmp_path / "other", passes=passes, verify=True)

    assert report.pipeline == spell_pipeline(passes)
    assert report.targets["torch"].largest_difference is not None
    for name in ("weights.safetensors", "genotype.json"):
        assert contents(tmp_path / "other")[name] == contents(tmp_path / "usual")[name]


def test_what_an_inexact_pass_changes_is_told_and_not_judged(
    genotype: Genotype, tmp_path: Path
) -> None:
    architecture = genotype.architecture
    gated = genotype.model_copy(
        update={
            "architecture": architecture.model_copy(
                update={"edges": tuple(_gated(edge) for edge in architecture.edges)}
            )
        }
    )

    report = export(gated, tmp_path / "out", passes=parse_pipeline("prune-gates"), verify=True)

    assert report.passes[0].rewrites > 0
    assert report.targets["torch"].largest_difference is not None
    assert report.targets["torch"].largest_difference > 0.01


def _gated(edge: Edge) -> Edge:
    return edge.model_copy(update={"ops": (*edge.ops, Scale(factor=0.5))})


def test_passes_are_told_as_they_come(genotype: Genotype, tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []

    def hear(record: PassRecord, graph: Graph) -> None:
        told.append((record.name, len(graph)))

    export(genotype, tmp_path / "out", on_pass=hear)

    assert [name for name, _ in told] == spell_pipeline(INFERENCE).split(",")
    assert told[0][1] > told[-1][1]


def test_an_unknown_target_is_told_with_the_nearest_name(
    genotype: Genotype, tmp_path: Path
) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'openvino'"):
        export(genotype, tmp_path / "out", targets=["openvio"])


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ((100, None), r"\d+ parameters, the limit is 100"),
        ((None, 2**20), r"GiB of feature maps at 64x64x64, the limit is 0.000977 GiB"),
    ],
)
def test_what_is_too_large_is_refused(
    limits: tuple[int | None, int | None], said: str, genotype: Genotype
) -> None:
    require_affordable(genotype)
    require_affordable(genotype, max_params=10**9, max_bytes=2**40)

    with pytest.raises(BackendError, match=said) as caught:
        require_affordable(genotype, max_params=limits[0], max_bytes=limits[1])

    assert "\n" not in str(caught.value)


def test_what_no_memory_holds_is_refused_before_anything_is_allocated(
    genotype: Genotype, tmp_path: Path
) -> None:
    architecture = genotype.architecture.model_copy(update={"widths": (60000, 60000)})
    wide = genotype.model_copy(update={"architecture": architecture})

    with pytest.raises(
        RunError, match=r"^uxnet-random-4: needs \d+\.\d GiB, and this machine has"
    ) as e:
        export(wide, tmp_path / "out")

    assert str(e.value).endswith("; compile it on a machine with more memory")
    assert list(tmp_path.iterdir()) == []


def test_memory_that_runs_out_is_told_in_one_line(
    genotype: Genotype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_options: object) -> None:
        torch.empty(2**60)

    monkeypatch.setattr("uxnet_compiler.export.optimise", full)
    with pytest.raises(
        RunError, match=r"^uxnet-random-4: out of memory; compile it on a machine with"
    ):
        export(genotype, tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


def test_no_file_holds_a_path_or_a_date(genotype: Genotype, tmp_path: Path) -> None:
    export(genotype, tmp_path / "out", targets=list(TARGETS))

    # What a .pt2 may say is tested where it is written.
    for name in ("genotype.json", "report.json", "network.py", "network.xml", "network.onnx"):
        content = (tmp_path / "out" / name).read_bytes()
        assert str(tmp_path).encode() not in content, name
        assert not re.search(rb"\b20\d\d-\d\d-\d\d", content), name


def test_given_weights_are_the_ones_that_are_written(genotype: Genotype, tmp_path: Path) -> None:
    weights = genotype.compile(seed=5).state_dict()

    export(genotype, tmp_path / "out", weights=weights)

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

    export(more, tmp_path / "out")

    found = load(tmp_path / "out/genotype.json")
    assert "stray" not in {node.id for node in found.architecture.nodes}
    assert found.id == genotype.id


def test_an_earlier_export_is_replaced_and_anything_else_is_kept(
    genotype: Genotype, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    export(genotype, out)
    first = contents(out)
    export(genotype, out, seed=1)
    assert contents(out) != first

    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(BackendError, match=r"holds 'thesis.tex'.*choose a new folder"):
        export(genotype, out)
    assert (out / "thesis.tex").exists()


def test_a_failure_leaves_nothing_behind(genotype: Genotype, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="missing"):
        export(genotype, tmp_path / "a", weights={})
    with pytest.raises(GraphError, match="multiple of 2x2x2"):
        export(genotype, tmp_path / "b", image_size=(15, 16, 16))

    assert list(tmp_path.iterdir()) == []
