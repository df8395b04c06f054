"""Examine this machine: what is installed, what computes right, what is fast."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from pydantic import BaseModel, ConfigDict

from uxnet_compiler.machine.checkup import Check, Status
from uxnet_compiler.machine.device import pick_device
from uxnet_compiler.machine.hardware import hardware
from uxnet_compiler.machine.selftest import (
    TOLERANCE,
    TRIALS,
    Precision,
    precision_for,
    relative_error,
)
from uxnet_compiler.machine.software import cuda_defects, software
from uxnet_compiler.machine.speed import Speed, measure_speeds
from uxnet_compiler.machine.traps import Mode, Outcome, Trap, step_on_traps

CLEARLY = 1.2
"""So many times faster is worth telling."""


class Diagnosis(BaseModel):
    """All that was found.

    Attributes:
        device: What was examined.
        healthy: Whether nothing gives wrong numbers with the settings in force.
        checks: One thing each, in the order of the examination.
        speeds: A small 3-D network in each format.
    """

    model_config = ConfigDict(frozen=True)

    device: str
    healthy: bool
    checks: tuple[Check, ...]
    speeds: tuple[Speed, ...]


def diagnose(device: str = "auto") -> Diagnosis:
    """Examine everything and return it together.

    Raises:
        RunError: There is no such device.
    """
    found = list(examine(device))
    checks = tuple(each for each in found if isinstance(each, Check))
    return Diagnosis(
        device=str(pick_device(device)),
        healthy=is_healthy(checks),
        checks=checks,
        speeds=tuple(each for each in found if isinstance(each, Speed)),
    )


def is_healthy(checks: tuple[Check, ...]) -> bool:
    """Tell whether nothing gives wrong numbers with the settings in force."""
    return all(check.status != "wrong" for check in checks)


def examine(device: str = "auto") -> Iterator[Check | Speed]:
    """Yield what is found as it is found; speeds come before the check that judges them.

    Args:
        device: As for `pick_device`.

    Raises:
        RunError: There is no such device.
    """
    target = pick_device(device)
    yield from software()
    yield from hardware()
    precision = precision_for(target, 3)
    cudnn = None
    if target.type == "cuda":
        cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]  # torch has no types
    if cudnn is not None:
        brain = precision.dtype == "bfloat16"
        yield from cuda_defects(torch.__version__, cudnn, bfloat16=brain)
    yield from _everyday(target)
    for trap, outcomes in step_on_traps(str(target)):
        yield judge(trap, outcomes, precision)
    speeds = measure_speeds(target)
    yield from speeds
    yield from choices(speeds, precision)


def _everyday(device: torch.device) -> Iterator[Check]:
    """Check the shapes that every network has; where one is wrong, jobs compute in float32."""
    for dims in (2, 3):
        wrong = [
            trial.name
            for trial in TRIALS
            if not relative_error(trial, device, dims) <= TOLERANCE  # NaN compares false
        ]
        yield Check(
            group="bfloat16 on everyday shapes",
            name=f"{dims}-D convolutions",
            status="guarded" if wrong else "ok",
            text=f"wrong: {', '.join(wrong)}; jobs compute in float32"
            if wrong
            else f"right in {len(TRIALS)} trials, forward and backward",
        )


def judge(trap: Trap, outcomes: dict[Mode, Outcome], precision: Precision) -> Check:
    """Say what a trap does here, and whether the settings in force avoid it."""
    status: Status
    hint = ""
    right = {mode: outcome.is_right(mode) for mode, outcome in outcomes.items()}
    if not right["float32"]:
        status = "wrong"
        text = f"float32 {_error(outcomes['float32'])}"
        hint = "take another version of torch"
    elif not right["guarded"]:
        in_force = precision.dtype == "bfloat16"
        status = "wrong" if in_force else "guarded"
        text = f"bfloat16 {_error(outcomes['guarded'])} in spite of the guard"
        text += "" if in_force else "; jobs compute in float32"
        hint = "use --precision float32" if in_force else ""
    elif not right["bfloat16"]:
        status = "guarded"
        text = f"bfloat16 {_error(outcomes['bfloat16'])}; such a layer computes in float32"
    else:
        status, text = "ok", "right in float32 and bfloat16"
    return Check(
        group="traps of 3-D convolutions", name=trap.name, status=status, text=text, hint=hint
    )


def _error(outcome: Outcome) -> str:
    if outcome.died:
        return "kills the process"
    return "is off by a lot" if outcome.error == outcome.error else "gives NaN"


def choices(speeds: tuple[Speed, ...], precision: Precision) -> Iterator[Check]:
    """Compare the settings in force with the fastest, for training and for inference."""
    settings = (precision.dtype, precision.channels_last)
    for name in ("training", "inference"):
        times = {(s.dtype, s.channels_last): getattr(s, f"{name}_ms") for s in speeds}
        fastest = min(times, key=lambda key: times[key])
        gain = times[settings] / times[fastest]
        text = f"{_format(*settings)}: {precision.reason}"
        hint = ""
        if gain > CLEARLY:
            hint = f"{_format(*fastest)} is {gain:.1f} x faster on this small network"
        yield Check(
            group="formats that jobs take",
            name=name,
            status="note" if hint else "ok",
            text=text,
            hint=hint,
        )


def _format(dtype: str, is_last: bool) -> str:
    return f"{dtype}, channels {'last' if is_last else 'first'}"
