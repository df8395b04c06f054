"""How long each op takes on this machine: measured once, kept, and added up for a network."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import nn

from uxnet_compiler.backends.torch import build, layer
from uxnet_compiler.costs.runnable import require_runnable
from uxnet_compiler.files import cache_room, write_text
from uxnet_compiler.ir import Graph
from uxnet_compiler.machine.hardware import CPU_FACTS, read_cpu
from uxnet_compiler.machine.layout import channels_last
from uxnet_compiler.machine.memory import memory_errors
from uxnet_compiler.machine.prepare import prepare
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.ops import Input, Op, Output, Scale, TensorType, spell
from uxnet_compiler.wording import counted

REPEATS = 5
FREE = {"input", "output"}

Clock = Callable[[], float]


class _Kept(BaseModel):
    """A table as it lies on disk: milliseconds by op, input and size."""

    model_config = ConfigDict(extra="forbid")

    machine: str
    times: dict[str, float]


def machine_name(device: torch.device, precision: Precision) -> str:
    """Return what the times of ops depend on here, in one line."""
    if device.type == "cuda":
        processor = torch.cuda.get_device_properties(device).name
    else:
        model, _ = read_cpu(CPU_FACTS.read_text() if CPU_FACTS.exists() else "")
        processor = f"{model or platform.machine()}, {counted(torch.get_num_threads(), 'thread')}"
    order = " channels-last" if precision.channels_last else ""
    return f"{processor}, torch {torch.__version__}, {precision.dtype}{order}"


class Latencies:
    """The times of ops on one device in one precision; what is not known yet is measured.

    The table lies in the user's cache folder (`uxnet_compiler.files.cache_room`), a file for
    each machine, so that the same network has the same latency tomorrow. A file that cannot be
    read is measured again.
    """

    def __init__(
        self,
        device: torch.device,
        precision: Precision,
        *,
        folder: Path | None = None,
        clock: Clock = perf_counter,
    ) -> None:
        self.device = device
        self.precision = precision
        self.clock = clock
        self.machine = machine_name(device, precision)
        key = hashlib.sha256(self.machine.encode()).hexdigest()[:16]
        self.path = (folder or cache_room("latency")) / f"{key}.json"
        self.times = self._read(self.path)
        self._fresh = False

    def network_ms(self, graph: Graph, image_size: tuple[int, ...]) -> float:
        """Return the sum of the times of all ops for one image, in milliseconds."""
        return sum(
            self.op_ms(value.op, [graph[name].type for name in value.inputs], image_size)
            for value in graph.values()
        )

    def op_ms(self, op: Op, inputs: Sequence[TensorType], image_size: tuple[int, ...]) -> float:
        """Return the milliseconds of one op on maps of an image of that size.

        Raises:
            GraphError: The image is too small for the op.
            RunError: The machine has not enough memory.
        """
        if op.kind in FREE:
            return 0.0
        if isinstance(op, Scale):
            op = Scale(factor=1.0)  # all factors take the same time
        sizes = [given.size(image_size) for given in inputs]
        shapes = [f"{g.channels}@{spell(s)}" for g, s in zip(inputs, sizes, strict=True)]
        # Two ops that differ in a default alone spell the same.
        key = f"{json.dumps(op.model_dump(mode='json'), sort_keys=True)} {'+'.join(shapes)}"
        if key not in self.times:
            require_runnable(op, inputs[0], image_size, op.op)
            with memory_errors(f"measuring {op.op}", "take a smaller size"):
                self.times[key] = self._measure(op, inputs, sizes)
            self._fresh = True
        return self.times[key]

    def keep(self) -> None:
        """Write the table down, if it has grown; what others measured meanwhile stays there."""
        if self._fresh:
            self._write(self.path, self._read(self.path) | self.times)
            self._fresh = False

    def remember(self, path: Path) -> None:
        """Write the table to a file of a job that will need the very same times again."""
        self._write(path, self.times)

    def recall(self, path: Path) -> None:
        """Take the times of such a file, if they are of this machine, in place of all others."""
        self.times |= self._read(path)

    def _write(self, path: Path, times: dict[str, float]) -> None:
        kept = _Kept(machine=self.machine, times=dict(sorted(times.items())))
        write_text(path, kept.model_dump_json(indent=1) + "\n")

    def _read(self, path: Path) -> dict[str, float]:
        try:
            kept = _Kept.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return {}
        return kept.times if kept.machine == self.machine else {}

    @torch.inference_mode()
    def _measure(
        self, op: Op, inputs: Sequence[TensorType], sizes: Sequence[tuple[int, ...]]
    ) -> float:
        """Run the op alone, as a compiled network would, and return the median time."""
        dims = inputs[0].spatial_dims
        # A network has one image: an op that reads several maps reads their mean, often.
        channels = -(-sum(given.channels for given in inputs) // len(inputs))
        network = (
            _merge(op, channels, len(inputs), dims) if op.arity is None else layer(op, *inputs)
        )
        network = network.eval().to(self.device)
        image = torch.zeros((1, channels, *sizes[0]), device=self.device)
        prepare(network, dims, is_last=self.precision.channels_last)
        if self.precision.channels_last:
            image = channels_last(image, dims)
        bfloat16 = self.precision.dtype == "bfloat16"
        times = []
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bfloat16):
            for _ in range(1 + REPEATS):  # the first one warms up
                start = self.clock()
                network(image)
                if self.device.type == "cuda":
                    torch.cuda.synchronize(self.device)
                times.append(1000 * (self.clock() - start))
        return median(times[1:])


def _merge(op: Op, channels: int, count: int, spatial_dims: int) -> nn.Module:
    """Return a network that merges its image with itself."""
    graph = Graph()
    graph.add("x", Input(channels=channels, spatial_dims=spatial_dims))
    graph.add("merge", op, ("x",) * count)
    graph.add("y", Output(), ("merge",))
    return build(graph)
