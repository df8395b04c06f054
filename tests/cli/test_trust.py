"""`uxnet search --seeds`, `uxnet trust` and `uxnet consensus` as people call them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from uxnet_compiler.cli.main import main
from uxnet_compiler.schema import load, loads

SMALL = ["--steps", "3", "--levels", "2", "--width", "2", "--batch-size", "1"]
SMALL += ["--precision", "float32"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def seeds(phantom_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli") / "out"
    made = run("search", phantom_set, "--out", out, "--seeds", 2, *SMALL)
    assert made.exit_code == 0, made.output
    assert "Seeds agree on " in made.stdout
    assert made.stdout.splitlines()[-1].startswith(f"{out}/genotype.json: consensus of 2, ")
    return out


def test_the_same_command_searches_nothing_twice(seeds: Path, phantom_set: Path) -> None:
    again = run("search", phantom_set, "--out", seeds, "--seeds", 2, "--json", *SMALL)

    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["names"] == ["seed-0", "seed-1"]
    assert "searching" not in again.stderr


def test_another_configuration_is_refused_in_one_line(seeds: Path, phantom_set: Path) -> None:
    other = run("search", phantom_set, "--out", seeds, "--seeds", 2, *SMALL, "--width", 3)

    assert other.exit_code == 1
    assert "width was 2, is now 3" in other.stderr
    assert other.stderr.count("\n") == 1


def test_trust_prints_verdicts_and_the_gap(seeds: Path) -> None:
    found = run("trust", seeds / "seed-0")

    assert found.exit_code == 0, found.output
    assert "3 steps in" in found.stdout
    assert "movement" in found.stdout
    assert "Dice on the same 8 patches" in found.stdout


def test_trust_as_json_is_the_report(seeds: Path) -> None:
    found = run("trust", seeds / "seed-1", "--json")

    assert json.loads(found.stdout) == json.loads((seeds / "seed-1" / "trust.json").read_text())


def test_trust_of_a_folder_that_is_no_search_is_one_line(tmp_path: Path) -> None:
    found = run("trust", tmp_path)

    assert found.exit_code == 1
    assert found.stderr == f"{tmp_path}: not a run folder (no config.json in it)\n"


def test_training_needs_the_data(seeds: Path) -> None:
    assert run("trust", seeds / "seed-0", "--train-minutes", 1).exit_code == 2


def test_trust_trains_and_compares(seeds: Path, phantom_set: Path) -> None:
    found = run(
        *("trust", seeds / "seed-0", phantom_set, "--train-minutes", 0.01, "--random", 0),
    )

    assert found.exit_code == 0, found.output
    assert "trained 0.01 minutes each" in found.stdout
    assert "genotype, trained" in found.stdout
    assert "unet" in found.stdout
    assert "the search saw them, too" in found.stdout


def test_consensus_of_the_runs_is_that_of_their_search(seeds: Path, tmp_path: Path) -> None:
    out, picture = tmp_path / "c.json", tmp_path / "c.svg"
    runs = (seeds / "seed-0", seeds / "seed-1" / "genotype.json")

    found = run("consensus", *runs, "-o", out, "--picture", picture)
    printed = run("consensus", *runs, "--json")

    assert found.exit_code == 0, found.output
    assert found.stdout == f"{out}\n"
    assert load(out).id == load(seeds / "genotype.json").id
    assert loads(printed.stdout) == load(out)
    assert "seed-0" in picture.read_text()


def test_a_consensus_tells_searches_of_one_name_apart_by_their_folders(
    seeds: Path, tmp_path: Path
) -> None:
    runs = [tmp_path / name / "search" for name in ("first", "second")]
    for folder, seed in zip(runs, ("seed-0", "seed-1"), strict=True):
        shutil.copytree(seeds / seed, folder)
    picture, twice = tmp_path / "c.svg", tmp_path / "twice.svg"

    run("consensus", *runs, "--picture", picture)
    run("consensus", runs[0], runs[0], "--picture", twice)

    assert "first/search" in picture.read_text()
    assert "second/search" in picture.read_text()
    assert tmp_path.name not in picture.read_text()
    assert "first" not in twice.read_text()


def test_a_consensus_says_on_how_much_its_searches_are_alike(seeds: Path, tmp_path: Path) -> None:
    out = tmp_path / "c.json"
    found = run("consensus", seeds / "seed-0", "-o", out)

    evidence = load(out).evidence
    assert evidence is not None
    gates, choices = len(evidence.gates), len(evidence.choices)
    alike = f"1 search: alike on {gates} of {gates} edges and {choices} of {choices} choices; "
    assert found.stderr.startswith(alike)


def test_consensus_of_different_spaces_is_one_line(seeds: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    run("sample", "-o", other)

    found = run("consensus", seeds / "seed-0", other, "--json")

    assert found.exit_code == 1
    assert found.stderr.startswith(f"{other}: space.options.")
    assert found.stderr.count("\n") == 1


def test_consensus_without_anything_to_make_is_a_usage_error(seeds: Path) -> None:
    assert run("consensus", seeds / "seed-0").exit_code == 2
