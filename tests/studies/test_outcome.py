from __future__ import annotations

import errno

import pytest

from uxnet_compiler.errors import DataError, UxnetError
from uxnet_compiler.studies.outcome import Outcome, failure, outcome_of


def test_what_a_user_can_cause_becomes_one_line() -> None:
    def fail(error: Exception) -> bool:
        raise error

    full = OSError(errno.ENOSPC, "No space left on device", "out/weights")

    assert outcome_of(lambda: True) == Outcome(complete=True)
    assert outcome_of(lambda: False) == Outcome(complete=False)
    assert outcome_of(lambda: fail(DataError("a: torn\nmore"))).error == "a: torn"
    assert outcome_of(lambda: fail(full)).error == "out/weights: No space left on device"
    with pytest.raises(ZeroDivisionError):  # a defect of ours: it may be seen
        outcome_of(lambda: fail(ZeroDivisionError()))


@pytest.mark.parametrize(
    ("failed", "left", "told"),
    [
        ("a", "a", "a: why a"),
        ("a", "abc", "a: why a (jobs that need what failed: 2)"),
        ("bca", "abc", "a: why a (failed as well: b, c)"),
        ("ab", "abc", "a: why a (failed as well: b; jobs that need what failed: 1)"),
    ],
)
def test_a_failure_names_what_failed_and_counts_what_was_left(
    failed: str, left: str, told: str
) -> None:
    error: UxnetError = failure({name: f"why {name}" for name in failed}, set(left))

    assert str(error) == told
