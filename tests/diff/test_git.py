"""What a real git shows when it asks us what differs."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from strategies import document

from uxnet_compiler.diff.git import answer
from uxnet_compiler.schema import dumps
from uxnet_compiler.zoo import fit, resolve

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

UNET = resolve("zoo:unet")
SMALL = fit(UNET, widths=(8, 16, 32, 64))
DRIVER = f"{shlex.quote(sys.executable)} -m uxnet_compiler.cli diff --git --"


def git(folder: Path, *arguments: str, **variables: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=os.environ
        | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_PAGER": "cat"}
        | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with one genotype that was committed, then changed."""
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "user.name", "somebody")
    git(tmp_path, "config", "user.email", "somebody@example.invalid")
    git(tmp_path, "config", "diff.genotype.command", DRIVER)
    (tmp_path / ".gitattributes").write_text("*.json diff=genotype\n")
    (tmp_path / "net.json").write_text(dumps(UNET))
    commit(tmp_path)
    (tmp_path / "net.json").write_text(dumps(SMALL))
    return tmp_path


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "x")


def test_git_diff_shows_what_a_change_means(repository: Path) -> None:
    shown = git(repository, "diff").splitlines()

    assert shown[0] == "uxnet diff a/net.json b/net.json"
    assert shown[1] == f"- a/net.json  {UNET.id[:12]}"
    assert "  ~ widths: 32 64 128 256 -> 8 16 32 64" in shown
    assert not any("\x1b" in line for line in shown)


def test_git_show_and_git_log_do_so_when_they_are_asked(repository: Path) -> None:
    commit(repository)

    for command in (("show", "--ext-diff"), ("log", "-1", "-p", "--ext-diff")):
        assert "  ~ widths: 32 64 128 256 -> 8 16 32 64\n" in git(repository, *command)


def test_new_removed_renamed_and_foreign_files_are_a_few_words(repository: Path) -> None:
    commit(repository)
    (repository / "-new.json").write_text(json.dumps(document()))
    (repository / "other.json").write_text('{"name": "no genotype"}')
    (repository / "net.json").rename(repository / "moved.json")
    (repository / "moved.json").write_text(dumps(SMALL.model_copy(update={"name": "other"})))
    (repository / "gone.json").write_text(dumps(UNET))
    git(repository, "add", "--all")
    git(repository, "reset", "--quiet", "gone.json")
    shown = git(repository, "diff", "--cached", "--find-renames=40%")

    assert "uxnet diff a/-new.json b/-new.json\n+ added " in shown
    assert "small: 2-D, 3 nodes, 5 edges, " in shown
    assert "uxnet diff a/other.json b/other.json\nno genotype: " in shown
    assert "uxnet diff a/net.json b/moved.json\n" in shown
    assert "the same architecture\n" in shown
    assert "differing: name\n" in shown

    commit(repository)
    (repository / "moved.json").unlink()
    assert f"- removed {SMALL.id[:12]}  other: 3-D, 10 nodes, 14 edges, " in git(repository, "diff")


def test_a_conflict_is_told(repository: Path) -> None:
    git(repository, "stash", "--quiet")
    git(repository, "checkout", "--quiet", "-b", "side")
    (repository / "net.json").write_text(dumps(fit(UNET, out_channels=7)))
    commit(repository)
    git(repository, "checkout", "--quiet", "-")
    (repository / "net.json").write_text(dumps(fit(UNET, out_channels=9)))
    commit(repository)
    subprocess.run(
        ["git", "merge", "side"], cwd=repository, capture_output=True, check=False, text=True
    )

    assert "net.json: has conflicts\n" in git(repository, "diff", "--cached")


def test_a_pager_of_git_gets_colours_unless_nobody_wants_them(repository: Path) -> None:
    in_pager = {"GIT_PAGER_IN_USE": "true", "TERM": "xterm"}

    assert f"\x1b[31m- a/net.json  {UNET.id[:12]}\x1b[0m\n" in git(repository, "diff", **in_pager)
    assert "\x1b[31m" not in git(repository, "diff", NO_COLOR="1", **in_pager)


def test_what_git_names_is_text(tmp_path: Path) -> None:
    file = tmp_path / "g.json"
    file.write_text('{"\\u001b[31m": 1}')
    arguments = ("a\x1b[2J\n.json", os.devnull, ".", ".", str(file), "0" * 40, "100644")

    lines = [line.text for line in answer(arguments)]

    assert lines[0] == "uxnet diff a/a [2J .json b/a [2J .json"
    assert lines[1].startswith("no genotype: ")
    assert all(line.isprintable() for line in lines)


def test_another_mode_is_told(tmp_path: Path) -> None:
    file = tmp_path / "g.json"
    file.write_text(dumps(UNET))

    lines = [
        line.text for line in answer(("g.json", str(file), "1", "100644", str(file), "1", "100755"))
    ]

    assert "mode 100644 -> 100755" in lines
    assert "the same architecture" in lines
