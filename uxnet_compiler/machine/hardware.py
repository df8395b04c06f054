"""Which processors are there, and what they can."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

import torch

from uxnet_compiler.machine.checkup import Check
from uxnet_compiler.machine.memory import physical_bytes

GROUP = "devices"
CPU_FACTS = Path("/proc/cpuinfo")
ABILITIES = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_bf16": "AVX-512 BF16",
    "amx_bf16": "AMX BF16",
    "bf16": "BF16",  # ARM's spelling
}
FOR_BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")


def hardware() -> Iterator[Check]:
    """Look at the CPU and at every GPU that torch can use."""
    model, flags = read_cpu(CPU_FACTS.read_text() if CPU_FACTS.exists() else "")
    cores = len(os.sched_getaffinity(0))
    abilities = [text for flag, text in ABILITIES.items() if flag in flags]
    parts = [
        model or platform.machine(),
        f"{cores} core{'s' if cores > 1 else ''}, {torch.get_num_threads()} used by torch",
        f"{physical_bytes() / 2**30:.1f} GiB",
        " ".join(abilities) or "no vector units known",
    ]
    slow = not any(flag in flags for flag in FOR_BFLOAT16)
    yield Check(
        group=GROUP,
        name="CPU",
        status="note" if slow else "ok",
        text=", ".join(parts),
        hint="it has no units for bfloat16, so that will be slow" if slow else "",
    )
    for index in range(torch.cuda.device_count()):
        facts = torch.cuda.get_device_properties(index)
        memory = f"{facts.total_memory / 2**30:.1f} GiB"
        text = f"{facts.name}, {memory}, compute capability {facts.major}.{facts.minor}"
        yield Check(group=GROUP, name=f"cuda:{index}", status="ok", text=text)
    if not torch.cuda.is_available():
        why = "torch is built without CUDA" if torch.version.cuda is None else "no GPU is visible"
        hint = "see https://pytorch.org/get-started/locally if there is a GPU"
        yield Check(group=GROUP, name="CUDA", status="note", text=f"none: {why}", hint=hint)


def read_cpu(facts: str) -> tuple[str, set[str]]:
    """Return the model and the flags that the text of /proc/cpuinfo tells."""
    model, flags = "", set[str]()
    for line in facts.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            model = value.strip()
        elif key.strip() in {"flags", "Features"}:
            flags = set(value.split())
    return model, flags
