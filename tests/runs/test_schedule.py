from __future__ import annotations

import time
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uxnet_compiler.runs.schedule import LATE, Kind, Schedule, mean_step_s, on_trial


@given(
    st.none() | st.integers(1, 10**6),
    st.floats(0.01, 1e5),
    st.floats(0, 1e7),
    st.floats(0, 1e4),
)
def test_the_planned_steps_fit_the_minutes_and_the_limit(
    steps: int | None, minutes: float, spent_s: float, step_s: float
) -> None:
    schedule = Schedule.within(steps, minutes, spent_s, step_s)

    assert schedule.steps >= 1
    assert steps is None or schedule.steps <= steps
    if schedule.steps > 1:
        assert spent_s + schedule.steps * step_s <= minutes * 60 * (1 + 1e-9)


@given(st.integers(1, 10**5), st.floats(0, 1e5), st.integers(1, 10**6))
def test_the_minutes_told_for_some_steps_allow_them(
    steps: int, spent_s: float, step_ms: int
) -> None:
    step_s = step_ms / 1000
    minutes = Schedule.within(None, 1.0, spent_s, step_s).minutes_for(steps, spent_s)

    assert Schedule.within(None, minutes, spent_s, step_s).steps >= steps - 1
    assert (minutes - 1) * 60 < spent_s + steps * step_s


def test_kinds_of_steps_count_by_their_shares() -> None:
    made: list[float] = []

    def step(progress: float) -> None:
        made.append(progress)
        time.sleep(0.03 if progress else 0.01)

    mean = mean_step_s((Kind(0.25, 0.0), Kind(0.75, 0.5), Kind(0.0, 0.9)), step, 0.01, bool)

    assert 0.25 * 0.01 + 0.75 * 0.03 <= mean < 0.5
    assert set(made) == {0.0, 0.5}
    assert min(made.count(0.0), made.count(0.5)) >= 2


def test_a_trial_leaves_no_trace() -> None:
    weights = torch.zeros(3)

    def state() -> dict[str, Any]:
        return {"weights": weights}

    def restore(state: dict[str, Any]) -> None:
        weights.copy_(state["weights"])

    with on_trial(state, restore):
        weights += 1

    assert torch.equal(weights, torch.zeros(3))


def test_a_job_is_late_only_when_minutes_were_asked_for() -> None:
    assert not Schedule(steps=3).is_late(1e9)
    assert not Schedule(steps=3, minutes=1.0, step_s=1.0).is_late(LATE * 60)
    assert Schedule(steps=3, minutes=1.0, step_s=1.0).is_late(LATE * 60 + 1)


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (Schedule(steps=3), "3 steps"),
        (Schedule(steps=300, minutes=10, step_s=2.0), "planned for 10 minutes: 300 steps of 2 s"),
        (Schedule(steps=1, minutes=5, step_s=7.4), "planned for 5 minutes: 1 step of 7.4 s"),
    ],
)
def test_a_schedule_tells_itself_in_one_line(schedule: Schedule, text: str) -> None:
    assert schedule.describe() == text
