"""Time a forward and a backward pass of UXNet's supernet, and its peak memory, by relaxation.

    python benchmarks/search_step.py

Four levels, 16 channels, a batch of 2 patches of 32x48x32. `plain` computes every candidate on its
own in float32, as the paper reads. Each row runs in a process of its own; the rows take turns, and
times are medians. Relaxations that sample draw anew for every pass, as at the start of a search,
and make five times as many passes, since what is drawn decides how long one takes. Memory is the
most that torch's allocator holds at once, weights, gradients and image apart. The aims are those
of the format that jobs compute in on this processor; it names the files, too: the table goes to
`benchmarks/results/search_step-FORMAT.md`, the numbers to the JSON file beside it.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import torch
from torch.profiler import ProfilerActivity, profile

from uxnet_compiler.files import write_text
from uxnet_compiler.machine.layout import channels_last
from uxnet_compiler.machine.prepare import prepare
from uxnet_compiler.machine.selftest import precision_for
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.sampling import make_relaxation
from uxnet_compiler.search.supernet import Supernet
from uxnet_compiler.spaces.uxnet import UXNetOptions, space

RESULTS = Path(__file__).parent / "results"
SIZE = (32, 48, 32)
SHARE = 4
# Passes of a relaxation that samples for each one of another.
DRAWS = 5


@dataclass(frozen=True)
class Way:
    """One way to compute a step.

    Attributes:
        relaxation: As `uxnet search --relaxation`.
        dtype: `float32` or `bfloat16`.
        is_last: Whether channels are last in memory.
        merged: Whether candidates share kernels.
    """

    relaxation: str
    dtype: str
    is_last: bool
    merged: bool = True


@dataclass(frozen=True)
class Aim:
    """How many times faster than plain a relaxation is to be, and with what share of its memory."""

    faster: float
    memory: float


AIMS = {"softmax": Aim(faster=4, memory=0.5), "sampled": Aim(faster=8, memory=0.3)}

WAYS = {
    "plain": Way("softmax", "float32", False, merged=False),
    "softmax float32": Way("softmax", "float32", False),
    "softmax float32 last": Way("softmax", "float32", True),
    "softmax bfloat16": Way("softmax", "bfloat16", True),
    "sampled float32": Way("sampled", "float32", False),
    "sampled float32 last": Way("sampled", "float32", True),
    "sampled bfloat16": Way("sampled", "bfloat16", True),
    "two-path bfloat16": Way("two-path", "bfloat16", True),
    "partial bfloat16": Way("partial", "bfloat16", True),
}


@dataclass(frozen=True)
class Found:
    """What one process measured: seconds of its passes, and peak MiB."""

    seconds: list[float]
    mib: float


def measure(way: Way, passes: int) -> Found:
    """Make some passes after one that warms up, then one (or several draws) for the memory.

    Args:
        way: What to measure.
        passes: Timed passes of a relaxation that computes every candidate.
    """
    bfloat16 = way.dtype == "bfloat16"
    config = SearchConfig.model_validate({"relaxation": way.relaxation})
    strides = ((1,) * 3, *((2,) * 3,) * 3)
    frame = space(UXNetOptions(out_channels=3, widths=(16, 32, 64, 128), strides=strides))
    torch.manual_seed(0)
    supernet = Supernet(frame, share=SHARE if way.relaxation == "partial" else 1)
    supernet.merge(way.merged)
    prepare(supernet, 3, is_last=way.is_last)
    relaxation = make_relaxation(frame, config)
    image = torch.randn(2, 1, *SIZE)
    if way.is_last:
        image = channels_last(image, 3)

    def once() -> None:
        supernet.zero_grad()
        weights = relaxation.draw(0.0, searching=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            logits = supernet(image, weights)
        torch.autograd.backward(logits.float().square().mean())

    once()
    seconds = []
    draws = DRAWS if way.relaxation in {"sampled", "two-path"} else 1
    for _ in range(passes * draws):
        start = time.perf_counter()
        once()
        seconds.append(time.perf_counter() - start)
    return Found(seconds, statistics.median(peak(once) for _ in range(draws)))


def peak(once: Callable[[], None]) -> float:
    """Return the most MiB that a pass holds at once beyond what is there before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        once()
    events = seen.profiler.kineto_results.events() if seen.profiler else []
    now = most = 0
    for event in sorted((e for e in events if e.name() == "[memory]"), key=lambda e: e.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return most / 2**20


@click.command()
@click.option(
    "--rounds", default=3, type=click.IntRange(min=1), show_default=True, help="Processes per row."
)
@click.option(
    "--passes",
    default=5,
    type=click.IntRange(min=1),
    show_default=True,
    help="Timed passes per process, five times as many of what samples.",
)
@click.option("--probe", type=click.Choice(list(WAYS)), hidden=True)
def main(rounds: int, passes: int, probe: str | None) -> None:
    """Measure, print the table and write it."""
    if probe is not None:
        print(json.dumps(asdict(measure(WAYS[probe], passes))))
        return
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    mib: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name in WAYS:
            command = [sys.executable, __file__, "--probe", name, "--passes", str(passes)]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found = Found(**json.loads(out.splitlines()[-1]))
            seconds[name] += found.seconds
            mib[name].append(found.mib)
    write({name: (statistics.median(seconds[name]), statistics.median(mib[name])) for name in WAYS})


def write(rows: dict[str, tuple[float, float]]) -> None:
    """Print the table and write it."""
    here = precision_for("cpu", 3)
    order = "last" if here.channels_last else "first"
    lines = [
        "# A step of the supernet",
        "",
        "    python benchmarks/search_step.py",
        "",
        f"torch {torch.__version__}, {torch.get_num_threads()} threads; forward and backward.",
        f"Jobs compute in {here.dtype} with channels {order} on this processor.",
        "",
        "| way | s | times faster | aim | reached | MiB | of plain | aim | reached |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    numbers = []
    base_s, base_mib = rows["plain"]
    for name, (s, mib) in rows.items():
        way, faster, part = WAYS[name], base_s / s, mib / base_mib
        is_job = way.merged and (way.dtype, way.is_last) == (here.dtype, here.channels_last)
        aim = AIMS.get(way.relaxation) if is_job else None
        fast = small = " |"
        if aim is not None:
            fast = f">= {aim.faster:g} | {'yes' if faster >= aim.faster else 'no'}"
            small = f"<= {aim.memory:g} | {'yes' if part <= aim.memory else 'no'}"
        lines.append(
            f"| {name} | {s:.3f} | {faster:.2f} | {fast} | {mib:.0f} | {part:.2f} | {small} |"
        )
        numbers.append({"way": name, "s": s, "mib": mib, "faster": faster, "memory": part})
    text = "\n".join(lines) + "\n"
    print(text)
    write_text(RESULTS / f"search_step-{here.dtype}.md", text)
    write_text(RESULTS / f"search_step-{here.dtype}.json", json.dumps(numbers, indent=2) + "\n")


if __name__ == "__main__":
    main()
