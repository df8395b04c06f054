"""How much memory there is, and a lack of it told in one line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from uxnet_compiler.errors import RunError

_FACTS = Path("/proc/meminfo")
_OWN_PAGES = Path("/proc/self/statm")


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


def physical_bytes() -> int:
    """Return the bytes of memory that the machine has, used or not."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def available_bytes() -> int:
    """Return the bytes that a job may still take before the machine swaps or kills it.

    A limit that a container or a batch system sets is not seen.
    """
    for line in _FACTS.read_text(encoding="ascii").splitlines() if _FACTS.exists() else ():
        name, _, amount = line.partition(":")
        if name == "MemAvailable":
            return int(amount.split()[0]) * 1024
    return physical_bytes()


def resident_bytes() -> int:
    """Return the bytes of memory that this process holds now; 0 where the system does not tell."""
    if not _OWN_PAGES.exists():
        return 0
    return int(_OWN_PAGES.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def require_memory(num_bytes: int, where: str, advice: str) -> None:
    """Check before anything is allocated that so much memory is there at all.

    Raises:
        RunError: The machine has less.
    """
    there = physical_bytes()
    if num_bytes > there:
        raise RunError(
            f"{where}: needs {num_bytes / 2**30:.1f} GiB, and this machine has"
            f" {there / 2**30:.1f} GiB; {advice}"
        )
