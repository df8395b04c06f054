"""Scores and slices of cases in a report, in a browser."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from uxnet_compiler.errors import DataError, RunError
from uxnet_compiler.pages.report import write_report
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.evaluate import evaluate
from uxnet_compiler.training.train import train
from uxnet_compiler.zoo import fit, resolve

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def trained(phantom_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run that was evaluated on all six cases."""
    strides = ((1, 1, 1), (2, 2, 2))
    unet = fit(resolve("zoo:unet"), in_channels=1, out_channels=5, widths=(4, 8), strides=strides)
    out = tmp_path_factory.mktemp("runs") / "run"
    config = TrainConfig(steps=2, folds=6, validations=2, validation_cases=1, device="cpu")
    train(unet, phantom_set, out, config)
    evaluate(out, phantom_set, cases=[], device="cpu")
    return out


@pytest.fixture(scope="module")
def with_cases(trained: Path, phantom_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "report.html"
    write_report((str(trained),), out, data=phantom_set)
    return out


def test_a_training_shows_curves_and_scores_without_its_data(
    page: Page, trained: Path, tmp_path: Path
) -> None:
    write_report((str(trained),), tmp_path / "report.html")
    page.goto((tmp_path / "report.html").as_uri())

    heads = ["Architecture", "Costs", "Scores", "Curves", "Provenance"]
    assert page.locator("h2").all_inner_texts() == heads
    labels = page.locator("#scores ~ .table-frame tbody th").all_inner_texts()
    assert labels == ["organ", "core", "vessel", "lesion", "mean"]
    assert page.locator("#chart-a0-loss, #chart-a0-dice").count() == 2


def test_the_worst_the_median_and_the_best_case_are_shown_by_number(
    page: Page, with_cases: Path, trained: Path
) -> None:
    page.goto(with_cases.as_uri())

    tabs = page.locator("#tabs-cases-a0 [role=tab]").all_inner_texts()
    assert [tab.split(": case ")[0] for tab in tabs] == ["worst", "median", "best"]
    assert "phantom_00" not in with_cases.read_text()
    scores = json.loads((trained / "evaluation" / "scores.json").read_text())["cases"]
    dice = [sum(one["dice"] for one in case["scores"].values()) / 4 for case in scores]
    assert tabs[0] == f"worst: case {dice.index(min(dice)) + 1}"
    assert page.locator(".overlay p").first.inner_text().startswith(f"Mean Dice {min(dice):.4f}:")


def test_a_slider_goes_through_the_slices_of_its_plane(page: Page, with_cases: Path) -> None:
    page.goto(with_cases.as_uri())
    planes = page.locator(".overlay").first.locator(".plane")
    assert planes.count() == 3
    plane = planes.first
    image, truth = plane.locator("image"), plane.locator("path.truth")
    before = (image.get_attribute("x"), image.get_attribute("y"), truth.get_attribute("d"))
    other = planes.last.locator("path.truth").get_attribute("d")

    plane.locator("input").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")

    after = (image.get_attribute("x"), image.get_attribute("y"), truth.get_attribute("d"))
    assert before[:2] != after[:2]
    assert before[2] != after[2]
    assert before[2]
    assert planes.last.locator("path.truth").get_attribute("d") == other
    place = plane.locator("output").inner_text()
    assert plane.locator("input").get_attribute("aria-valuetext") == f"slice {place}"


def test_one_label_can_be_outlined_alone(page: Page, with_cases: Path) -> None:
    page.goto(with_cases.as_uri())
    truth = page.locator(".overlay").first.locator("path.truth").first
    every = truth.get_attribute("d") or ""

    page.locator(".overlay-label").select_option("organ")

    alone = truth.get_attribute("d") or ""
    assert every.startswith(alone)
    assert len(alone) < len(every)


def test_names_of_cases_are_shown_when_asked_for(trained: Path, tmp_path: Path) -> None:
    write_report((str(trained / "evaluation"),), tmp_path / "report.html", names=True)

    text = (tmp_path / "report.html").read_text()
    assert text.count("phantom_00") >= 6
    assert '<h2 id="architecture">' in text  # the genotype lies in the folder above


def test_label_maps_are_compared_with_the_references(
    page: Page, phantom_set: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "maps"
    folder.mkdir()
    labels = sorted((phantom_set / "labelsTr").glob("*.nii.gz"))[:2]
    for label in labels:
        shutil.copy(label, folder)

    write_report((str(folder),), tmp_path / "report.html", data=phantom_set)
    page.goto((tmp_path / "report.html").as_uri())

    assert page.locator("h2").all_inner_texts() == ["Scores", "Cases"]
    assert "1.0000" in page.locator("#scores ~ .table-frame").first.inner_text()
    truth = page.locator(".overlay path.truth").first.get_attribute("d")
    assert truth == page.locator(".overlay path.found").first.get_attribute("d")


def test_label_maps_without_data_say_nothing(phantom_set: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="--data names the data set"):
        write_report((str(phantom_set / "labelsTr"),), tmp_path / "report.html")


def test_label_maps_of_other_cases_are_refused(phantom_set: Path, tmp_path: Path) -> None:
    folder = tmp_path / "maps"
    folder.mkdir()
    label = next((phantom_set / "labelsTr").glob("*.nii.gz"))
    shutil.copy(label, folder / "somebody.nii.gz")

    with pytest.raises(DataError, match="no label map is called as a case"):
        write_report((str(folder),), tmp_path / "report.html", data=phantom_set)


def test_scores_alone_cannot_be_looked_at(trained: Path, phantom_set: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "evaluation", tmp_path / "alone")

    with pytest.raises(DataError, match="no trained network beside these scores"):
        write_report((str(tmp_path / "alone"),), tmp_path / "report.html", data=phantom_set)


def without_scores(told: dict[str, Any]) -> None:
    told["cases"] = []


def without_a_label(told: dict[str, Any]) -> None:
    told["cases"][0]["scores"] = {}


def with_no_number(told: dict[str, Any]) -> None:
    told["cases"][0]["scores"]["organ"]["dice"] = float("nan")


def without_a_summary(told: dict[str, Any]) -> None:
    del told["summary"]


@pytest.mark.parametrize(
    "damage", [without_scores, without_a_label, with_no_number, without_a_summary]
)
def test_damaged_scores_are_told_in_a_line(
    damage: Callable[[dict[str, Any]], None], trained: Path, tmp_path: Path
) -> None:
    told = json.loads((trained / "evaluation" / "scores.json").read_text())
    damage(told)
    folder = tmp_path / "alone"
    folder.mkdir()
    (folder / "scores.json").write_text(json.dumps(told))

    with pytest.raises(RunError, match=r"scores\.json: ") as error:
        write_report((str(folder),), tmp_path / "report.html")

    assert "\n" not in str(error.value)
