"""Traps: every mode that jobs use is right; a process that dies is a finding, not an end."""

from __future__ import annotations

import json
import math
import sys

import pytest
import torch

from uxnet_compiler.machine import traps
from uxnet_compiler.machine.guard import is_unsafe
from uxnet_compiler.machine.selftest import TOLERANCE
from uxnet_compiler.machine.traps import MODES, TRAPS, Mode, Outcome, Trap, step_on_traps

SAFE: tuple[Mode, ...] = ("float32", "guarded")


@pytest.mark.parametrize("mode", SAFE)
@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_what_jobs_compute_is_right_on_every_trap(trap: Trap, mode: Mode) -> None:
    error = traps.error_of(trap, torch.device("cpu"), mode)

    assert Outcome(error).is_right(mode)
    assert error > 0  # it is no comparison of a thing with itself


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_the_guard_knows_every_trap(trap: Trap) -> None:
    assert is_unsafe((trap.kernel,) * 3, trap.size)


def test_bfloat16_is_tried_for_real() -> None:
    large = Trap("no trap", 3, (8, 8, 8))

    error = traps.error_of(large, torch.device("cpu"), "bfloat16")

    assert 1e-4 < error < TOLERANCE


def test_traps_are_stepped_on_in_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traps, "TRAPS", TRAPS[:1])

    ((trap, outcomes),) = step_on_traps("cpu")

    assert trap is TRAPS[0]
    assert set(outcomes) == set(MODES)
    for mode in SAFE:
        assert outcomes[mode].error == pytest.approx(
            traps.error_of(trap, torch.device("cpu"), mode), rel=1e-3
        )


def test_a_process_that_dies_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    found = dict(step_on_traps("cpu"))

    assert set(found) == set(TRAPS)
    for outcomes in found.values():
        for mode, outcome in outcomes.items():
            assert outcome.died
            assert not outcome.is_right(mode)


def test_each_job_is_told_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    traps.main("cpu", "0:float32", "5:guarded")

    lines = capsys.readouterr().out.splitlines()
    assert [0 < json.loads(line) < TOLERANCE for line in lines] == [True, True]


def test_what_is_not_finite_is_not_right() -> None:
    assert not Outcome(math.nan).is_right("bfloat16")
    assert not Outcome(math.inf).is_right("float32")
    assert Outcome(0.0).is_right("float32")
