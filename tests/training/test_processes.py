from __future__ import annotations

import random
import time
from pathlib import Path

import torch
from jobs import finish, places, start, train_job
from safetensors.torch import load_file

from uxnet_compiler.runs.events import read_events
from uxnet_compiler.runs.schedule import Schedule

KILLS = 4
SMALL = {"batch_size": 1, "device": "cpu", "precision": "float32"}


def test_a_training_that_is_killed_again_and_again_ends_the_same(
    phantom_set: Path, tmp_path: Path
) -> None:
    moment = random.Random(time.time_ns())
    out, whole = tmp_path / "killed", tmp_path / "whole"
    options = SMALL | {"folds": 3, "validations": 3, "validation_cases": 1}
    diary = out / "events.jsonl"
    for _ in range(KILLS):
        process = start(train_job, phantom_set, out, options | {"minutes": 0.1, "steps": 8})
        before = diary.stat().st_size if diary.exists() else 0
        while process.is_alive() and not (diary.exists() and diary.stat().st_size != before):
            time.sleep(0.01)
        time.sleep(moment.uniform(0, 0.3))
        process.kill()
        process.join()

    finish(start(train_job, phantom_set, out, options | {"minutes": 0.1, "steps": 8}))

    steps = Schedule.model_validate_json((out / "schedule.json").read_text()).steps
    finish(start(train_job, phantom_set, whole, options | {"steps": steps}))
    for name in ("weights.safetensors", "events.jsonl"):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name


def test_two_processes_train_as_one_with_the_double_batch(
    phantom_set: Path, tmp_path: Path
) -> None:
    pair, one = tmp_path / "pair", tmp_path / "one"
    # Not Adam, which makes a whole step of a gradient that is rounding alone.
    options = SMALL | {"steps": 4, "optimiser": "sgd", "deep_supervision": True}

    jobs = [start(train_job, phantom_set, pair, options, place) for place in places(2)]
    jobs += [start(train_job, phantom_set, one, options | {"batch_size": 2}, {})]
    finish(*jobs)

    shared = load_file(pair / "weights.safetensors")
    for name, value in load_file(one / "weights.safetensors").items():
        torch.testing.assert_close(shared[name], value, atol=1e-5, rtol=1e-5)
    diaries = [read_events(run / "events.jsonl") for run in (pair, one)]
    assert [len(diary) for diary in diaries] == [4, 4]
    for ours, theirs in zip(*diaries, strict=True):
        assert abs(float(str(ours["loss"])) - float(str(theirs["loss"]))) <= 1e-5
