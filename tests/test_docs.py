"""What the documentation says is true: its commands run, its links lead somewhere."""

from __future__ import annotations

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from uxnet_compiler.cli.main import COMMANDS, main
from uxnet_compiler.ops import LayerOp
from uxnet_compiler.schema import Architecture, Edge, Genotype, Node, loads

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\S+/\S+\.py)\n")  # the first line of a block that is a whole file
GENERATE = runpy.run_path(str(ROOT / "docs/generate.py"))
DRAWINGS: dict[Path, list[str]] = GENERATE["drawings"]()
RUNNING = [page for page in PAGES if "```console\n" in page.read_text()]


def blocks(page: Path, *languages: str) -> list[tuple[str, str]]:
    return [(kind, text) for kind, text in BLOCK.findall(page.read_text()) if kind in languages]


@pytest.mark.parametrize("page", RUNNING, ids=lambda page: page.name)
def test_every_command_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    for kind, text in blocks(page, "console", "python"):
        if FILE.match(text):
            continue  # part of a change to the package; see below
        if kind == "python":
            exec(compile(text, str(page), "exec"), {})
            continue
        for line in text.splitlines():
            run(line.removeprefix("$ "))


def run(line: str) -> None:
    """Run one command; what takes minutes takes a few steps instead."""
    allowed = {0, 1} if line.endswith(" || true") else {0}
    quick = re.sub(r"--minutes \S+", "--steps 3", line.removesuffix(" || true"))
    program, *arguments = shlex.split(quick)
    assert program == "uxnet", f"mark {line!r} as text: the test runs uxnet alone"
    if arguments[0] == "search":
        arguments += ["--evidence", "learned"]  # measuring takes a minute with all channels

    result = CliRunner().invoke(main, arguments)

    crashed = result.exception is not None and not isinstance(result.exception, SystemExit)
    assert not crashed, f"{line}: {result.exception!r}"
    assert result.exit_code in allowed, f"{line}: {result.output}"


def apply_diff(folder: Path, text: str) -> None:
    """Insert every added line behind the line before it, which must be there once."""
    head, *lines = text.splitlines()
    path = folder / head.removeprefix("--- ")
    made = path.read_text().splitlines()
    at = 0
    for line in lines:
        if line.startswith("+"):
            at += 1
            made.insert(at, line[1:])
        else:
            assert made.count(line[1:]) == 1, f"{path.name}: {line[1:]!r}"
            at = made.index(line[1:])
    path.write_text("\n".join(made) + "\n")


def test_the_pass_that_the_page_writes_keeps_the_laws_of_all_passes(tmp_path: Path) -> None:
    page = ROOT / "docs/writing-a-pass.md"
    for folder in ("uxnet_compiler", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pyc*"))
    for folder in ("cli", "genotypes"):
        shutil.copytree(ROOT / folder, tmp_path / "uxnet_compiler" / folder)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    names = []
    for kind, text in blocks(page, "python", "diff"):
        if kind == "diff":
            apply_diff(tmp_path, text)
        elif match := FILE.match(text):
            assert not (tmp_path / match[1]).exists(), (
                f"{match[1]} is there: choose another example"
            )
            (tmp_path / match[1]).write_text(text.partition("\n")[2])
            names.append(Path(match[1]).stem)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-k", f"{names[0]} or {names[0].replace('_', '-')}"),
            *("tests/passes", "tests/cli/test_passes.py"),
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 4, done.stdout  # two of the page, and laws by the name in the list


def test_generated_pages_are_current() -> None:
    pages: dict[Path, str] = GENERATE["pages"]()

    for path, text in pages.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is old: run make docs"


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_a_drawing_is_what_its_command_makes_today(path: Path) -> None:
    today: str = GENERATE["drawn"](DRAWINGS[path])

    same = path.exists() and path.read_text(encoding="utf-8") == today
    assert same, f"docs/pictures/{path.name} is old: run make docs"


def test_every_picture_is_made_by_a_command() -> None:
    assert set((ROOT / "docs/pictures").iterdir()) == set(DRAWINGS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_names_every_command() -> None:
    named = re.findall(r"^\| `uxnet (\w+)`", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert named == list(COMMANDS)


def test_the_page_of_the_format_shows_a_sound_genotype_and_names_every_field_and_op() -> None:
    page = ROOT / "docs/genotype.md"
    ((_, example),) = blocks(page, "json")
    assert loads(example).architecture.levels == 2

    text = page.read_text()
    for model in (Genotype, Architecture, Node, Edge):
        for field in model.model_fields:
            assert f"`{field}`" in text, field
    for op in get_args(get_args(LayerOp)[0]):  # a union in Annotated
        assert f"`{op.model_fields['op'].default}`" in text
