from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from uxnet_compiler.data.cases import load_cases
from uxnet_compiler.data.fingerprint import fingerprint
from uxnet_compiler.data.plan import plan
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.errors import DataError
from uxnet_compiler.runs.events import EventLog
from uxnet_compiler.runs.schedule import Schedule
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.studies.budget import changed
from uxnet_compiler.studies.folder import enter
from uxnet_compiler.studies.outlook import as_table, outlook
from uxnet_compiler.studies.step import EvaluateStep, PlainStep, SearchStep, Step, Study, TrainStep
from uxnet_compiler.training.config import TrainConfig


def chain(name: str, search: SearchConfig, train: TrainConfig) -> tuple[Step, ...]:
    return (
        SearchStep(name=f"{name}/search", data="data", config=search),
        TrainStep(name=f"{name}/train", data="data", genotype=f"{name}/search", config=train),
        EvaluateStep(name=f"{name}/evaluate", data="data", training=f"{name}/train"),
    )


def test_hours_follow_the_steps_and_minutes_are_what_they_say(
    phantom_set_2d: Path, tmp_path: Path, tiny_search: SearchConfig, tiny_train: TrainConfig
) -> None:
    train = changed(tiny_train, folds=3)
    steps = (
        *chain("short", changed(tiny_search, steps=10), changed(train, steps=10)),
        *chain("long", changed(tiny_search, steps=40), changed(train, steps=40)),
        *chain(
            "timed",
            changed(tiny_search, steps=None, minutes=30),
            changed(train, steps=None, minutes=60),
        ),
    )

    found = {
        one.step.name: one for one in outlook(Study(steps, {"data": phantom_set_2d}), tmp_path)
    }

    for kind in ("search", "train"):
        assert found[f"short/{kind}"].hours > 0
        assert found[f"long/{kind}"].hours == pytest.approx(4 * found[f"short/{kind}"].hours)
        assert found[f"short/{kind}"].memory_bytes > 0
    assert found["timed/search"].hours == 0.5
    assert found["timed/train"].hours == 1.0
    assert found["short/evaluate"].hours > 0
    assert not list(tmp_path.iterdir())


def loaded_bytes(data: Path) -> int:
    """Preprocess a data set, and count the bytes of its images and label maps."""
    dataset = open_dataset(data)
    planned = plan(fingerprint(dataset), memory_bytes=2**30, bytes_per_voxel=1.0)
    cases = load_cases(dataset, [case.id for case in dataset.cases], planned)
    return sum(case["image"].nbytes + case["label"].nbytes for case in cases)


@pytest.mark.parametrize(("channel", "folds_of_each"), [("MRI", 1), ("CT", 2)])
def test_the_disk_holds_each_image_once_and_for_each_fold_when_it_is_ct(
    phantom_set_2d: Path,
    tmp_path: Path,
    tiny_search: SearchConfig,
    tiny_train: TrainConfig,
    channel: str,
    folds_of_each: int,
) -> None:
    data = Path(shutil.copytree(phantom_set_2d, tmp_path / "data"))
    document = json.loads((data / "dataset.json").read_text())
    (data / "dataset.json").write_text(json.dumps(document | {"modality": {"0": channel}}))
    search = changed(tiny_search, folds=2)
    train = changed(tiny_train, folds=2, validation_cases=3)
    steps: tuple[Step, ...] = (
        SearchStep(name="search", data="data", config=search),
        TrainStep(name="first", data="data", genotype="search", config=train),
        TrainStep(name="again", data="data", genotype="search", config=changed(train, seed=1)),
        TrainStep(name="other", data="data", genotype="search", config=changed(train, fold=1)),
    )

    found = [one.disk_bytes for one in outlook(Study(steps, {"data": data}), tmp_path / "out")]

    whole = loaded_bytes(data)
    assert found[:3] == [whole // 2, whole // 2, 0]
    assert sum(found) == folds_of_each * whole


def test_more_folds_than_cases_are_told_before_anything_is_timed(
    phantom_set_2d: Path, tmp_path: Path, tiny_search: SearchConfig
) -> None:
    step = SearchStep(name="search", data="data", config=changed(tiny_search, folds=7))

    with pytest.raises(DataError, match="7 folds of 6 cases; 2 to 6 folds are right"):
        outlook(Study((step,), {"data": phantom_set_2d}), tmp_path)


def test_what_is_done_takes_nothing(
    phantom_set_2d: Path, tmp_path: Path, tiny_search: SearchConfig, tiny_train: TrainConfig
) -> None:
    steps = chain("a", tiny_search, changed(tiny_train, folds=3))
    (tmp_path / "study" / "a" / "search").mkdir(parents=True)
    (tmp_path / "study" / "a" / "search" / "summary.json").write_text('{"complete": true}')
    study = Study(steps[:1], {"data": phantom_set_2d})
    (tmp_path / "study" / "study.json").write_text(study.document().model_dump_json())

    (found,) = outlook(study, tmp_path / "study")

    assert found.is_done
    assert found.hours == 0


def test_of_what_was_begun_the_rest_is_told(
    phantom_set_2d: Path, tmp_path: Path, tiny_search: SearchConfig
) -> None:
    timed = changed(tiny_search, steps=None, minutes=60)
    study = Study(
        tuple(SearchStep(name=name, data="data", config=timed) for name in ("begun", "new")),
        {"data": phantom_set_2d},
    )
    enter(study, tmp_path)
    folder = tmp_path / "begun"
    folder.mkdir()
    (folder / "schedule.json").write_text(Schedule(steps=40, minutes=60).model_dump_json())
    with EventLog(folder) as log:
        log.emit("search", 9, loss=1.0)
        log.emit("search", 10, loss=0.9)

    begun, new = outlook(study, tmp_path)

    assert not begun.is_done
    assert begun.hours == 0.75
    assert new.hours == 1.0
    assert begun.disk_bytes == new.disk_bytes == 0  # it has read the data of both


def test_the_table_counts_jobs_by_kind_and_shares_the_time_among_workers(
    phantom_set_2d: Path, tmp_path: Path, tiny_search: SearchConfig
) -> None:
    timed = changed(tiny_search, steps=None, minutes=120)
    steps: tuple[Step, ...] = (
        PlainStep(name="unet", data="data", config=timed),
        *(SearchStep(name=name, data="data", config=timed) for name in ("a", "b")),
    )
    found = outlook(Study(steps, {"data": phantom_set_2d}), tmp_path)

    table = as_table(found, workers=2)

    assert table.title == "About 2.0 hours, 2 at a time"
    assert [row[:5] for row in table.rows] == [("data", "searches", 2, 0, 4.0)]
    assert [column.head for column in table.columns[-2:]] == ["memory GiB", "disk GiB"]
    assert table.rows[0][-1] == pytest.approx(6 * 32 * 32 * 5 / 2**30)
