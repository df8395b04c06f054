"""Save and load the state of a job; loading can never run code.

There are two files: the latest checkpoint and the one before it. A job may die at any moment, also
while it writes: one of the two is always whole, and either leads to the same end.
"""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch

from uxnet_compiler.errors import RunError
from uxnet_compiler.files import replacing

State = dict[str, Any]


def previous_path(path: Path) -> Path:
    """Return where the checkpoint before the latest is kept."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def save_checkpoint(path: Path, state: State) -> None:
    """Write a state of tensors, numbers, strings, lists, tuples and dicts, all or nothing.

    The file is on the disk, not only on its way there, before it takes the place of the last
    one, which is kept as `previous_path`.

    Raises:
        RunError: The file cannot be written: the disk is full, or the folder is gone.
    """
    try:
        with replacing(path) as draft:
            torch.save(state, draft)
            _settle(draft)
            if path.is_file():
                path.replace(previous_path(path))
        _settle(path.parent)
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise RunError(f"{path}: cannot be written: {reason}") from None


def load_checkpoint(path: Path) -> State:
    """Read a state back onto the CPU.

    Raises:
        RunError: The file is missing, damaged, or holds anything but plain data.
    """
    try:
        with zipfile.ZipFile(path) as archive:  # torch does not look at the checksums
            damaged = archive.testzip()
        if damaged is None:
            return cast("State", torch.load(path, map_location="cpu", weights_only=True))
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError, EOFError, KeyError):
        pass
    except (TypeError, ValueError, NotImplementedError):
        pass
    raise RunError(f"{path}: damaged or not a checkpoint of this program")


def last_checkpoint(path: Path, note: Callable[[str], None]) -> State:
    """Read the latest checkpoint, or the one before it where the latest is damaged or missing.

    A damaged one is put aside, so that it never takes the place of a whole one.

    Args:
        path: The latest.
        note: Told when the one before it is taken.

    Raises:
        RunError: Neither can be read.
    """
    before = previous_path(path)
    if not before.is_file():
        return load_checkpoint(path)
    try:
        return load_checkpoint(path)
    except RunError as error:
        state = load_checkpoint(before)
        if path.exists():
            path.replace(path.with_name(f"{path.stem}.damaged{path.suffix}"))
        note(f"{error}; going on from {before.name}")
        return state


def _settle(path: Path) -> None:
    """Wait until a file, or the list of a folder's files, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
