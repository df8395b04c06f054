"""Keep two jobs from writing to one folder at the same time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from uxnet_compiler.errors import RunError


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other jobs out of a folder in this block.

    The folder is made where it is missing, and removed if nothing was written to it. The lock is
    the system's and lies on the folder itself: no file is left, and a job that is killed holds
    nothing back. File systems without such locks, as NFS is for folders, go without.

    Raises:
        RunError: Another job is at work there, or the folder cannot be made.
    """
    made = [place for place in (folder, *folder.absolute().parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise RunError(f"{folder}: cannot write here: {error.strerror or error}") from None
    try:
        _lock(held, folder)
        try:
            yield
        finally:
            with suppress(OSError):  # the first that is not empty ends it
                for place in made:
                    place.rmdir()
    finally:
        os.close(held)


def _lock(held: int, folder: Path) -> None:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RunError(
            f"{folder}: another job is at work here; wait for its end, or choose another folder"
        ) from None
    except OSError:
        pass  # no locks here
