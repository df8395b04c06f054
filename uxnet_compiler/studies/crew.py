"""Who does the steps of a study: processes of Ray, on this machine or a cluster."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uxnet_compiler.errors import BackendError, system_error_line

if TYPE_CHECKING:
    from types import ModuleType

REACH_SECONDS = 10  # a cluster answers in far less
STORE_BYTES = 80 * 2**20  # Ray's shared memory: results are in files, so the least that it takes
# Set before Ray is imported: nothing is sent to anybody, and zero GPUs hide none from others.
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
}


@dataclass(frozen=True)
class Crew:
    """Who does the work.

    Attributes:
        workers: Steps at a time; none: as many as there are GPUs, else threads.
        threads: Of each step. The same for any number of workers, so that sums are taken in
            the same order and results are the same.
        address: Of a Ray cluster whose machines share the folders; none: this machine alone.
    """

    workers: int | None = None
    threads: int = 1
    address: str | None = None

    @property
    def at_a_time(self) -> int:
        """How many steps run at a time on CPUs, as far as this machine can tell."""
        if self.workers is not None:
            return self.workers
        return 1 if self.address else max(1, len(os.sched_getaffinity(0)) // self.threads)


def import_ray() -> ModuleType:
    """Return Ray, told to be quiet.

    Raises:
        BackendError: It is not installed.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError:
        raise BackendError(
            "a sweep with workers needs Ray: pip install 'uxnet-compiler[ray]'"
        ) from None
    module: ModuleType = ray
    return module


@contextmanager
def session(ray: ModuleType, crew: Crew, *, gpus: bool) -> Iterator[int]:
    """Start Ray here or reach a cluster; yield how many steps may run at a time.

    SIGTERM then raises KeyboardInterrupt, as Ctrl-C does.

    Args:
        ray: The module.
        crew: Who is asked for.
        gpus: Whether any step can use one.

    Raises:
        BackendError: Ray does not start, there is no cluster, or no machine of it has the threads.
    """
    if crew.address is not None:
        _knock(crew.address)
    local = crew.address is None
    options: dict[str, Any] = {"address": "local" if local else crew.address}
    if local:
        options |= {
            "num_cpus": max(len(os.sched_getaffinity(0)), crew.at_a_time * crew.threads),
            "include_dashboard": False,
            "object_store_memory": STORE_BYTES,
        }
    before = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(log_to_driver=False, logging_level=logging.CRITICAL, **options)
    except Exception as error:  # plain ones, too, such as when a busy machine is slow to start it
        where = "this machine" if local else crew.address
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise BackendError(f"Ray on {where}: {reason}") from None
    try:
        # Ray puts its own there; a scheduler's signal is to stop a sweep as Ctrl-C does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        _require_threads(ray, crew)
        there = ray.cluster_resources()
        count = int(there.get("GPU", 0)) if gpus else 0
        with _silent(ray):
            yield crew.workers or count or max(1, int(there.get("CPU", 0)) // crew.threads)
    finally:
        ray.shutdown()
        signal.signal(signal.SIGTERM, before)


def _require_threads(ray: ModuleType, crew: Crew) -> None:
    """Refuse a step that fits no machine: Ray would wait for one for ever."""
    cpus = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    if (most := max(cpus, default=0)) < crew.threads:
        raise BackendError(
            f"Ray on {crew.address or 'this machine'}: no machine has {crew.threads} CPUs, the"
            f" largest has {most}; ask for fewer --threads or start a larger one"
        )


def _knock(address: str) -> None:
    """Say where nobody listens: Ray itself would try for minutes and print its own lines."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not port.isdecimal():  # such as "auto": Ray judges these at once
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACH_SECONDS).close()
    except OSError as error:
        reason = system_error_line(error)
    except UnicodeError:
        reason = "no host can have this name"
    else:
        return
    raise BackendError(
        f"no Ray cluster at {address}: {reason}; give the HOST:PORT that `ray start --head` printed"
    )


@contextmanager
def _silent(ray: ModuleType) -> Iterator[None]:
    """Keep Ray from printing pages of its logs when a worker or a machine is lost.

    `log_to_driver` does not hold for these, and Ray offers no other switch.
    """
    printer, switch = ray._private.worker, "_worker_logs_enabled"  # noqa: SLF001 (none is public)
    before = getattr(printer, switch)
    setattr(printer, switch, False)
    try:
        yield
    finally:
        setattr(printer, switch, before)
