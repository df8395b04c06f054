"""Do the same work on many files at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_MOST_THREADS = 8  # each holds an image and what becomes of it
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_parallel(
    work: Callable[[_Item], _Result],
    items: Sequence[_Item],
    progress: Callable[[int, int], None] | None = None,
) -> list[_Result]:
    """Return what becomes of each item, in order; of several errors, the first in order is raised.

    Threads suffice: decompression, resampling and hashing let go of the interpreter.

    Args:
        work: What is done; it must be safe in several threads.
        items: What it is done to.
        progress: Called in this thread with the count of items done and the count of all.
    """
    threads = min(len(os.sched_getaffinity(0)), _MOST_THREADS)
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(work, item) for item in items]
        results = []
        try:
            for done, future in enumerate(futures, start=1):
                results.append(future.result())
                if progress is not None:
                    progress(done, len(items))
        finally:
            for future in futures:
                future.cancel()
    return results
