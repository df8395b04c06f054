from __future__ import annotations

import json
from pathlib import Path

import pytest

from uxnet_compiler.errors import DataError
from uxnet_compiler.studies.published import published
from uxnet_compiler.studies.recipe import find_tasks, recipes


def make(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_there_is_a_recipe_for_each_of_the_ten_tasks_and_for_skin() -> None:
    found = recipes()

    assert [name[:6] for name in found if name != "ISIC"] == [f"Task{n:02}" for n in range(1, 11)]
    assert "ISIC" in found


@pytest.mark.parametrize("name", recipes())
def test_a_recipe_ends_after_its_steps_and_flips_as_it_trains(name: str) -> None:
    recipe = recipes()[name]

    assert recipe.search.steps
    assert recipe.train.steps
    assert recipe.search.minutes is None
    assert recipe.train.minutes is None
    assert recipe.search.mirror == recipe.train.mirror
    assert recipe.search.tau == 0.75


def test_published_figures_belong_to_recipes() -> None:
    for model in published().models:
        assert model.dice.keys() <= recipes().keys(), model.name


def test_the_uxnet_row_is_that_of_the_paper() -> None:
    (row,) = (model for model in published().models if model.name.startswith("UXNet"))

    assert row.dice == {
        "Task01_BrainTumour": 74.57,
        "Task02_Heart": 93.50,
        "Task05_Prostate": 76.36,
        "ISIC": 89.6,
    }


def test_tasks_are_found_by_their_folders_and_the_others_are_absent(tmp_path: Path) -> None:
    heart, skin = make(tmp_path / "Task02_Heart"), make(tmp_path / "ISIC2018_lesions")
    (tmp_path / "Task05_Prostate").write_text("no folder")

    found = {name: place for name, (_, place) in find_tasks(tmp_path).items()}

    assert found["Task02_Heart"] == heart
    assert found["ISIC"] == skin
    assert found["Task05_Prostate"] is None
    assert len(found) == 11


def test_two_folders_for_one_task_are_refused(tmp_path: Path) -> None:
    make(tmp_path / "ISIC2017")
    make(tmp_path / "ISIC2018")

    with pytest.raises(DataError, match=r"ISIC2017, ISIC2018 are all ISIC\*"):
        find_tasks(tmp_path)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        find_tasks(tmp_path / "nowhere")


def test_recipes_say_in_json_what_they_say_in_yaml() -> None:
    for recipe in recipes().values():
        assert type(recipe).model_validate(json.loads(recipe.model_dump_json())) == recipe
