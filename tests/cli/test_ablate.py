from __future__ import annotations

import json
import shutil
from pathlib import Path

from click.testing import CliRunner

from uxnet_compiler.cli.main import main
from uxnet_compiler.schema import load

SEARCH = "levels: 2\nwidth: 2\nbatch_size: 1\nprecision: float32\n"
TRAIN = "batch_size: 1\nprecision: float32\nvalidation_cases: 0\n"


def options(data: Path, folder: Path) -> list[str]:
    (folder / "search.yaml").write_text(SEARCH)
    (folder / "train.yaml").write_text(TRAIN)
    files = f"--search-config {folder}/search.yaml --train-config {folder}/train.yaml"
    budget = "--search-steps 2 --train-steps 2 --folds 3 --fold 1 --device cpu"
    return ["ablate", str(data), "--out", str(folder / "out"), *files.split(), *budget.split()]


def test_the_dry_run_counts_the_jobs_and_writes_nothing(
    phantom_set_2d: Path, tmp_path: Path
) -> None:
    result = CliRunner().invoke(main, [*options(phantom_set_2d, tmp_path), "--dry-run", "--json"])

    assert result.exit_code == 0, result.output
    assert [row[:4] for row in json.loads(result.stdout)["rows"]] == [
        ["data", "searches", 3, 0],
        ["data", "trainings", 6, 0],
        ["data", "evaluations", 6, 0],
        ["all", "jobs", 15, 0],
    ]
    assert not (tmp_path / "out").exists()


def test_six_networks_are_compared_and_a_second_call_only_reads(
    phantom_set_2d: Path, tmp_path: Path
) -> None:
    call = [*options(phantom_set_2d, tmp_path), "--json"]
    out = tmp_path / "out"

    first = CliRunner().invoke(main, call)
    weights = out / "fold-1" / "none" / "training" / "weights.safetensors"
    made_at = weights.stat().st_mtime_ns
    again = CliRunner().invoke(main, call)

    assert first.exit_code == 0, first.output
    table = json.loads(first.stdout)
    assert [row[:3] for row in table["rows"]] == [
        ["no", "no", None],
        ["yes", "no", None],
        ["no", "yes", 0.75],
        ["yes", "yes", 0.6],
        ["yes", "yes", 0.75],
        ["yes", "yes", 0.9],
    ]
    assert [row[-1] for row in table["rows"]] == [72.5, 73.43, 73.65, 73.9, 74.57, 74.35]
    assert all(0 <= row[3] <= 100 for row in table["rows"])
    assert json.loads(again.stdout) == table
    assert weights.stat().st_mtime_ns == made_at
    assert json.loads((out / "ablation.json").read_text()) == table
    page = (out / "ablation.md").read_text()
    assert page.startswith("# Ablation as in Table 1 of UXNet\n")
    assert "phantom_0" not in page
    other = Path(shutil.copytree(phantom_set_2d, tmp_path / "other"))
    next((other / "labelsTr").iterdir()).write_bytes(b"mended by hand")
    refused = CliRunner().invoke(main, [*options(other, tmp_path), "--json"])
    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert f"{out}: was made from other data (data); choose a new --out" in refused.stderr
    derived = load(out / "fold-1" / "both-tau-0.60" / "genotype" / "genotype.json")
    searched = load(out / "fold-1" / "both" / "search" / "genotype.json")
    assert derived.evidence == searched.evidence


def test_a_fold_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["ablate", "x", "--out", str(tmp_path / "o"), "--fold", "5"])

    assert result.exit_code == 1
    assert result.stderr == "fold 5: there are 5 folds, 0 to 4\n"


def test_a_list_of_folds_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["ablate", "x", "--out", str(tmp_path / "o"), "--fold", "a"])

    assert result.exit_code == 2
    assert "write 0,1,2" in result.stderr
