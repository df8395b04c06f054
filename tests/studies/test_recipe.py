from __future__ import annotations

import json
from pathlib import Path

import pytest

from uxnet_compiler.errors import DataError
from uxnet_compiler.studies.published import published
from uxnet_compiler.studies.recipe import find_tasks, recipes

OFFICIAL = ("ISIC2018_Task1-2_Training_Input", "ISIC2018_Task1_Training_GroundTruth")


def make(folder: Path) -> Path:
    """Make a folder that looks like a data set."""
    folder.mkdir()
    (folder / "dataset.json").write_text("{}")
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


def test_what_was_inferred_of_the_brain_figures_is_told_as_likely() -> None:
    (note,) = (note for note in published().notes if note.startswith("Brain is"))

    assert note.startswith("Brain is almost certainly the mean over the three labels")


def test_tasks_are_found_by_their_folders_and_the_others_are_absent(tmp_path: Path) -> None:
    heart, skin = make(tmp_path / "Task02_Heart"), make(tmp_path / "ISIC2018_lesions")
    (tmp_path / "Task03_Liver").mkdir()  # empty
    (tmp_path / "Task05_Prostate").write_text("no folder")

    found = {name: place for name, (_, place) in find_tasks(tmp_path).items()}

    assert found["Task02_Heart"] == heart
    assert found["ISIC"] == skin
    assert found["Task03_Liver"] is None
    assert found["Task05_Prostate"] is None
    assert len(found) == 11


def test_two_data_sets_for_one_task_are_refused_when_it_is_asked_for(tmp_path: Path) -> None:
    make(tmp_path / "ISIC2017")
    make(tmp_path / "ISIC2018")

    for tasks in ((), ("Task02_Heart", "ISIC")):
        with pytest.raises(DataError, match=r"ISIC2017, ISIC2018 are all ISIC\*"):
            find_tasks(tmp_path, tasks)

    assert find_tasks(tmp_path, ("Task02_Heart",))["Task02_Heart"][1] is None


@pytest.mark.parametrize("inside", ["", "ISIC"])
def test_skin_lesions_may_lie_beside_the_tasks_as_they_were_unzipped(
    tmp_path: Path, inside: str
) -> None:
    for name in OFFICIAL:
        (tmp_path / inside / name).mkdir(parents=True)
    heart = make(tmp_path / "Task02_Heart")

    found = find_tasks(tmp_path)

    assert found["ISIC"][1] == tmp_path / inside
    assert found["Task02_Heart"][1] == heart


def test_one_of_the_two_folders_of_skin_lesions_is_no_data_set(tmp_path: Path) -> None:
    (tmp_path / OFFICIAL[0]).mkdir()

    assert find_tasks(tmp_path)["ISIC"][1] is None


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        find_tasks(tmp_path / "nowhere")


def test_recipes_say_in_json_what_they_say_in_yaml() -> None:
    for recipe in recipes().values():
        assert type(recipe).model_validate(json.loads(recipe.model_dump_json())) == recipe
