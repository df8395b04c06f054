"""Compare compiled networks with the same networks as nnU-Net and MONAI build them.

    python benchmarks/compiler.py --data FOLDER

Both sides run in turn in one process, with the same weights and images; times are medians. Memory
is the most that torch's allocator holds at once in a forward pass, weights and image apart; for
DiNTS also the peak resident memory of a process of its own. The tables go to
`benchmarks/results/compiler.md`, the numbers to the JSON file beside it. FOLDER holds `dints/` with
the published code and `Task04_Hippocampus/`, on which a U-Net is trained first.
"""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import click
import torch
from compiler_networks import (
    Sides,
    compiled,
    dints,
    dints_ours,
    dints_theirs,
    runtimes,
    unet,
)
from compiler_scale import curve
from measure import largest_difference, medians, peak_bytes

from uxnet_compiler.backends import torch as backend
from uxnet_compiler.backends.target import Network
from uxnet_compiler.compiler import assemble
from uxnet_compiler.files import write_text
from uxnet_compiler.lowering import lower
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.passes import INFERENCE, run_passes
from uxnet_compiler.runtimes import Runtime, on_torch
from uxnet_compiler.schema import loads
from uxnet_compiler.zoo import resolve, zoo

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Row:
    """One figure: what was found, against what, and what was aimed at.

    Attributes:
        what: The figure.
        ours: Of the compiled network.
        theirs: Of the other side, `None` when there is none.
        unit: Of both.
        found: The ratio, or `ours` when there is no other side.
        limit: Where `found` should be.
        at_least: Whether the limit is a lower one.
    """

    what: str
    ours: float
    theirs: float | None
    unit: str
    found: float
    limit: float | None
    at_least: bool = False

    @property
    def reached(self) -> str:
        """Say `yes`, `no`, or nothing without a limit."""
        if self.limit is None:
            return ""
        good = self.found >= self.limit if self.at_least else self.found <= self.limit
        return "yes" if good else "no"

    def line(self) -> str:
        """Return the row of a table."""
        theirs = "" if self.theirs is None else f"{self.theirs:.4g} {self.unit}"
        sign = ">=" if self.at_least else "<="
        limit = "" if self.limit is None else f"{sign} {self.limit:g}"
        return (
            f"| {self.what} | {self.ours:.4g} {self.unit} | {theirs} | {self.found:.3g} |"
            f" {limit} | {self.reached} |"
        )


def ratio(what: str, ours: float, theirs: float, unit: str, limit: float | None = None) -> Row:
    """Return a row that compares two sides."""
    return Row(what, ours, theirs, unit, ours / theirs, limit)


def figure(what: str, ours: float, unit: str, limit: float | None = None) -> Row:
    """Return a row without another side."""
    return Row(what, ours, None, unit, ours, limit)


def in_float32(network: Network) -> Runtime:
    """Return what runs a network in torch, in float32, as `uxnet predict` does."""
    precision = Precision("float32", False, "asked for")
    return on_torch(network.module, len(network.divisor), torch.device("cpu"), precision)


def image_of(side: int) -> torch.Tensor:
    """Return a random image (1, 1, side, side, side)."""
    return torch.randn(1, 1, side, side, side, generator=torch.Generator().manual_seed(side))


def against_others(sides: Sides, size: int, limits: tuple[float, float]) -> list[Row]:
    """Compare eager float32: results, latency and peak memory at one size."""
    image, ours = image_of(size), in_float32(sides.ours)
    calls: dict[str, Callable[[], object]] = {"ours": partial(ours, image)}
    for name, module in sides.others.items():
        calls[name] = partial(module, image)
    times = medians(calls, repeats=5)
    peaks = {name: peak_bytes(call) / 2**20 for name, call in calls.items()}
    rows = []
    for name, module in sides.others.items():
        title = f"{sides.ours.name}, {size}^3, against {name}"
        difference = largest_difference(ours, module, image)
        rows += [
            figure(f"{title}: largest relative difference", difference, "", 1e-5),
            ratio(f"{title}: eager", 1e3 * times["ours"], 1e3 * times[name], "ms", limits[0]),
            ratio(f"{title}: peak memory", peaks["ours"], peaks[name], "MiB", limits[1]),
        ]
    return rows


def of_runtimes(sides: Sides, size: int, limit: float, *, faster: bool) -> list[Row]:
    """Compare every runtime with the others' eager float32 at one size."""
    image = image_of(size)
    name, theirs = next(iter(sides.others.items()))
    ways = {str(way): way for way in runtimes(sides.ours)}
    calls: dict[str, Callable[[], object]] = {t: partial(way, image) for t, way in ways.items()}
    times = medians(calls | {name: partial(theirs, image)}, repeats=5)
    gaps = {title: largest_difference(way, theirs, image) for title, way in ways.items()}
    best = min(calls, key=times.__getitem__)
    rows = []
    for way in calls:
        what = f"{sides.ours.name}, {size}^3, {way} (differs by {gaps[way]:.2g}) against {name}"
        mine, other = 1e3 * times[way], 1e3 * times[name]
        aim = limit if way == best else None
        if faster:
            rows.append(Row(what, mine, other, "ms", other / mine, aim, at_least=True))
        else:
            rows.append(Row(what, mine, other, "ms", mine / other, aim))
    return rows


def of_passes(name: str, size: int) -> list[Row]:
    """Compare a compiled genotype with its unoptimised lowering and with its supernet."""
    network = compiled(resolve(name))
    ours = in_float32(network)
    plain = assemble(network.document, network.document, network.stored).eval()
    image = image_of(size)
    calls: dict[str, Callable[[], object]] = {
        "ours": partial(ours, image),
        "plain": partial(plain, image),
    }
    supernet = supernet_of(name)
    if supernet is not None:
        calls["supernet"] = partial(supernet, image)
    peaks = {side: peak_bytes(call) / 2**20 for side, call in calls.items()}
    ways: dict[str, Callable[[], object]] = {
        str(way): partial(way, image) for way in runtimes(network)
    }
    times = medians(calls | ways, repeats=5)
    best = min(ways, key=times.__getitem__)
    what = f"{name}, {size}^3, {best}, against its unoptimised lowering in eager float32"
    rows = [ratio(what, 1e3 * times[best], 1e3 * times["plain"], "ms", 0.7)]
    for side, title in (("plain", "its unoptimised lowering"), ("supernet", "its supernet")):
        if side in calls:
            what = f"{name}, {size}^3, against {title}"
            limit = 0.7 if side == "plain" else None
            mine, other = 1e3 * times["ours"], 1e3 * times[side]
            rows += [
                ratio(f"{what}: eager", mine, other, "ms", limit),
                ratio(f"{what}: peak memory", peaks["ours"], peaks[side], "MiB", limit),
            ]
    return rows


def supernet_of(name: str) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """Return the supernet of a genotype's space, when it names one: all ops, all edges open."""
    from uxnet_compiler.search.supernet import Supernet, all_open
    from uxnet_compiler.spaces import FAMILIES

    genotype = resolve(name)
    if genotype.space is None:
        return None
    space = FAMILIES[genotype.space.family].space(genotype.space)
    whole, weights = Supernet(space).eval(), all_open(space)
    return lambda image: whole(image, weights)


def of_building() -> list[Row]:
    """Time reading, passes and building of the largest genotype of the zoo, without weights."""

    def parameters(entry: str) -> int:
        document = lower(zoo()[entry].genotype().architecture)
        return sum(
            value.op.params(tuple(document[s].type for s in value.inputs))
            for value in document.values()
        )

    largest = max(zoo(), key=parameters)
    text = zoo()[largest].document.read_text(encoding="utf-8")
    times = []
    for _ in range(5):
        start = perf_counter()
        graph = run_passes(lower(loads(text, source=largest).architecture), INFERENCE)
        backend.build(graph, seed=None)
        times.append(perf_counter() - start)
    return [figure(f"read, optimise and build zoo:{largest}", statistics.median(times), "s", 0.5)]


def of_scale() -> list[Row]:
    """Time all passes on synthetic graphs of growing size."""
    rows = []
    for point in curve():
        limit = 10.0 if point.values >= 100_000 else None
        rows.append(figure(f"all passes, {point.values:,} values", point.total, "s", limit))
    return rows


def of_dice(data: Path, work: Path, minutes: float) -> list[Row]:
    """Compare the held-out Dice of a trained U-Net, torch against the fastest runtime."""
    run, genotype = work / "train-unet", work / "unet.json"
    fold = ("--folds", 5, "--fold", 0)
    if not run.exists():
        frame = ("--in-channels", 1, "--out-channels", 3, "--widths", "16,32,64,128")
        uxnet("zoo", "copy", "unet", genotype, *frame)
        uxnet("train", genotype, data, "--out", run, *fold, "--minutes", minutes)
    scores = {}
    for runtime in ("torch", "openvino"):
        out = work / f"evaluation-{runtime}"
        uxnet("evaluate", run, data, "--runtime", runtime, "--out", out)
        text = (out / "scores.json").read_text(encoding="utf-8")
        scores[runtime] = json.loads(text)["summary"]["dice"]
    change = abs(scores["openvino"] - scores["torch"])
    what = "mean held-out Dice on hippocampus, OpenVINO against torch"
    return [Row(what, scores["openvino"], scores["torch"], "", change, 0.002)]


def uxnet(*arguments: object) -> None:
    """Call the command line."""
    subprocess.run([sys.executable, "-m", "uxnet_compiler.cli", *map(str, arguments)], check=True)


def of_resident(code: Path, size: int) -> list[Row]:
    """Compare the peak resident memory of processes that only run one DiNTS each."""
    found = {}
    for side in ("ours", "theirs"):
        command = [sys.executable, __file__, "--data", str(code.parents[1])]
        command += ["--probe", side, str(size)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found[side] = float(out.splitlines()[-1]) / 2**10
    what = f"DiNTS, {size}^3, against MONAI: peak memory of the process"
    return [ratio(what, found["ours"], found["theirs"], "MiB", 0.7)]


@torch.inference_mode()
def probe(code: Path, side: str, size: int) -> None:
    """Run one side once and print the peak resident memory of that, in KiB."""
    module = dints_ours(code).module if side == "ours" else dints_theirs(code)
    image = image_of(size)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak so far
    module(image)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True),
    envvar="UXNET_TEST_DATA",
    help="Folder with dints/ and Task04_Hippocampus/; without it their figures are left out.",
)
@click.option(
    "--work",
    type=click.Path(path_type=Path),
    default=Path("bench"),
    help="Where a U-Net is trained, unless it is there.",
)
@click.option("--train-minutes", default=6.0, help="How long.", show_default=True)
@click.option("--probe", "probed", type=(str, int), hidden=True)
def main(
    data: Path | None, work: Path, train_minutes: float, probed: tuple[str, int] | None
) -> None:
    """Measure, print the table and write it."""
    code = data / "dints" / "arch_code_cvpr.pth" if data else None
    if probed is not None:
        assert code is not None
        probe(code, *probed)
        return
    rows = of_building() + of_scale()
    for name in ("zoo:hippocampus", "zoo:denseunet"):
        rows += of_passes(name, 64)
    plain = unet()
    rows += against_others(plain, 64, (1.0, 0.9)) + against_others(plain, 128, (1.0, 0.9))
    rows += of_runtimes(plain, 64, 8.0, faster=True)
    if code is not None:
        rows += of_resident(code, 96)
        published = dints(code)
        rows += against_others(published, 96, (0.9, 0.7))
        rows += of_runtimes(published, 96, 0.3, faster=False)
        del published
    if data is not None:
        rows += of_dice(data / "Task04_Hippocampus", work, train_minutes)
    write(rows)


def write(rows: list[Row]) -> None:
    """Print the table and write it."""
    lines = [
        "# The compiler against others",
        "",
        "    python benchmarks/compiler.py --data FOLDER",
        "",
        f"torch {torch.__version__}, {torch.get_num_threads()} threads. Found: ours divided by",
        "theirs, or ours where nobody else is; where the aim is at least, theirs divided by ours.",
        "",
        "| figure | ours | theirs | found | aim | reached |",
        "|---|---|---|---|---|---|",
        *(row.line() for row in rows),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    write_text(RESULTS / "compiler.md", text)
    numbers = [asdict(row) | {"reached": row.reached} for row in rows]
    write_text(RESULTS / "compiler.json", json.dumps(numbers, indent=2) + "\n")


if __name__ == "__main__":
    main()
