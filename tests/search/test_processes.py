from __future__ import annotations

from pathlib import Path

import pytest
import torch
from jobs import finish, places, search_job, start
from safetensors.torch import load_file

from uxnet_compiler.runs.events import read_events
from uxnet_compiler.schema import Evidence, load
from uxnet_compiler.search.inherit import SUPERNET_FILE

SMALL = {
    "steps": 5,
    "levels": 2,
    "width": 2,
    "precision": "float32",
    "warmup": 0.2,
}


def evidence(run: Path) -> Evidence:
    found = load(run / "genotype.json").evidence
    assert found is not None
    return found


@pytest.mark.parametrize("order", ["first", "second"])
def test_two_processes_search_as_one_with_the_double_batch(
    order: str, phantom_set: Path, tmp_path: Path
) -> None:
    pair, one = tmp_path / "pair", tmp_path / "one"
    config = SMALL | {"order": order, "evidence": "learned"}

    jobs = [
        start(search_job, phantom_set, pair, config | {"batch_size": 1}, place)
        for place in places(2)
    ]
    jobs += [start(search_job, phantom_set, one, config | {"batch_size": 2}, {})]
    finish(*jobs)

    for key, gate in evidence(one).gates.items():
        assert abs(gate - evidence(pair).gates[key]) <= 1e-5
    for name, candidates in evidence(one).choices.items():
        for key, weight in candidates.items():
            assert abs(weight - evidence(pair).choices[name][key]) <= 1e-5
    shared = load_file(pair / SUPERNET_FILE)
    for name, value in load_file(one / SUPERNET_FILE).items():
        # Adam divides by the size of the gradient, so where that is rounding alone, so is its
        # step: hence an absolute tolerance, small against the 2e-3 of one step.
        torch.testing.assert_close(shared[name], value, atol=1e-5, rtol=1e-5)
    diaries = [read_events(run / "events.jsonl") for run in (pair, one)]
    for ours, theirs in zip(*diaries, strict=True):
        assert abs(float(str(ours["loss"])) - float(str(theirs["loss"]))) <= 1e-5
        assert (ours["dice"] is None) == (theirs["dice"] is None)
        # Overlaps of all patches are added up, of which one process sees every other.
        assert abs(float(str(ours["dice"] or 0)) - float(str(theirs["dice"] or 0))) <= 1e-3


def test_two_processes_write_one_run_and_go_on_together(phantom_set: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    jobs = [start(search_job, phantom_set, out, SMALL | {"batch_size": 1}, p) for p in places(2)]
    diary = out / "events.jsonl"
    while not (diary.exists() and diary.stat().st_size) and jobs[0].is_alive():
        jobs[0].join(0.01)
    jobs[0].terminate()  # a signal to one of them stops both

    for job in jobs:
        job.join(60)
    assert [job.exitcode for job in jobs] == [0, 0]
    finish(*[start(search_job, phantom_set, out, SMALL | {"batch_size": 1}, p) for p in places(2)])

    steps = [event["step"] for event in read_events(out / "events.jsonl")]
    assert steps == [1, 2, 3, 4, 5]
