from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from uxnet_compiler.compiler import network_cost
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.errors import DataError, RunError
from uxnet_compiler.runs.lock import alone_in
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import dump, load
from uxnet_compiler.search.budget.derive import derive_within
from uxnet_compiler.search.budget.limits import Wish
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.spaces.uxnet import UXNET, UXNetOptions, space
from uxnet_compiler.studies.budget import changed
from uxnet_compiler.studies.folder import is_done
from uxnet_compiler.studies.scores import pooled
from uxnet_compiler.studies.step import (
    DeriveStep,
    EvaluateStep,
    PlainStep,
    SearchStep,
    Step,
    Study,
    TrainStep,
)
from uxnet_compiler.studies.work import do, run_study
from uxnet_compiler.training.config import TrainConfig


class Notes(Observer):
    """Remember what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def silent() -> nullcontext[Observer]:
    return nullcontext(Observer())


def steps(search: SearchConfig, train: TrainConfig) -> tuple[Step, ...]:
    train = changed(train, folds=3)
    return (
        PlainStep(name="unet", data="data", config=search),
        SearchStep(name="search", data="data", config=search),
        DeriveStep(name="all", data="data", search="search", tau=0.0),
        TrainStep(name="training", data="data", genotype="all", config=train),
        EvaluateStep(name="evaluation", data="data", training="training"),
    )


def test_another_threshold_keeps_the_limits_of_the_search(
    tmp_path: Path,
) -> None:
    frame = space(UXNetOptions(widths=(4, 8, 8), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2))))
    searched = derive_within(UXNET.sample(frame, 1), wish=Wish(params=3000), size=(8, 8, 8))
    dump(searched, tmp_path / "search" / "genotype.json")
    step = DeriveStep(name="all", data="data", search="search", tau=0.0)

    do(step, tmp_path, tmp_path, Observer())

    found = load(tmp_path / "all" / "genotype.json")
    assert found.space is not None
    assert found.space.tau == 0.0
    assert network_cost(found.architecture, (8, 8, 8)).params <= 3000


def test_every_kind_of_step_leaves_its_result_and_is_done_once(
    phantom_set_2d: Path, tmp_path: Path, tiny_search: SearchConfig, tiny_train: TrainConfig
) -> None:
    study = Study(steps(tiny_search, tiny_train), {"data": phantom_set_2d})
    notes = Notes()

    first = run_study(study, tmp_path, lambda: nullcontext(notes))
    again = run_study(study, tmp_path, lambda: nullcontext(notes))

    assert first
    assert again
    assert [text for text in notes.said if " of " in text] == [
        "[1 of 5] unet",
        "[2 of 5] search",
        "[3 of 5] all",
        "[4 of 5] training",
        "[5 of 5] evaluation",
    ]
    unet, everything = (load(tmp_path / name / "genotype.json") for name in ("unet", "all"))
    assert unet.architecture.widths == everything.architecture.widths == (2, 4)
    assert len(everything.architecture.edges) == 5
    found = pooled(tmp_path, ["evaluation"])
    assert found.num_cases == 2
    assert 0 <= found.dice <= 1


def test_a_study_that_is_stopped_goes_on_and_finds_the_same(
    phantom_set_2d: Path, tmp_path: Path, tiny_search: SearchConfig
) -> None:
    config = changed(tiny_search, steps=4)
    step = SearchStep(name="search", data="data", config=config)
    study = Study((step,), {"data": phantom_set_2d})

    class StopAfterOne(Observer):
        def tick(self, done: float, **values: float) -> None:
            del done
            if values.get("step") == 1:
                os.kill(os.getpid(), signal.SIGINT)

    @contextmanager
    def stopping() -> Iterator[Observer]:
        yield StopAfterOne()

    assert not run_study(study, tmp_path / "a", stopping)
    assert not is_done(step, tmp_path / "a")
    assert run_study(study, tmp_path / "a", silent)
    assert run_study(study, tmp_path / "b", silent)

    one, other = (tmp_path / name / "search" / "genotype.json" for name in "ab")
    assert one.read_bytes() == other.read_bytes()


def test_a_step_that_fails_says_why_and_leaves_nothing(
    tmp_path: Path, tiny_search: SearchConfig
) -> None:
    step = SearchStep(name="search", data="data", config=tiny_search)

    with pytest.raises(DataError, match="nowhere"):
        do(step, tmp_path / "nowhere", tmp_path / "out", Observer())

    assert not (tmp_path / "out" / "search").exists()


def test_a_damaged_data_set_stops_its_own_steps_alone_until_it_is_mended(
    phantom_set_2d: Path, tmp_path: Path, tiny_search: SearchConfig
) -> None:
    bad = Path(shutil.copytree(phantom_set_2d, tmp_path / "bad"))
    label = open_dataset(bad).cases[0].label
    whole = label.read_bytes()
    label.write_bytes(whole[:40])
    steps = (
        SearchStep(name="bad/search", data="bad", config=tiny_search),
        DeriveStep(name="bad/derived", data="bad", search="bad/search", tau=0),
        PlainStep(name="good/unet", data="good", config=tiny_search),
    )
    study, out = Study(steps, {"bad": bad, "good": phantom_set_2d}), tmp_path / "out"
    notes = Notes()

    with pytest.raises(RunError) as error:
        run_study(study, out, lambda: nullcontext(notes))

    assert str(error.value).startswith(f"bad/search: {label}: ")
    assert str(error.value).endswith(" (jobs that need what failed: 1)")
    assert any(text.startswith(f"bad/search: {label}: ") for text in notes.said)
    assert is_done(steps[2], out)
    assert not (out / "bad").exists()

    label.write_bytes(whole)
    assert run_study(study, out, silent)
    assert all(is_done(step, out) for step in steps)


def test_ctrl_c_stops_a_study_at_once(
    phantom_set_2d: Path,
    tmp_path: Path,
    tiny_search: SearchConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[str] = []

    def stopped(step: Step, *_: object) -> bool:
        begun.append(step.name)
        raise KeyboardInterrupt

    monkeypatch.setattr("uxnet_compiler.studies.work.do", stopped)
    steps = tuple(SearchStep(name=name, data="data", config=tiny_search) for name in "ab")

    assert not run_study(Study(steps, {"data": phantom_set_2d}), tmp_path, silent)
    assert begun == ["a"]


def test_a_study_that_another_job_is_at_is_refused(
    phantom_set_2d: Path, tmp_path: Path, tiny_search: SearchConfig
) -> None:
    study = Study(
        (PlainStep(name="unet", data="data", config=tiny_search),), {"data": phantom_set_2d}
    )
    with alone_in(tmp_path / "out"):
        with pytest.raises(RunError, match="another job is at work here"):
            run_study(study, tmp_path / "out", silent)
        assert list((tmp_path / "out").iterdir()) == []

    assert run_study(study, tmp_path / "out", silent)


def test_data_that_cannot_be_used_is_told_before_anything_is_written(
    tiny_search: SearchConfig, tmp_path: Path
) -> None:
    step = SearchStep(name="search", data="data", config=tiny_search)

    with pytest.raises(DataError, match="no such folder"):
        run_study(Study((step,), {"data": tmp_path / "none"}), tmp_path / "out", silent)

    assert not (tmp_path / "out").exists()
