"""Room for large arrays: in memory, or in a file that is gone when the work is done."""

from __future__ import annotations

import mmap
import os
import tempfile
from math import prod
from pathlib import Path

import numpy as np
import torch

from uxnet_compiler.errors import RunError

_FLOAT_BYTES = 4


class Scratch:
    """Give float32 arrays of zeros, which last as long as somebody holds them.

    Args:
        folder: Where the files go, made if need be; in memory when not given. It should be on a
            disk: `/tmp` lies in the memory on some machines.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._maps: list[mmap.mmap] = []

    def zeros(self, shape: tuple[int, ...]) -> torch.Tensor:
        """Return an array of zeros.

        Raises:
            RunError: The folder cannot be written, or the disk is too full.
        """
        if self._folder is None:
            return torch.zeros(shape)
        size = _FLOAT_BYTES * prod(shape)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._folder) as file:
                # A hole in the file would kill the process when the disk is full.
                os.posix_fallocate(file.fileno(), 0, size)
                view = mmap.mmap(file.fileno(), size)
        except OSError as error:
            raise RunError(
                f"{self._folder}: cannot hold {size / 2**30:.2f} GiB for a while:"
                f" {error.strerror or error}"
            ) from None
        self._maps.append(view)
        return torch.from_numpy(np.frombuffer(view, dtype=np.float32).reshape(shape))

    def release(self) -> None:
        """Take what lies in files out of the memory of this process; nothing is lost."""
        for view in self._maps:
            view.madvise(mmap.MADV_DONTNEED)
