from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from uxnet_compiler.cli.main import main
from uxnet_compiler.compiler import network_cost
from uxnet_compiler.schema import load


@pytest.fixture
def document(tmp_path: Path) -> Path:
    frame = "--strides 1x1x1,2x2x2 --widths 4,8 --tau 0"
    file = tmp_path / "sample.json"
    made = CliRunner().invoke(main, ["sample", *frame.split(), "-o", str(file)])
    assert made.exit_code == 0, made.output
    return file


def derive(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["derive", *map(str, words)])


def test_a_document_is_derived_within_limits(document: Path, tmp_path: Path) -> None:
    out = tmp_path / "small.json"

    result = derive(document, "--max-params", "1.2k", "--size", "16x16x16", "-o", out)

    assert result.exit_code == 0, result.output
    assert result.stdout == f"{out}\n"
    assert "to stay within the limits" in result.stderr
    genotype = load(out)
    assert network_cost(genotype.architecture).params <= 1200
    assert json.loads(out.read_text())["space"]["limits"] == {
        "size": [16, 16, 16],
        "batch_size": 2,
        "params": 1200,
    }


def test_a_run_gets_a_file_with_the_limits_in_its_name(document: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    document.rename(run / "genotype.json")

    result = derive(run, "--tau", "0.5", "--max-macs", "1G", "--size", "16x16x16")

    assert result.exit_code == 0, result.output
    assert result.stdout == f"{run / 'genotype-tau-0.5-macs-1000000000.json'}\n"


def test_an_impossible_limit_is_one_line(document: Path, tmp_path: Path) -> None:
    out = tmp_path / "small.json"

    result = derive(document, "--max-memory", "1KiB", "--size", "16x16x16", "-o", out)

    assert result.exit_code == 1
    assert result.stderr.startswith("--max-memory 9.53674316e-07 is impossible: the smallest")
    assert result.stderr.count("\n") == 1
    assert not out.exists()


def test_limits_are_forgotten_on_request(document: Path, tmp_path: Path) -> None:
    small, free = tmp_path / "small.json", tmp_path / "free.json"
    derive(document, "--max-params", "1200", "--size", "16x16x16", "-o", small)

    result = derive(small, "--unlimited", "-o", free)

    assert result.exit_code == 0, result.output
    assert free.read_bytes() == document.read_bytes()


def test_edges_carry_their_gates_on_request(document: Path, tmp_path: Path) -> None:
    soft, hard = tmp_path / "soft.json", tmp_path / "hard.json"

    first = derive(document, "--soft", "-o", soft)
    second = derive(soft, "--hard", "-o", hard)

    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert "scale@1" in soft.read_text()
    assert hard.read_bytes() == document.read_bytes()


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("--tau", "nan", 2),
        ("--max-latency", "inf", 2),
        ("--max-params", "1000000000t", 1),
        ("--max-memory", "99999999999TiB", 1),
        ("--size", "70000x32x32", 1),
    ],
)
def test_a_number_that_no_document_can_hold_is_one_line(
    document: Path, tmp_path: Path, option: str, value: str, code: int
) -> None:
    out = tmp_path / "out.json"
    rest = ("--max-macs", "1G") if option == "--size" else ("--size", "16x16x16")

    found = derive(document, option, value, *rest, "-o", out)

    assert found.exit_code == code, found.output
    assert "Traceback" not in found.stderr
    assert code == 2 or found.stderr.count("\n") == 1
    assert not out.exists()
