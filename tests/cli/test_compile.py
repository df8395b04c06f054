"""`uxnet compile` as people call it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from uxnet_compiler import dump
from uxnet_compiler.backends.catalogue import TARGETS
from uxnet_compiler.backends.safetensors import read_weights, write_weights
from uxnet_compiler.cli.main import main
from uxnet_compiler.ir import from_text
from uxnet_compiler.passes import TRAINING
from uxnet_compiler.schema import Genotype, SpaceRef
from uxnet_compiler.search.supernet import Supernet
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.zoo import fit, resolve


@pytest.fixture(scope="module")
def genotype() -> Genotype:
    return fit(resolve("zoo:unet"), widths=(4, 4, 8, 8))


@pytest.fixture
def document(genotype: Genotype, tmp_path: Path) -> str:
    dump(genotype, tmp_path / "genotype.json")
    return str(tmp_path / "genotype.json")


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["compile", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_network_is_written_and_summed_up(document: str, tmp_path: Path) -> None:
    out = tmp_path / "network"

    code, stdout, _ = run(document, "--out", str(out), "--size", "32x32x32")

    assert code == 0
    report = json.loads((out / "report.json").read_text())
    assert report["image_size"] == [32, 32, 32]
    for shown in (
        "network.onnx",
        "MACs at 32x32x32",
        "multiples of 8x8x8",
        "fresh, seed 0",
        "exact to",
    ):
        assert shown in " ".join(stdout.split())


def test_json_is_the_report(document: str, tmp_path: Path) -> None:
    out = tmp_path / "network"

    code, stdout, _ = run(document, "--out", str(out), "--json")

    assert code == 0
    assert stdout == (out / "report.json").read_text()


def test_weights_of_a_file_are_taken(document: str, genotype: Genotype, tmp_path: Path) -> None:
    weights = genotype.compile(seed=3).state_dict()
    write_weights(weights, tmp_path / "w.safetensors", genotype_id=genotype.id)

    code, _, _ = run(
        document, "--out", str(tmp_path / "n"), "--weights", str(tmp_path / "w.safetensors"),
    )  # fmt: skip

    assert code == 0
    found = read_weights(tmp_path / "n/weights.safetensors")
    assert all(torch.equal(found[name], weights[name]) for name in weights)


def training_run(genotype: Genotype, folder: Path) -> dict[str, torch.Tensor]:
    weights = genotype.compile(seed=3).state_dict()
    write_weights(weights, folder / "weights.safetensors", genotype_id=genotype.id)
    dump(genotype, folder / "genotype.json")
    (folder / "config.json").write_text("{}")
    return weights


def test_weights_of_a_training_run_are_taken(
    document: str, genotype: Genotype, tmp_path: Path
) -> None:
    weights = training_run(genotype, tmp_path / "run")

    code, _, _ = run(document, "--out", str(tmp_path / "n"), "--from-run", str(tmp_path / "run"))

    assert code == 0
    found = read_weights(tmp_path / "n/weights.safetensors")
    assert all(torch.equal(found[name], weights[name]) for name in weights)


def test_a_run_of_another_architecture_is_refused(
    document: str, genotype: Genotype, tmp_path: Path
) -> None:
    training_run(fit(genotype, out_channels=3), tmp_path / "run")

    code, _, stderr = run(
        document, "--out", str(tmp_path / "n"), "--from-run", str(tmp_path / "run")
    )

    assert code == 1
    assert "run: trained the architecture" in stderr
    assert f"not {genotype.id[:12]}" in stderr


def test_weights_of_a_search_run_are_inherited(tmp_path: Path) -> None:
    family = FAMILIES["uxnet"]
    space = family.space(
        SpaceRef(
            family="uxnet",
            version=1,
            options={"widths": [4, 4], "strides": [[1, 1, 1], [2, 2, 2]]},
        )
    )
    dump(family.sample(space, 4), tmp_path / "g.json")
    supernet = Supernet(space).state_dict()
    search = tmp_path / "search"
    write_weights(supernet, search / "supernet.safetensors", genotype_id="")
    (search / "config.json").write_text("{}")

    code, _, stderr = run(
        str(tmp_path / "g.json"), "--out", str(tmp_path / "n"), "--from-run", str(search),
    )  # fmt: skip

    assert code == 0, stderr
    found = read_weights(tmp_path / "n/weights.safetensors")
    known = {value.numpy().tobytes() for value in supernet.values()}
    assert {value.numpy().tobytes() for value in found.values()} <= known


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--weights", "nowhere.safetensors"], "nowhere.safetensors"),
        (["--from-run", "nowhere"], "nowhere: not a run folder"),
        (["--size", "30x32x32"], "multiple of 8x8x8"),
        (["--target", "onnx,openvio"], "did you mean 'openvino'"),
        (["--passes", "drop-dad"], "did you mean 'drop-dead'"),
        (["--passes", "drop-dead{tau=1}"], "no option is called 'tau'"),
        (["--max-params", "1000"], "parameters, the limit is 1000"),
        (["--max-memory", "0.001"], "of feature maps at 64x64x64, the limit is 0.001 GiB"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    arguments: list[str], said: str, document: str, tmp_path: Path
) -> None:
    code, stdout, stderr = run(document, "--out", str(tmp_path / "n"), *arguments)

    assert (code, stdout) == (1, "")
    assert said in stderr
    assert len(stderr.strip().splitlines()) == 1
    assert not (tmp_path / "n").exists()


def test_weights_that_do_not_fit_are_told_with_their_file(
    document: str, genotype: Genotype, tmp_path: Path
) -> None:
    write_weights({}, tmp_path / "w.safetensors", genotype_id=genotype.id)

    code, _, stderr = run(
        document, "--out", str(tmp_path / "n"), "--weights", str(tmp_path / "w.safetensors"),
    )  # fmt: skip

    assert code == 1
    assert re.fullmatch(r".*/w\.safetensors: \S+ is missing; the network has it\n", stderr)


def test_targets_are_named_with_commas_or_one_by_one(document: str, tmp_path: Path) -> None:
    out = tmp_path / "n"

    code, stdout, stderr = run(
        document, "--out", str(out), "--target", "source, openvino", "--target", "onnx", "--verify"
    )

    assert code == 0, stderr
    assert {path.name for path in out.iterdir()} == {
        "genotype.json",
        "network.bin",
        "network.onnx",
        "network.py",
        "network.xml",
        "report.json",
        "weights.safetensors",
    }
    lines = [line.split() for line in stdout.splitlines() if "exact to" in line]
    assert {"network.py", "network.onnx", "network.xml"} <= {line[1] for line in lines}


@pytest.mark.parametrize("package", ["onnx", "openvino"])
def test_a_missing_package_names_its_extra(
    package: str, document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    code, _, stderr = run(document, "--out", str(tmp_path / "n"), "--target", package)

    assert code == 1
    assert re.fullmatch(rf"target {package}: .*'uxnet-compiler\[{package}\]'\n", stderr)


def test_without_its_packages_onnx_is_left_out_and_said_so(
    document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    code, _, stderr = run(document, "--out", str(tmp_path / "n"))

    assert code == 0
    assert "without network.onnx: target onnx: onnxruntime missing" in stderr
    assert not (tmp_path / "n/network.onnx").exists()
    assert (tmp_path / "n/weights.safetensors").exists()


def test_passes_are_chosen_timed_and_shown(document: str, tmp_path: Path) -> None:
    arguments = ["--target", "torch", "--passes", "drop-dead,fold-single-merge"]

    code, _, stderr = run(
        document, "--out", str(tmp_path / "n"), *arguments, "--time-passes",
        "--print-between-passes",
    )  # fmt: skip

    assert code == 0, stderr
    report = json.loads((tmp_path / "n/report.json").read_text())
    assert report["pipeline"] == "drop-dead,fold-single-merge"
    assert re.search(r"^ +\d+\.\d{3} s  drop-dead: 0 rewrites$", stderr, flags=re.MULTILINE)
    # The first changes nothing, so it is not shown; the second is, as text that can be read.
    parts = re.split(r"^# after (\S+)\n", stderr, flags=re.MULTILINE)
    assert parts[1::2] == ["fold-single-merge"]
    assert "output" in from_text(parts[2].rstrip("\n"))


@pytest.mark.parametrize(("name", "count"), [("none", 0), ("training", len(TRAINING))])
def test_lists_of_passes_have_names(name: str, count: int, document: str, tmp_path: Path) -> None:
    code, _, _ = run(document, "--out", str(tmp_path / "n"), "--target", "torch", "--passes", name)

    assert code == 0
    assert len(json.loads((tmp_path / "n/report.json").read_text())["passes"]) == count


def test_the_help_names_every_target() -> None:
    code, stdout, _ = run("--help")

    assert code == 0
    for name in TARGETS:
        assert name in stdout


def test_two_sources_of_weights_are_a_usage_error(document: str, tmp_path: Path) -> None:
    code, _, stderr = run(
        document, "--out", str(tmp_path / "n"), "--weights", "a", "--from-run", "b"
    )

    assert code == 2
    assert "exclude each other" in stderr
