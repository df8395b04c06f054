"""`uxnet doctor` as people call it."""

from __future__ import annotations

import math

import pytest
from click.testing import CliRunner

from uxnet_compiler.cli.main import main
from uxnet_compiler.machine import doctor, speed, traps
from uxnet_compiler.machine.doctor import Diagnosis
from uxnet_compiler.machine.traps import MODES, TRAPS, Outcome


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traps, "TRAPS", TRAPS[:1])
    monkeypatch.setattr(speed, "SIDE", 4)
    monkeypatch.setattr(speed, "REPEATS", 1)


def run(*arguments: str) -> tuple[int, str, str]:
    runner = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"})
    result = runner.invoke(main, ["doctor", "--device", "cpu", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_sound_machine_gets_a_clean_bill() -> None:
    code, stdout, _ = run()

    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    assert code == 0
    assert "traps of 3-D convolutions" in lines
    assert any(line.startswith("ok torch 2.") for line in lines)
    assert any(line.startswith("bfloat16 last ") for line in lines)
    assert any(TRAPS[0].name in line for line in lines)
    assert lines[-1] == "nothing gives wrong numbers with the settings in force"


def test_wrong_numbers_are_told_and_make_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {mode: Outcome(math.nan) for mode in MODES}
    monkeypatch.setattr(doctor, "step_on_traps", lambda _: iter([(TRAPS[0], wrong)]))

    code, stdout, _ = run()

    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    assert code == 1
    assert f"wrong {TRAPS[0].name} float32 gives NaN" in lines
    assert "-> take another version of torch" in lines
    assert lines[-1] == "something gives wrong numbers with the settings in force"

    code, stdout, _ = run("--json")
    assert (code, Diagnosis.model_validate_json(stdout).healthy) == (1, False)


def test_json_is_the_diagnosis() -> None:
    code, stdout, _ = run("--json")

    found = Diagnosis.model_validate_json(stdout)
    assert (code, found.healthy, found.device) == (0, True, "cpu")
    assert "torch" in {check.name for check in found.checks}


def test_an_unknown_device_is_one_line() -> None:
    code, stdout, stderr = run("--device", "tpu")

    assert (code, stdout) == (1, "")
    assert stderr.startswith("device 'tpu': not a device; ")
    assert stderr.count("\n") == 1
