"""The doctor's judgement: wrong numbers alone make a machine ill."""

from __future__ import annotations

import math

import pytest

from uxnet_compiler.errors import RunError
from uxnet_compiler.machine import doctor, selftest, speed, traps
from uxnet_compiler.machine.checkup import Check
from uxnet_compiler.machine.doctor import choices, diagnose, examine, is_healthy, judge
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.machine.speed import Speed
from uxnet_compiler.machine.traps import TRAPS, Mode, Outcome

PLAIN = Precision("float32", False, "bfloat16 is right but not faster")
BRAIN = Precision("bfloat16", True, "bfloat16 is right and 2.0 x faster")
FINE, NAN, DEAD = Outcome(1e-4), Outcome(math.nan), Outcome(math.nan, died=True)


def outcomes(float32: Outcome, bfloat16: Outcome, guarded: Outcome) -> dict[Mode, Outcome]:
    return {"float32": float32, "bfloat16": bfloat16, "guarded": guarded}


@pytest.mark.parametrize(
    ("found", "precision", "status", "text"),
    [
        (outcomes(FINE, FINE, FINE), BRAIN, "ok", "right in float32 and bfloat16"),
        (outcomes(FINE, NAN, FINE), BRAIN, "guarded", "bfloat16 gives NaN; such a layer"),
        (outcomes(FINE, DEAD, FINE), BRAIN, "guarded", "bfloat16 kills the process; such"),
        (outcomes(FINE, Outcome(9.0), FINE), PLAIN, "guarded", "bfloat16 is off by a lot"),
        (outcomes(FINE, NAN, NAN), BRAIN, "wrong", "bfloat16 gives NaN in spite of the guard"),
        (outcomes(FINE, NAN, NAN), PLAIN, "guarded", "bfloat16 gives NaN in spite of the guard;"),
        (outcomes(NAN, FINE, FINE), PLAIN, "wrong", "float32 gives NaN"),
    ],
)
def test_a_trap_is_judged_by_the_settings_in_force(
    found: dict[Mode, Outcome], precision: Precision, status: str, text: str
) -> None:
    check = judge(TRAPS[0], found, precision)

    assert (check.name, check.status) == (TRAPS[0].name, status)
    assert check.text.startswith(text)
    assert bool(check.hint) == (status == "wrong")


@pytest.mark.parametrize(
    ("status", "healthy"), [("ok", True), ("guarded", True), ("note", True), ("wrong", False)]
)
def test_wrong_numbers_alone_make_ill(status: str, healthy: bool) -> None:
    check = Check.model_validate({"group": "g", "name": "n", "status": status, "text": "t"})

    assert is_healthy((check,)) is healthy


def test_a_format_that_is_clearly_faster_is_told() -> None:
    speeds = tuple(
        Speed(dtype=dtype, channels_last=last, training_ms=training, inference_ms=5.0)
        for dtype, last, training in (
            ("float32", False, 30.0),
            ("float32", True, 10.0),
            ("bfloat16", True, 29.0),
        )
    )

    training, inference = choices(speeds, PLAIN)

    assert (training.status, inference.status) == ("note", "ok")
    assert training.hint == "float32, channels last is 3.0 x faster on this small network"
    assert inference.text == f"float32, channels first: {PLAIN.reason}"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traps, "TRAPS", TRAPS[:1])
    monkeypatch.setattr(speed, "SIDE", 4)
    monkeypatch.setattr(speed, "REPEATS", 1)


@pytest.mark.usefixtures("quick")
def test_everything_is_examined() -> None:
    found = diagnose("cpu")

    groups = list(dict.fromkeys(check.group for check in found.checks))
    assert groups == [
        "software",
        "devices",
        "bfloat16 on everyday shapes",
        "traps of 3-D convolutions",
        "formats that jobs take",
    ]
    assert len(found.speeds) == 4
    assert found.device == "cpu"
    assert found.healthy


@pytest.mark.usefixtures("quick")
def test_a_wrong_everyday_kernel_is_guarded_by_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "relative_error", lambda *_: math.nan)
    monkeypatch.setattr(doctor, "precision_for", lambda *_: PLAIN)
    monkeypatch.setattr(doctor, "step_on_traps", lambda _: iter(()))

    found = [each for each in examine("cpu") if isinstance(each, Check)]

    everyday = [check for check in found if check.group == "bfloat16 on everyday shapes"]
    assert [check.status for check in everyday] == ["guarded", "guarded"]
    assert selftest.TRIALS[0].name in everyday[0].text
    assert is_healthy(tuple(found))


def test_an_unknown_device_is_one_line() -> None:
    with pytest.raises(RunError, match="device 'tpu'"):
        next(examine("tpu"))
