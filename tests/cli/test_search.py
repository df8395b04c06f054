from __future__ import annotations

import json
from pathlib import Path

import yaml
from click.testing import CliRunner

from uxnet_compiler.cli.main import main
from uxnet_compiler.schema import load, loads

SMALL = ["--steps", "3", "--levels", "2", "--width", "2", "--batch-size", "1"]


def test_search_then_derive_gives_two_genotypes_of_one_search(
    phantom_set: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    runner = CliRunner()

    searched = runner.invoke(
        main,
        ["search", str(phantom_set), "--out", str(out), *SMALL, "--precision", "float32"],
        catch_exceptions=False,
    )
    derived = runner.invoke(main, ["derive", str(out), "--tau", "0"], catch_exceptions=False)

    assert searched.exit_code == 0, searched.output
    assert "of 3 edges kept" in searched.stdout
    assert derived.exit_code == 0, derived.output
    everything = load(out / "genotype-tau-0.json")
    assert everything.evidence == load(out / "genotype.json").evidence
    assert len(everything.architecture.edges) == 5


def test_print_config_shows_every_option_and_can_be_read_back(tmp_path: Path) -> None:
    runner = CliRunner()
    first = runner.invoke(main, ["search", "--print-config", "--seed", "7", "--width", "8"])
    file = tmp_path / "search.yaml"
    file.write_text(first.stdout)

    second = runner.invoke(main, ["search", "--print-config", "--config", str(file)])

    assert first.stdout == second.stdout
    values = yaml.safe_load(first.stdout)
    assert values["seed"] == 7
    assert values["width"] == 8
    assert values["minutes"] == 10.0


def test_search_without_data_is_a_usage_error() -> None:
    assert CliRunner().invoke(main, ["search", "--out", "x"]).exit_code == 2


def test_derive_of_a_genotype_without_evidence_is_one_line(tmp_path: Path) -> None:
    runner = CliRunner()
    plain = json.loads(runner.invoke(main, ["sample"]).stdout)
    plain.pop("evidence")
    file = tmp_path / "plain.json"
    file.write_text(json.dumps(plain))

    result = runner.invoke(main, ["derive", str(file), "--tau", "0.5", "-o", str(tmp_path / "o")])

    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert f"{file}: evidence: missing" in result.stderr
    assert not (tmp_path / "o").exists()


def test_sample_is_the_same_for_a_seed_and_differs_between_seeds() -> None:
    runner = CliRunner()

    first, again, other = (
        runner.invoke(main, ["sample", "--seed", seed]).stdout for seed in ("1", "1", "2")
    )

    assert first == again
    assert loads(first).id != loads(other).id


def test_sample_takes_the_frame(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    frame = "--spatial-dims 2 --strides 1x1,2x2,2x2 --widths 4,8,16 --in-channels 3 --tau 0"
    result = CliRunner().invoke(main, ["sample", *frame.split(), "-o", str(file)])

    assert result.exit_code == 0, result.output
    architecture = load(file).architecture
    assert architecture.widths == (4, 8, 16)
    assert architecture.in_channels == 3


def test_an_unknown_space_is_one_line() -> None:
    result = CliRunner().invoke(main, ["sample", "--space", "uxnt"])

    assert result.exit_code == 1
    assert "did you mean 'uxnet'?" in result.stderr
