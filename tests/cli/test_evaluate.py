"""`uxnet evaluate` as people call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from uxnet_compiler.cli.main import main
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.train import train
from uxnet_compiler.zoo import fit, resolve


@pytest.fixture(scope="module")
def trained(phantom_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    strides = ((1, 1, 1), (2, 2, 2))
    unet = fit(resolve("zoo:unet"), in_channels=1, out_channels=5, widths=(4, 8), strides=strides)
    out = tmp_path_factory.mktemp("runs") / "run"
    train(unet, phantom_set, out, TrainConfig(steps=1, folds=6, device="cpu"))
    return out


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["evaluate", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_table_has_a_line_a_label_and_the_worst_cases(trained: Path, phantom_set: Path) -> None:
    code, stdout, stderr = run(str(trained), str(phantom_set))

    assert code == 0
    for shown in ("1 held-out cases", "organ", "core", "vessel", "lesion", "mean", "worst cases"):
        assert shown in stdout
    assert str(trained / "evaluation") in stderr.replace("\n", "")


def test_json_is_the_summary(trained: Path, phantom_set: Path) -> None:
    code, stdout, _ = run(
        str(trained), str(phantom_set), "--cases", "phantom_002", "--tolerance", "2", "--json"
    )

    assert code == 0
    summary = json.loads(stdout)
    kept = json.loads((trained / "evaluation" / "scores.json").read_text())
    assert summary == kept["summary"]
    assert (summary["num_cases"], summary["tolerance_mm"]) == (1, 2.0)


def test_another_runtime_and_folder(trained: Path, phantom_set: Path, tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    out = tmp_path / "scores"

    code, stdout, stderr = run(
        *(str(trained), str(phantom_set), "--runtime", "openvino", "--out", str(out), "--json")
    )

    assert code == 0, stderr
    kept = json.loads((out / "scores.json").read_text())
    assert json.loads(stdout) == kept["summary"]
    assert kept["summary"]["runtime"].startswith("openvino ")
    assert "\nruntime openvino " in f"\n{stderr}"
    assert (out / "cases.csv").exists()


def test_what_cannot_be_evaluated_is_one_line(
    trained: Path, phantom_set: Path, tmp_path: Path
) -> None:
    for arguments, message in (
        ((str(tmp_path), str(phantom_set)), "not a run folder"),
        ((str(trained), str(tmp_path)), "no data set"),
        ((str(trained), str(phantom_set), "--cases", "nobody"), "has no case 'nobody'"),
    ):
        code, stdout, stderr = run(*arguments)

        assert (code, stdout) == (1, "")
        assert message in stderr
        assert len(stderr.splitlines()) == 1
