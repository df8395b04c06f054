"""Which of several processes this is, as torchrun tells it; torch is not needed to know."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """The place of this process among those that share a job.

    Attributes:
        rank: Its number among all.
        count: Count of all.
        local_rank: Its number among those on this machine: which GPU it takes.
        local_count: Count of those on this machine.
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0
    local_count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether it is the one that writes files and talks."""
        return self.rank == 0


def place() -> Place:
    """Return the place that torchrun gave to this process; alone when it did not start it."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return Place()
    return Place(
        rank=int(os.environ["RANK"]),
        count=int(os.environ["WORLD_SIZE"]),
        local_rank=int(os.environ["LOCAL_RANK"]),
        local_count=int(os.environ["LOCAL_WORLD_SIZE"]),
    )
