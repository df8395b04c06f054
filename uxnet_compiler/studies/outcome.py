"""How the steps of a study end: done, stopped, or with an error that others need not share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from uxnet_compiler.errors import RunError, UxnetError, system_error_line
from uxnet_compiler.wording import one_line


@dataclass(frozen=True)
class Outcome:
    """How a step ended: with an error in one line, stopped, or complete."""

    complete: bool
    error: str | None = None


def outcome_of(do: Callable[[], bool]) -> Outcome:
    """Do a step; what a user can cause becomes a line, since other steps may go on."""
    try:
        return Outcome(do())
    except UxnetError as error:  # some of them do not survive pickling
        return Outcome(complete=False, error=str(error).splitlines()[0])
    except OSError as error:
        return Outcome(complete=False, error=system_error_line(error))


def failure(failed: Mapping[str, str], left: Collection[str]) -> RunError:
    """Tell in one line which steps failed, why the first did, and how many are left behind them.

    Args:
        failed: Error of each step that failed.
        left: All steps that are not done: these, and those that need them.
    """
    first, *others = sorted(failed)
    more = [f"failed as well: {one_line(', '.join(others))}"] if others else []
    if waiting := len(left) - len(failed):
        more.append(f"jobs that need what failed: {waiting}")
    behind = f" ({'; '.join(more)})" if more else ""
    return RunError(f"{first}: {failed[first]}{behind}")
