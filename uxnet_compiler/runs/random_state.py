"""The global random states of Python, numpy and torch: seed, capture, put back."""

from __future__ import annotations

import random
from typing import Any, cast

import numpy as np
import torch


def seed_everything(seed: int) -> None:
    """Begin all global random states anew, so that a job does not depend on what ran before it."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 (third-party code draws from the legacy state)
    torch.manual_seed(seed)


def random_state() -> dict[str, Any]:
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


def restore_random_state(state: dict[str, Any]) -> None:
    """Put back what `random_state` captured."""
    name, keys, position, has_gauss, cached = state["numpy"]
    random.setstate(state["python"])
    np.random.set_state(  # noqa: NPY002
        (name, keys.numpy().astype(np.uint32), position, has_gauss, cached)
    )
    torch.set_rng_state(state["torch"])
    if len(state["cuda"]) == torch.cuda.device_count() and state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
