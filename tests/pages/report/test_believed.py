"""What a report says of the trust in searches."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from uxnet_compiler.pages.report import write_report
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.search import search
from uxnet_compiler.search.trust.report import read_trust

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def found(phantom_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("believed") / "one"
    values = {"steps": 3, "levels": 2, "width": 2, "batch_size": 2, "precision": "float32"}
    return search(phantom_set, run, SearchConfig.model_validate(values)).folder.path


def test_the_verdicts_and_every_decision_are_on_the_page(
    page: Page, found: Path, tmp_path: Path
) -> None:
    trust = read_trust(found)

    write_report((str(found),), tmp_path / "report.html")
    page.goto((tmp_path / "report.html").as_uri())

    told = page.locator(".verdicts li").all_inner_texts()
    assert len(told) == len(trust.verdicts)
    assert all(verdict.text in text for verdict, text in zip(trust.verdicts, told, strict=True))
    rows = page.locator("details", has_text="All decisions").locator("tbody tr")
    assert rows.count() == len(trust.decisions)


def test_the_charts_of_several_searches_share_no_id(
    page: Page, found: Path, tmp_path: Path
) -> None:
    other = tmp_path / "two"
    shutil.copytree(found, other)

    write_report((str(found), str(other)), tmp_path / "report.html")
    page.goto((tmp_path / "report.html").as_uri())

    ids = page.eval_on_selector_all("[id]", "parts => parts.map((part) => part.id)")
    assert {"chart-a0-entropy", "chart-a1-entropy", "chart-all-dice-search"} <= set(ids)
    assert len(ids) == len(set(ids))
