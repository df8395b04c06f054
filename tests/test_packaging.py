"""What is shipped is what is in the tree."""

from __future__ import annotations

import tomllib
from pathlib import Path

import uxnet_compiler

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAPPED = {"cli": "uxnet_compiler.cli", "genotypes": "uxnet_compiler.genotypes"}


def test_the_package_list_is_complete() -> None:
    found = set()
    for top, name in {"uxnet_compiler": "uxnet_compiler", **MAPPED}.items():
        for init in (ROOT / top).rglob("__init__.py"):
            found.add(".".join([name, *init.parent.relative_to(ROOT / top).parts]))

    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found


def test_every_folder_with_code_is_a_package() -> None:
    for top in ("uxnet_compiler", "cli"):
        for module in (ROOT / top).rglob("*.py"):
            assert (module.parent / "__init__.py").exists(), module


def test_the_versions_agree() -> None:
    version = PROJECT["project"]["version"]

    assert uxnet_compiler.__version__ == version
    assert f"\n## [{version}]" in (ROOT / "CHANGELOG.md").read_text()
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()


def test_every_dependency_is_pinned_for_development() -> None:
    pinned = {line.partition("==")[0].lower() for line in _constraints() if "==" in line}
    groups = [
        PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"].values(),
    ]
    wanted = {
        requirement.partition(">=")[0].lower()
        for group in groups
        for requirement in group
        if not requirement.startswith("uxnet-compiler")
    }

    assert wanted <= pinned


def _constraints() -> list[str]:
    return (ROOT / "constraints.txt").read_text().splitlines()
