from __future__ import annotations

import json
from pathlib import Path

import pytest

from uxnet_compiler.errors import RunError
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.studies.budget import changed
from uxnet_compiler.studies.folder import STUDY, check, enter, is_done
from uxnet_compiler.studies.step import SearchStep, Study
from uxnet_compiler.zoo import zoo


def study(config: SearchConfig, *names: str, data: str = "/secret/place") -> Study:
    steps = tuple(SearchStep(name=name, data="data", config=config) for name in names)
    return Study(steps, {"data": Path(data)}, {"unet": zoo()["unet"].genotype()})


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
