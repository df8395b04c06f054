"""What the documentation says is true: its commands run, its links lead somewhere."""

from __future__ import annotations

import re
import runpy
import shlex
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
RUNNING = [page for page in PAGES if "```console\n" in page.read_text()]


def blocks(page: Path, *languages: str) -> list[tuple[str, str]]:
    return [(kind, text) for kind, text in BLOCK.findall(page.read_text()) if kind in languages]


@pytest.mark.parametrize("page", RUNNING, ids=lambda page: page.name)
def test_every_command_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    for kind, text in blocks(page, "console", "python"):
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

    result = CliRunner().invoke(main, arguments)

    crashed = result.exception is not None and not isinstance(result.exception, SystemExit)
    assert not crashed, f"{line}: {result.exception!r}"
    assert result.exit_code in allowed, f"{line}: {result.output}"


def test_generated_pages_are_current() -> None:
    pages: dict[Path, str] = runpy.run_path(str(ROOT / "docs/generate.py"))["pages"]()

    for path, text in pages.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is old: run make docs"


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
