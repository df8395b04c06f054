from __future__ import annotations

from uxnet_compiler.studies.progress import MOST, Progress


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_long_jobs_count_for_more_than_short_ones() -> None:
    progress = Progress(["search", "derive", "train"], {"search": 3.0, "train": 1.0}, Clock())

    for name in ("search", "derive"):
        progress.start(name)
        progress.end(name)

    assert progress.done == 0.75


def test_jobs_that_run_count_by_their_time_and_never_whole() -> None:
    clock = Clock()
    progress = Progress(["one", "two"], {"one": 1.0, "two": 1.0}, clock)
    assert progress.done == 0.0
    progress.start("one")
    progress.start("two")

    clock.seconds = 1800
    assert progress.done == 0.5
    clock.seconds = 100_000
    assert progress.done == MOST
    progress.end("one")
    progress.end("two")
    assert progress.done == 1.0


def test_without_expectations_all_jobs_count_alike_once_they_ended() -> None:
    clock = Clock()
    progress = Progress(["one", "two"], {}, clock)
    progress.start("one")
    clock.seconds = 100_000
    assert progress.done == 0.0

    progress.end("one")

    assert progress.done == 0.5


def test_jobs_expected_to_take_no_time_end_as_well() -> None:
    progress = Progress(["derive"], {"derive": 0.0}, Clock())

    progress.start("derive")
    progress.end("derive")

    assert progress.done == 1.0
