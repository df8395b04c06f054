"""`uxnet train` as people call it."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from uxnet_compiler import dump
from uxnet_compiler.cli.main import main
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.zoo import fit, resolve


@pytest.fixture
def document(tmp_path: Path) -> str:
    strides = ((1, 1, 1), (2, 2, 2))
    unet = fit(resolve("zoo:unet"), in_channels=1, out_channels=5, widths=(4, 8), strides=strides)
    dump(unet, tmp_path / "genotype.json")
    return str(tmp_path / "genotype.json")


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["train", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_network_is_trained_and_summed_up(
    document: str, phantom_set: Path, tmp_path: Path
) -> None:
    out = str(tmp_path / "run")

    code, stdout, stderr = run(
        document, str(phantom_set), "--out", out, "--steps", "2", "--folds", "3", "--device", "cpu"
    )  # fmt: skip

    assert code == 0
    assert stdout.startswith(f"{out}: 2 steps in ")
    assert "held-out Dice 0." in stdout
    assert stderr.splitlines() == ["measuring the data", "loading the data", "training"]


def test_json_is_the_summary(document: str, phantom_set: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"

    code, stdout, _ = run(document, str(phantom_set), "--out", str(out), "--steps", "1", "--json")

    assert code == 0
    assert json.loads(stdout) == json.loads((out / "summary.json").read_text())


def test_every_field_of_the_configuration_is_an_option() -> None:
    code, stdout, _ = run("--help")

    assert code == 0
    for name in TrainConfig.model_fields:
        assert f"--{name.replace('_', '-')} " in stdout


def test_the_printed_configuration_can_be_given_back(tmp_path: Path) -> None:
    code, printed, _ = run("--print-config", "--minutes", "3", "--no-augment", "--lr", "0.5")
    (tmp_path / "c.yaml").write_text(printed)

    again = run("--config", str(tmp_path / "c.yaml"), "--print-config")
    changed = run("--config", str(tmp_path / "c.yaml"), "--lr", "0.25", "--print-config")

    assert code == 0
    assert yaml.safe_load(printed)["augment"] is False
    assert again == (0, printed, "")
    assert yaml.safe_load(changed[1]) == yaml.safe_load(printed) | {"lr": 0.25}


def test_a_stopped_run_says_how_to_go_on_and_does(
    document: str, phantom_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from uxnet_compiler.cli.progress import Display

    def press(self: Display, done: float, **values: float) -> None:  # noqa: ARG001
        if values.get("step") == 1:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Display, "tick", press)
    command = (document, str(phantom_set), "--out", str(tmp_path / "run"), "--steps", "2")

    stopped = run(*command)
    resumed = run(*command, "--resume")

    assert stopped[0] == 130
    assert "--resume goes on" in stopped[2]
    assert resumed[0] == 0
    assert ": 2 steps in " in resumed[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--steps", "0"], "configuration: steps: Input should be greater than or equal to 1"),
        (["--fold", "1"], "fold: needs folds"),
        (["--device", "abacus"], "device 'abacus': not a device"),
        (["--folds", "7"], "/phantom: 7 folds of 6 cases; 2 to 6 folds are right"),
    ],
)
def test_a_wrong_option_is_one_line(
    document: str, phantom_set: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    code, stdout, stderr = run(
        document, str(phantom_set), "--out", str(tmp_path / "run"), *arguments
    )

    assert (code, stdout) == (1, "")
    assert message in stderr
    assert len(stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_a_folder_in_use_is_one_line(document: str, phantom_set: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("precious")

    code, _, stderr = run(document, str(phantom_set), "--out", str(tmp_path / "mine"))

    assert code == 1
    assert "the folder is not empty" in stderr


def test_missing_arguments_are_a_usage_error(document: str) -> None:
    code, _, stderr = run(document)

    assert code == 2
    assert "GENOTYPE, DATA and --out are needed" in stderr
