from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from uxnet_compiler.cli.main import main

STUDY = """
seeds: [0, 1]
search: {levels: 2, width: 2, batch_size: 1, precision: float32, steps: 2, device: cpu}
"""


def test_a_sweep_leaves_a_genotype_for_each_seed_and_a_table(
    phantom_set_2d: Path, tmp_path: Path
) -> None:
    study, out = tmp_path / "study.yaml", tmp_path / "out"
    study.write_text(STUDY + f"data: {phantom_set_2d}\n")

    result = CliRunner().invoke(
        main, ["sweep", str(study), "--out", str(out), "--workers", "1", "--json"]
    )

    assert result.exit_code == 0, result.output
    table = json.loads(result.stdout)
    assert [row[:3] for row in table["rows"]] == [["searched", 0, None], ["searched", 1, None]]
    assert (out / "searched/seed-1/search/genotype.json").is_file()
    assert (out / "sweep.md").read_text().startswith("# Sweep of 2 trials\n")


def test_the_data_of_a_file_lie_beside_it(tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    study.write_text("data: images\n")

    result = CliRunner().invoke(main, ["sweep", str(study), "--out", str(tmp_path / "o")])

    assert result.exit_code == 1
    assert str(tmp_path / "images") in result.stderr


def test_the_genotypes_of_a_file_lie_beside_it_too_and_those_of_an_option_do_not(
    phantom_set_2d: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, here = tmp_path / "beside", tmp_path / "here"
    for folder in (beside, here):
        folder.mkdir()
    monkeypatch.chdir(here)
    study = beside / "study.yaml"
    study.write_text(f"data: {phantom_set_2d}\ngenotypes: [zoo:unet2d, mine.json]\n")
    call = ["sweep", str(study), "--out", str(tmp_path / "o"), "--train-minutes", "1", "--dry-run"]

    missing = CliRunner().invoke(main, call)
    optional = CliRunner().invoke(main, [*call, "--genotypes", "mine.json"])

    assert missing.stderr.startswith(f"{beside / 'mine.json'}: ")
    assert optional.stderr.startswith("mine.json: ")


def test_without_ray_a_sweep_says_what_to_install(
    phantom_set_2d: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    call = ["sweep", "--data", str(phantom_set_2d), "--out", str(tmp_path / "o")]

    result = CliRunner().invoke(main, [*call, "--search-minutes", "1"])

    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        "a sweep with workers needs Ray: pip install 'uxnet-compiler[ray]'"
    )


def test_the_dry_run_needs_no_ray_and_shares_the_time(
    phantom_set_2d: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    call = ["sweep", "--data", str(phantom_set_2d), "--out", str(tmp_path / "o"), "--dry-run"]
    trials = ["--seeds", "0,1,2", "--search-minutes", "60", "--workers", "3", "--json"]

    result = CliRunner().invoke(main, [*call, *trials])

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["title"] == "About 1.0 hours, 3 at a time"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "0,0"], "seeds: one of them is there twice"),
        (["--genotypes", "zoo:unet"], "to be trained"),
        (["--genotypes", "zoo:nothing", "--train-steps", "1"], "nothing"),
    ],
)
def test_a_sweep_that_cannot_be_is_one_line(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    call = ["sweep", "--data", str(tmp_path), "--out", str(tmp_path / "o")]

    result = CliRunner().invoke(main, [*call, *arguments])

    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_sweep_without_data_is_a_usage_error(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["sweep", "--out", str(tmp_path / "o")]).exit_code == 2
