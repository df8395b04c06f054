"""The documentation as a site: it builds without a warning and works from a folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[1]
TEXTS = {".css", ".html", ".js", ".svg"}
IS_DRAWN = "image => image.complete && image.naturalWidth > 0"


def test_the_site_builds_without_a_warning_and_can_be_read_offline(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    site = tmp_path / "html"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "sphinx", "-q", "-E", "-n", "-W", "--keep-going"),
            *("-d", str(tmp_path / "doctrees"), str(ROOT / "docs"), str(site)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for file in (path for path in site.rglob("*") if path.suffix in TEXTS):
        assert str(ROOT) not in file.read_text("utf-8"), f"{file.name} tells where it was built"

    page: Page = request.getfixturevalue("page")
    page.goto((site / "index.html").as_uri())
    page.get_by_role("link", name="The gallery of the zoo").click()
    page.get_by_role("link", name="nnunet-resenc").wait_for()
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours)
        page.goto((site / "index.html").as_uri())
        assert page.locator("article img").evaluate_all(f"all => all.every({IS_DRAWN})")
        page.fill("input[name=q]", "tau")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="The genotype document").first.wait_for()
