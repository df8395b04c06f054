from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from uxnet_compiler.data.phantom import write_phantom
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.errors import DataError, RunError
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.studies.budget import changed
from uxnet_compiler.studies.folder import (
    STUDY,
    check,
    enter,
    is_done,
    remember,
    require_data,
)
from uxnet_compiler.studies.step import SearchStep, Study
from uxnet_compiler.zoo import zoo


def study(config: SearchConfig, *names: str, data: str = "/secret/place") -> Study:
    steps = tuple(SearchStep(name=name, data="data", config=config) for name in names)
    return Study(steps, {"data": Path(data)}, {"unet": zoo()["unet"].genotype()})


@pytest.fixture
def other_data(phantom_set_2d: Path, tmp_path: Path) -> Path:
    """Return a copy of a data set in which one label map is another."""
    copy = Path(shutil.copytree(phantom_set_2d, tmp_path / "other"))
    open_dataset(copy).cases[0].label.write_bytes(b"mended by hand")
    return copy


def begun(config: SearchConfig, data: Path, out: Path) -> Study:
    """Enter a study and begin its one step, as far as its folder."""
    found = study(config, "a", data=str(data))
    enter(found, out)
    remember(found, found.steps[0], out, Observer())
    (out / "a").mkdir()
    return found


def test_the_folder_of_a_study_names_its_steps_and_no_path(
    tmp_path: Path, tiny_search: SearchConfig
) -> None:
    enter(study(tiny_search, "a", "b/c"), tmp_path)

    text = (tmp_path / STUDY).read_text()
    assert [step["name"] for step in json.loads(text)["steps"]] == ["a", "b/c"]
    assert "secret" not in text
    assert (tmp_path / "given" / "unet" / "genotype.json").is_file()


def test_steps_may_be_added_and_none_is_forgotten(
    tmp_path: Path, tiny_search: SearchConfig
) -> None:
    enter(study(tiny_search, "a"), tmp_path)

    enter(study(tiny_search, "b"), tmp_path)

    steps = json.loads((tmp_path / STUDY).read_text())["steps"]
    assert [step["name"] for step in steps] == ["a", "b"]


def test_a_step_that_is_made_in_another_way_is_refused(
    tmp_path: Path, tiny_search: SearchConfig
) -> None:
    enter(study(tiny_search, "a"), tmp_path)
    other = study(changed(tiny_search, steps=3), "a")

    with pytest.raises(RunError, match=r"step a: config\.steps was 2, is now 3"):
        enter(other, tmp_path)


def test_another_genotype_of_the_same_name_is_refused(
    tmp_path: Path, tiny_search: SearchConfig
) -> None:
    enter(study(tiny_search), tmp_path)
    other = Study((), {}, {"unet": zoo()["unetpp"].genotype()})

    with pytest.raises(RunError, match="genotype unet: was another network"):
        check(other, tmp_path)


def test_data_are_known_by_their_bytes_wherever_they_lie(
    phantom_set_2d: Path, other_data: Path, tmp_path: Path, tiny_search: SearchConfig
) -> None:
    begun(tiny_search, phantom_set_2d, tmp_path / "out")
    copy = shutil.copytree(phantom_set_2d, tmp_path / "copy")
    text = (tmp_path / "out" / STUDY).read_text()

    enter(study(tiny_search, "a", data=str(copy)), tmp_path / "out")
    with pytest.raises(RunError, match=r"was made from other data \(data\); choose a new --out"):
        enter(study(tiny_search, "a", data=str(other_data)), tmp_path / "out")

    assert (tmp_path / "out" / STUDY).read_text() == text
    assert str(phantom_set_2d) not in text
    assert not [case.id for case in open_dataset(phantom_set_2d).cases if case.id in text]


def test_data_that_nothing_was_made_from_may_be_mended(
    phantom_set_2d: Path, other_data: Path, tmp_path: Path, tiny_search: SearchConfig
) -> None:
    out = tmp_path / "out"
    begun(tiny_search, phantom_set_2d, out)
    (out / "a").rmdir()

    begun(tiny_search, other_data, out)

    with pytest.raises(RunError, match="was made from other data"):
        enter(study(tiny_search, "a", data=str(phantom_set_2d)), out)


def test_a_folder_whose_data_are_not_known_yet_learns_them(
    phantom_set_2d: Path, tmp_path: Path, tiny_search: SearchConfig
) -> None:
    enter(study(tiny_search, "a"), tmp_path)
    (tmp_path / "a").mkdir()
    assert json.loads((tmp_path / STUDY).read_text())["data"] == {}

    found = study(tiny_search, "a", data=str(phantom_set_2d))
    enter(found, tmp_path)
    remember(found, found.steps[0], tmp_path, Observer())

    assert json.loads((tmp_path / STUDY).read_text())["data"].keys() == {"data"}


def test_more_folds_than_cases_are_told_beforehand_with_the_folder(
    phantom_set_2d: Path, tiny_search: SearchConfig
) -> None:
    config = changed(tiny_search, folds=7)

    with pytest.raises(DataError) as error:
        require_data(study(config, "a", data=str(phantom_set_2d)))

    assert str(error.value) == f"{phantom_set_2d}: 7 folds of 6 cases; 2 to 6 folds are right"


def test_a_single_case_is_told_to_be_too_few_for_any_folds(
    tmp_path: Path, tiny_search: SearchConfig
) -> None:
    write_phantom(tmp_path / "one", cases=1, size=(16, 16))
    config = changed(tiny_search, folds=2)

    with pytest.raises(DataError, match="2 folds of 1 cases; without a second case"):
        require_data(study(config, "a", data=str(tmp_path / "one")))


def test_a_folder_with_something_else_in_it_is_left_alone(
    tmp_path: Path, tiny_search: SearchConfig
) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")

    with pytest.raises(RunError, match="not empty, and no study"):
        enter(study(tiny_search, "a"), tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_broken_study_is_one_line(tmp_path: Path, tiny_search: SearchConfig) -> None:
    (tmp_path / STUDY).write_text('{"steps": [{"kind": "sing"}]}')

    with pytest.raises(RunError, match=r"study\.json: steps\.0") as error:
        enter(study(tiny_search, "a"), tmp_path)

    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("complete", "done"), [(True, True), (False, False)])
def test_a_search_is_done_when_it_says_so(
    tmp_path: Path, tiny_search: SearchConfig, complete: bool, done: bool
) -> None:
    (step,) = study(tiny_search, "a").steps
    assert not is_done(step, tmp_path)

    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "summary.json").write_text(json.dumps({"complete": complete}))

    assert is_done(step, tmp_path) == done
