"""Jobs in processes of their own: to be killed, or to share the work.

A server that has imported the library forks them, so that none pays for the import again.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["uxnet_compiler.search.search", "uxnet_compiler.training.train"])
SLOW_S = 0.03


def start(job: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """Start a job; every job computes with one thread, so that all round alike."""
    threads = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        process = _CONTEXT.Process(target=job, args=arguments, daemon=True)
        process.start()
    finally:
        if threads is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = threads
    return process


def finish(*processes: ForkServerProcess) -> None:
    """Wait for the ends of jobs, and see that they are good."""
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * len(processes)


def places(count: int) -> list[dict[str, str]]:
    """Return what torchrun would put in the environments of so many processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    both = {"TORCHELASTIC_RUN_ID": "test", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    both |= {"WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count)}
    return [both | {"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(count)]


def search_job(
    data: Path, out: Path, options: dict[str, Any], place: dict[str, str] | None = None
) -> None:
    """Search, or go on with it."""
    from uxnet_compiler.search import loop, search
    from uxnet_compiler.search.config import SearchConfig

    loop.SAVE_EVERY_S = 0.0
    _prepare(place)
    resume = (out / "config.json").exists()
    search.search(data, out, SearchConfig(**options), resume=resume)


def train_job(
    data: Path, out: Path, options: dict[str, Any], place: dict[str, str] | None = None
) -> None:
    """Train a small U-Net, or go on with it."""
    from uxnet_compiler.training import loop, train
    from uxnet_compiler.training.config import TrainConfig
    from uxnet_compiler.zoo import fit, resolve

    loop.SAVE_EVERY_S = 0.0
    _prepare(place)
    strides = ((1, 1, 1), (2, 2, 2))
    unet = fit(resolve("zoo:unet"), in_channels=1, out_channels=5, widths=(4, 8), strides=strides)
    resume = (out / "config.json").exists()
    train.train(unet, data, out, TrainConfig(**options), resume=resume)


def _prepare(place: dict[str, str] | None) -> None:
    """Take a place among others; or else write slowly, so that a kill is likely to come then."""
    import torch

    from uxnet_compiler.runs import checkpoint

    torch.set_num_threads(1)
    if place is not None:
        os.environ.update(place)
        return
    settle = checkpoint._settle

    def slowly(path: Path) -> None:
        time.sleep(SLOW_S)
        settle(path)

    checkpoint._settle = slowly
