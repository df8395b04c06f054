"""Save and load the state of a job; loading can never run code."""

from __future__ import annotations

import pickle
import random
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from uxnet_compiler.errors import RunError
from uxnet_compiler.files import replacing

State = dict[str, Any]


def save_checkpoint(path: Path, state: State) -> None:
    """Write a state of tensors, numbers, strings, lists, tuples and dicts, all or nothing.

    The random states of torch, numpy and Python go with it.

    Raises:
        RunError: The file cannot be written: the disk is full, or the folder is gone.
    """
    try:
        with replacing(path) as draft:
            torch.save({"state": state, "random": random_state()}, draft)
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise RunError(f"{path}: cannot be written: {reason}") from None


def load_checkpoint(path: Path) -> State:
    """Read a state back onto the CPU and put the random states back as they were.

    Raises:
        RunError: The file is missing, damaged, or holds anything but plain data.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        restore_random_state(content["random"])
        return cast("State", content["state"])
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, ValueError):
        raise RunError(f"{path}: damaged or not a checkpoint of this program") from None


def random_state() -> State:
    """Capture the global random states of Python, numpy and torch as plain data."""
    # The legacy global state is captured on purpose: third-party code draws from it.
    name, keys, position, has_gauss, cached = cast(
        "tuple[str, np.ndarray[Any, Any], int, int, float]",
        np.random.get_state(),  # noqa: NPY002
    )
    return {
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(keys.astype(np.int64)), position, has_gauss, cached),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_state(state: State) -> None:
    """Put back what `random_state` captured."""
    name, keys, position, has_gauss, cached = state["numpy"]
    random.setstate(state["python"])
    np.random.set_state(  # noqa: NPY002
        (name, keys.numpy().astype(np.uint32), position, has_gauss, cached)
    )
    torch.set_rng_state(state["torch"])
    if len(state["cuda"]) == torch.cuda.device_count() and state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
