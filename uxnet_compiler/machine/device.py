"""Choose the device that a job runs on."""

from __future__ import annotations

import torch

from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.launch import place


def pick_device(name: str = "auto") -> torch.device:
    """Return the device of that name; `auto` takes the first GPU, else the CPU.

    Of several processes on a machine, each takes a GPU of its own where `auto` or `cuda` is asked.

    Raises:
        RunError: There is no such device on this machine, or too few for all processes.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        name = f"cuda:{place().local_rank}"
    elif name != "cpu" and place().local_count > 1:
        raise RunError(f"device {name!r}: for several processes on a machine, name cuda or cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise RunError(f"device {name!r}: not a device; try auto, cpu, cuda or cuda:1") from None
    if device.type == "cpu" and not device.index:
        return torch.device("cpu")
    count = torch.cuda.device_count() if device.type == "cuda" else 0
    if (device.index or 0) < count:
        return torch.device("cuda", device.index or 0)
    raise RunError(f"device {name!r}: not on this machine ({count} CUDA devices; cpu always works)")
