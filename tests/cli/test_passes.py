"""`uxnet passes` as people call it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from uxnet_compiler.cli.main import main
from uxnet_compiler.passes import INFERENCE, PASSES, TRAINING


def run(*arguments: str) -> tuple[int, str, str]:
    runner = CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1"})
    result = runner.invoke(main, ["passes", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_list_names_every_pass_in_order_with_its_options() -> None:
    code, stdout, stderr = run()

    named = [line.split()[0] for line in stdout.splitlines() if line[:1].strip()]
    assert (code, stderr) == (0, "")
    assert [name for name in named if name in PASSES] == list(PASSES)
    assert "tau=0.75" in stdout
    assert max(map(len, stdout.splitlines())) <= 100


def test_the_list_as_json_has_all_that_there_is_to_know() -> None:
    _, stdout, _ = run("--json")

    rows = {row["name"]: row for row in json.loads(stdout)}
    assert list(rows) == list(PASSES)
    for name, row in rows.items():
        assert row["trainable"] == PASSES[name].trainable
        assert row["exact"] == PASSES[name].exact
        assert all(row[key].strip() for key in ("purpose", "before", "after", "keeps"))
        lists = {"training": TRAINING, "inference": INFERENCE}
        assert row["lists"] == [
            key for key, passes in lists.items() if name in {each.name for each in passes}
        ]
    assert rows["prune-gates"]["options"] == [
        {"name": "tau", "default": 0.75, "purpose": "The weakest gate that stays."}
    ]


def test_one_pass_is_explained() -> None:
    code, stdout, _ = run("conv-before-upsample")

    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    assert code == 0
    assert lines[0] == "conv-before-upsample"
    assert "Put a 1x1 convolution before the upsampling that it reads." in lines
    assert "before x -> upsample -> conv 1x1" in lines
    assert "after x -> conv 1x1 -> upsample" in lines
    assert "trainable yes" in lines
    assert "runs in training, inference" in lines


def test_one_pass_as_json_is_its_row_of_the_list() -> None:
    rows = json.loads(run("--json")[1])

    assert json.loads(run("prune-gates", "--json")[1]) == rows[list(PASSES).index("prune-gates")]


@pytest.mark.parametrize("name", PASSES)
def test_every_pass_explains_all_of_its_options(name: str) -> None:
    row = json.loads(run(name, "--json")[1])

    code, stdout, _ = run(name)

    assert code == 0
    for option in row["options"]:
        assert option["purpose"], f"{name}: {option['name']} wants a line in Attributes"
        assert f"{option['name']}={option['default']}" in stdout


def test_an_unknown_pass_is_one_line_with_the_nearest_name() -> None:
    assert run("drop-deda") == (
        1,
        "",
        "no pass is called 'drop-deda'; did you mean 'drop-dead'?\n",
    )


def test_passes_are_listed_without_torch() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from uxnet_compiler.cli.main import main;"
        "assert CliRunner().invoke(main, ['passes']).exit_code == 0;"
        "assert CliRunner().invoke(main, ['passes', 'drop-dead', '--json']).exit_code == 0;"
        "print([name for name in ('torch', 'monai', 'numpy', 'SimpleITK') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True)

    assert done.stdout.decode().strip() == "[]"
