"""Ray hands the steps out; these tests start it five times in all, on this machine alone."""

from __future__ import annotations

import errno
import importlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import load
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.studies.budget import changed
from uxnet_compiler.studies.crew import STORE_BYTES, Crew, import_ray
from uxnet_compiler.studies.fan_out import RETRIES, fan_out, work
from uxnet_compiler.studies.outcome import Outcome
from uxnet_compiler.studies.step import DeriveStep, SearchStep, Step, Study


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """Put back the number of threads, which a worker sets."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def seeds(config: SearchConfig, data: Path, count: int) -> Study:
    steps: list[Step] = []
    for seed in range(count):
        own = changed(config, seed=seed, device="cpu")
        steps.append(SearchStep(name=f"seed-{seed}/search", data="data", config=own))
        steps.append(
            DeriveStep(name=f"seed-{seed}/all", data="data", search=f"seed-{seed}/search", tau=0)
        )
    return Study(tuple(steps), {"data": data})


def genotypes(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("genotype.json")}


def children(parent: int) -> list[int]:
    """Return the processes below a process, by /proc."""
    above = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        above[int(status.parent.name)] = int(fields[1])
    found: list[int] = []
    for pid in above:
        step = pid
        while step in above and step != parent:
            step = above[step]
        if step == parent and pid != parent:
            found.append(pid)
    return found


def has_begun(out: Path, name: str) -> bool:
    """Tell whether a search has made its first steps."""
    events = out / name / "events.jsonl"
    return events.is_file() and events.stat().st_size > 0


class Killer(threading.Thread):
    """Kill workers that search, once the time has come, as many as are asked for."""

    def __init__(self, ready: Callable[[], bool], times: int = 1) -> None:
        super().__init__(daemon=True)
        self.ready = ready
        self.times = times
        self.killed: set[int] = set()

    def run(self) -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until and len(self.killed) < self.times:
            time.sleep(0.01)
            if self.ready():
                there = set(children(os.getpid())) - self.killed
                workers = [pid for pid in there if _command(pid).startswith(b"ray::work")]
                for pid in workers[: self.times - len(self.killed)]:
                    os.kill(pid, signal.SIGKILL)
                    self.killed.add(pid)


class Listener(Observer):
    """Keep all notes."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def note(self, text: str) -> None:
        self.heard.append(text)


def test_the_number_of_workers_and_a_killed_one_do_not_change_what_is_found(
    phantom_set_2d: Path, tmp_path: Path, tiny_search: SearchConfig
) -> None:
    study = seeds(changed(tiny_search, steps=40), phantom_set_2d, 2)
    killer = Killer(lambda: has_begun(tmp_path / "killed", "seed-0/search"))
    listener = Listener()

    assert fan_out(study, tmp_path / "one", Crew(workers=1))
    killer.start()
    assert fan_out(study, tmp_path / "killed", Crew(workers=2), listener)
    killer.join()

    assert killer.killed
    assert any("worker was lost; it goes on" in text for text in listener.heard)
    alone = genotypes(tmp_path / "one")
    assert len(alone) == 4
    assert alone == genotypes(tmp_path / "killed")
    assert not [pid for pid in children(os.getpid()) if b"ray::" in _command(pid)]
    # What a worker finds is what this process finds.
    (tmp_path / "here").mkdir()
    here = work(study.steps[0], phantom_set_2d, tmp_path / "here", threads=1)
    assert here.complete
    assert (
        genotypes(tmp_path / "here")["seed-0/search/genotype.json"]
        == (alone["seed-0/search/genotype.json"])
    )


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def test_a_step_whose_workers_are_all_lost_is_one_line(
    phantom_set_2d: Path, tmp_path: Path, tiny_search: SearchConfig
) -> None:
    long = changed(tiny_search, steps=100_000, device="cpu")
    study = Study((SearchStep(name="long", data="data", config=long),), {"data": phantom_set_2d})
    killer, listener = Killer(lambda: True, times=RETRIES + 1), Listener()

    killer.start()
    with pytest.raises(RunError, match=f"long: its worker was lost {RETRIES + 1} times"):
        fan_out(study, tmp_path, Crew(workers=1), listener)
    killer.join()

    assert listener.heard[:-1] == ["long: its worker was lost; it goes on in another one"] * RETRIES


def test_a_cluster_that_loses_a_machine_finds_the_same_and_says_so_in_a_line(
    phantom_set_2d: Path,
    tmp_path: Path,
    tiny_search: SearchConfig,
    capfd: pytest.CaptureFixture[str],
) -> None:
    import_ray()
    cluster_of: Any = importlib.import_module("ray.cluster_utils").Cluster  # has no types

    # Long enough that both search when the machine is lost, whichever begins first.
    study = seeds(changed(tiny_search, steps=160), phantom_set_2d, 2)
    out, here = tmp_path / "cluster", tmp_path / "here"
    node = {"num_cpus": 1, "object_store_memory": STORE_BYTES}
    head = {**node, "include_dashboard": False}
    cluster = cluster_of(initialize_head=True, head_node_args=head)
    lost = [cluster.add_node(**node)]

    class LoseOne(Listener):
        def tick(self, done: float, **values: float) -> None:
            del done, values
            if lost and all(has_begun(out, f"seed-{seed}/search") for seed in (0, 1)):
                cluster.remove_node(lost.pop(), allow_graceful=False)

    listener = LoseOne()
    try:
        assert fan_out(study, out, Crew(address=cluster.address), listener)
    finally:
        cluster.shutdown()

    assert any("worker was lost; it goes on" in text for text in listener.heard)
    assert "raylet" not in capfd.readouterr().out
    for step in study.steps:
        assert work(step, phantom_set_2d, here, threads=1).complete
    assert genotypes(out) == genotypes(here)
    assert len(genotypes(here)) == 4


def test_ctrl_c_lets_every_step_save_and_a_failure_stops_what_needs_it_alone(
    phantom_set_2d: Path, tmp_path: Path, tiny_search: SearchConfig
) -> None:
    long = changed(tiny_search, steps=100_000, device="cpu")
    broken = changed(tiny_search, device="cpu", memory=1e-6)  # GiB
    steps = (
        SearchStep(name="broken", data="data", config=broken),
        DeriveStep(name="needs-it", data="data", search="broken", tau=0),
        SearchStep(name="long", data="data", config=long),
    )
    study = Study(steps, {"data": phantom_set_2d})
    heard: list[str] = []

    class StopWhenItRuns(Observer):
        def note(self, text: str) -> None:
            heard.append(text)

        def tick(self, done: float, **values: float) -> None:
            del done, values
            events = tmp_path / "long" / "events.jsonl"
            if events.is_file() and events.stat().st_size and "broken" in " ".join(heard):
                os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # pytest-xdist ignores it
    try:
        assert not fan_out(study, tmp_path, Crew(workers=2), StopWhenItRuns())
    finally:
        signal.signal(signal.SIGINT, before)

    assert any(text.startswith("broken: ") and "MiB are there" in text for text in heard)
    assert not (tmp_path / "needs-it").exists()
    assert load(tmp_path / "long" / "genotype.json").evidence is not None  # written at the stop


def test_a_gpu_by_number_is_refused(tmp_path: Path, tiny_search: SearchConfig) -> None:
    step = SearchStep(name="a", data="data", config=changed(tiny_search, device="cuda:1"))

    with pytest.raises(RunError, match="workers are given their GPU"):
        fan_out(Study((step,), {"data": tmp_path}), tmp_path / "out", Crew())


def test_a_step_that_fails_in_a_worker_is_one_line(
    tmp_path: Path, tiny_search: SearchConfig
) -> None:
    step = SearchStep(name="a", data="data", config=tiny_search)

    outcome = work(step, tmp_path / "nowhere", tmp_path / "out", threads=1)

    assert not outcome.complete
    assert outcome.error is not None
    assert "nowhere" in outcome.error
    assert "\n" not in outcome.error


def test_a_full_disk_under_a_worker_stops_its_step_alone_with_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_search: SearchConfig
) -> None:
    def full(*_: object) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device", "run/events.jsonl")

    monkeypatch.setattr("uxnet_compiler.studies.work.do", full)
    step = SearchStep(name="a", data="data", config=tiny_search)

    outcome = work(step, tmp_path, tmp_path / "out", threads=1)

    assert outcome == Outcome(complete=False, error="run/events.jsonl: No space left on device")
