"""`uxnet check` as people call it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from strategies import document

from uxnet_compiler import dump, load
from uxnet_compiler.cli.main import main
from uxnet_compiler.schema import json_schema
from uxnet_compiler.zoo import resolve


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["check", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def good(tmp_path: Path) -> str:
    dump(resolve("zoo:unet"), tmp_path / "good.json")
    return str(tmp_path / "good.json")


@pytest.fixture
def bad(tmp_path: Path) -> str:
    data = document()
    data["architecture"]["nodes"][0]["level"] = 5
    data["architecture"]["edges"][2]["target"] = "z"
    (tmp_path / "bad.json").write_text(json.dumps(data))
    return str(tmp_path / "bad.json")


def test_good_genotypes_get_a_line_each(good: str) -> None:
    code, stdout, stderr = run(good, "zoo:dla")

    assert (code, stderr) == (0, "")
    assert (
        stdout == f"{good}: ok, {load(good).id[:12]}\nzoo:dla: ok, {resolve('zoo:dla').id[:12]}\n"
    )


def test_every_defect_gets_a_line_and_the_others_are_still_checked(good: str, bad: str) -> None:
    code, stdout, stderr = run(bad, good, "none.json", "zoo:unte")

    assert code == 1
    assert stdout.startswith(f"{good}: ok, ")
    assert stderr.splitlines() == [
        f"{bad}: architecture.nodes[0].level: level 5, but there are 2 levels",
        f"{bad}: architecture.edges[2].target: there is no node 'z'",
        "none.json: cannot be read: No such file or directory",
        "no genotype of the zoo is called 'unte'; did you mean 'unet'?",
    ]


def test_the_schema_is_printed() -> None:
    assert run("--print-schema") == (0, json_schema(), "")


def test_nothing_to_check_is_a_usage_error() -> None:
    code, _, stderr = run()

    assert code == 2
    assert "name at least one genotype" in stderr


@pytest.mark.parametrize("arguments", [["--help"], ["check", "zoo:unet"], ["check", "--help"]])
def test_checking_and_help_import_nothing_heavy(arguments: list[str]) -> None:
    heavy = ("torch", "monai", "SimpleITK", "numpy", "networkx", "scipy", "matplotlib", "rich")
    code = (
        "import sys; from click.testing import CliRunner; from uxnet_compiler.cli.main import main;"
        f"result = CliRunner().invoke(main, {arguments}); assert result.exit_code == 0, result;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True)

    assert done.stdout.decode().strip() == "[]"
