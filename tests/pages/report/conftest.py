"""Reports to look at, and what is found in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reports import FRAMES
from searches import uxnet_space, write_search

from uxnet_compiler.pages.report import write_report

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of a search in a space of five levels, told of at 200 moments."""
    folder = tmp_path_factory.mktemp("searched")
    run = write_search(folder / "run", steps=10 * (FRAMES - 1), frame=uxnet_space(5))
    write_report((str(run),), folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def unet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("unet") / "report.html"
    write_report(("zoo:unet",), path)
    return path


@pytest.fixture
def search(page: Page, searched: Path) -> Page:
    page.goto(searched.as_uri())
    return page


@pytest.fixture
def opened(page: Page, unet: Path) -> Page:
    page.goto(unet.as_uri())
    return page
