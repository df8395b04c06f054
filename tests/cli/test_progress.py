"""The display of long jobs, on a terminal and without one."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from uxnet_compiler.cli import progress
from uxnet_compiler.cli.progress import Display


def console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=120, color_system=None)


def text(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_without_a_terminal_each_part_is_one_line() -> None:
    screen = console(terminal=False)

    with Display(screen) as display:
        display.phase("training")
        display.tick(0.5, step=3, loss=0.25)

    assert text(screen) == "training\n"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time that the display sees, to be set."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_without_a_terminal_lines_follow_when_time_has_passed(clock: list[float]) -> None:
    screen = console(terminal=False)

    with Display(screen) as display:
        display.phase("training")
        clock[0] += 60
        display.tick(0.25, step=3, loss=0.25)
        display.tick(0.26, step=4, loss=0.5)

    assert text(screen).splitlines() == [
        "training",
        "training 25%  step 3  loss 0.2500  3:00 left",
    ]


def test_the_time_left_is_that_of_the_work_since_a_job_goes_on(clock: list[float]) -> None:
    screen = console(terminal=False)

    with Display(screen) as display:
        display.phase("training", done=0.5)
        clock[0] += 60
        display.tick(0.6, step=6)

    assert text(screen).splitlines()[-1] == "training 60%  step 6  4:00 left"


def test_a_terminal_shows_a_bar_with_the_values() -> None:
    screen = console(terminal=True)

    with Display(screen) as display:
        display.phase("training")
        display.tick(1.0, step=3, loss=0.25)

    assert "training" in text(screen)
    assert "100%" in text(screen)
    assert "step 3  loss 0.2500" in text(screen)


def test_a_number_that_is_not_finite_is_shown() -> None:
    screen = console(terminal=True)

    with Display(screen) as display:
        display.phase("training")
        display.tick(1.0, loss=float("nan"))

    assert "loss nan" in text(screen)


@pytest.mark.parametrize("terminal", [False, True])
def test_a_note_is_a_line_of_its_own_whatever_is_in_it(terminal: bool) -> None:
    screen = console(terminal=terminal)
    long = "a[bold]/b: " + "word " * 50

    with Display(screen) as display:
        display.note(long)
        display.phase("segmenting")
        display.note("between")

    lines = [line.rstrip() for line in text(screen).splitlines()]
    assert "between" in [line.rpartition("\x1b[2K")[2] for line in lines]
    assert "a[bold]/b: word word" in text(screen)
    if not terminal:
        assert lines == [long.rstrip(), "segmenting", "between"]
