"""Tell a lack of memory in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from uxnet_compiler.errors import RunError


@contextmanager
def memory_errors(where: str, advice: str) -> Iterator[None]:
    """Turn what torch raises when memory runs out into a line with advice.

    Raises:
        RunError: The memory of the device or of the machine ran out in the block.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise RunError(f"{where}: the GPU is out of memory; {advice}") from None
    except RuntimeError as error:
        if "DefaultCPUAllocator" not in str(error):
            raise
        raise RunError(f"{where}: out of memory; {advice}") from None
