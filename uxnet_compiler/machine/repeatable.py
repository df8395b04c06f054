"""Let a GPU compute the same bits each time."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """Have torch take kernels that add in a fixed order, for the length of a job.

    Without, a search that is resumed on a GPU would end as near to the uninterrupted one as two
    searches there are, which is not the same. Kernels of the CPU are repeatable as they are.

    torch warns where it has no such kernel. Of what searches and trainings use, that is the
    gradient of average pooling, which is repeatable all the same where windows do not overlap;
    ours never do. So the warning is left out.
    """
    if device.type != "cuda":
        yield
        return
    # Read by cuBLAS when it is used first: one workspace for each stream.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.get_deterministic_debug_mode()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "avg_pool3d_backward_cuda", UserWarning)
            yield
    finally:
        torch.set_deterministic_debug_mode(before)
