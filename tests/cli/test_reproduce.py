from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from uxnet_compiler.cli.main import main
from uxnet_compiler.data.phantom import write_phantom

QUICK = ["--search-steps", "2", "--train-steps", "2", "--folds", "2", "--device", "cpu"]


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds made-up patients under the names of two tasks."""
    folder = tmp_path_factory.mktemp("tasks")
    write_phantom(folder / "Task02_Heart", cases=4, size=(16, 16))
    write_phantom(folder / "Task04_Hippocampus", cases=4, size=(16, 16))
    return folder


def test_published_figures_stand_above_those_found_here(tasks: Path, tmp_path: Path) -> None:
    call = ["reproduce", "table2", "--data", str(tasks), "--out", str(tmp_path / "out"), *QUICK]

    result = CliRunner().invoke(main, [*call, "--tasks", "Task02_Heart", "--with-unet", "--json"])

    assert result.exit_code == 0, result.output
    table = json.loads(result.stdout)
    assert [column["head"] for column in table["columns"]] == ["Dice %", "Heart", "source"]
    rows = {row[0]: row[1] for row in table["rows"]}
    assert rows["UXNet, tau 0.75"] == 93.5
    assert rows["nnU-Net"] == 92.7
    for network in ("searched", "unet"):
        assert 0 <= rows[f"{network}, here"] <= 100
        assert 0 <= rows[f"{network}, here, fold unseen by the search"] <= 100
    notes = " ".join(table["notes"])
    assert "not run again by UXNet's authors" in notes
    assert "Absent: Brain, Liver, Prostate" in notes
    evaluation = tmp_path / "out/Task02_Heart/searched/fold-1/evaluation/scores.json"
    assert json.loads(evaluation.read_text())["summary"]["tta"]


def test_the_dry_run_tells_hours_and_memory_of_what_is_there(tasks: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    call = ["reproduce", "table2", "--data", str(tasks), "--out", str(out), *QUICK]

    result = CliRunner().invoke(main, [*call, "--dry-run", "--json"])

    assert result.exit_code == 0, result.output
    rows = {(row[0], row[1]): row[2:] for row in json.loads(result.stdout)["rows"]}
    assert rows["Task02_Heart", "searches"][0] == 1
    assert rows["Task04_Hippocampus", "trainings"][0] == 2
    assert all(row[2] > 0 for row in rows.values())
    assert "absent: Brain, Liver" in result.stderr
    assert not out.exists()


def test_the_outlook_of_real_images_needs_their_headers_alone(
    shared_data: Path, tmp_path: Path
) -> None:
    call = ["reproduce", "table2", "--data", str(shared_data), "--out", str(tmp_path / "out")]
    task = ["--tasks", "Task04_Hippocampus", "--search-minutes", "60", "--device", "cpu"]

    result = CliRunner().invoke(main, [*call, *task, "--dry-run", "--json"])

    assert result.exit_code == 0, result.output
    rows = {row[1]: row[2:] for row in json.loads(result.stdout)["rows"]}
    assert rows["searches"][:3] == [1, 0, 1.0]
    assert rows["trainings"][0] == 5
    assert rows["trainings"][2] > 1  # hours, even on the fastest CPU
    assert 0.5 < rows["searches"][3] < 11  # GiB, within the recipe's


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tasks", "Task05_Prostate"], "has no folder Task05_Prostate"),
        (["--tasks", "Task5"], "Task5: no recipe has this name"),
        (["--folds", "3", "--fold", "3"], "fold 3: there are 3 folds"),
    ],
)
def test_what_is_not_there_is_one_line(
    tasks: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    call = ["reproduce", "table2", "--data", str(tasks), "--out", str(tmp_path / "out")]

    result = CliRunner().invoke(main, [*call, *arguments])

    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_folder_without_any_task_is_one_line(tmp_path: Path) -> None:
    call = ["reproduce", "table2", "--data", str(tmp_path), "--out", str(tmp_path / "out")]

    result = CliRunner().invoke(main, call)

    assert result.exit_code == 1
    assert "holds none of Task01_BrainTumour" in result.stderr
