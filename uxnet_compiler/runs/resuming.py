"""Open the last checkpoint of a run, and make sure that it is continued as it was begun."""

from __future__ import annotations

from collections.abc import Callable

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.checkpoint import State, last_checkpoint
from uxnet_compiler.runs.folder import RunFolder


def reopen(folder: RunFolder, digest: str, processes: int, note: Callable[[str], None]) -> State:
    """Return the state that a run goes on from.

    Args:
        folder: Of the run.
        digest: Of the data set that is given now.
        processes: Count that shares each batch now.
        note: Told when the last checkpoint is damaged and the one before it is taken.

    Raises:
        RunError: No checkpoint can be read, the data are others than before, or so is the count of
            processes, which decides how many patches make a batch.
    """
    state = last_checkpoint(folder.checkpoint_path, note)
    if state["data"] != digest:
        raise RunError(
            f"{folder.path}: cannot resume with other data: the files of the data set are not"
            " those that the run began with"
        )
    if state["processes"] != processes:
        raise RunError(
            f"{folder.path}: cannot resume with another count of processes: it was"
            f" {state['processes']}, is now {processes}"
        )
    return state
