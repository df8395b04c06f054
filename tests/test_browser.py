from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import watched_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

POLICY = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">"
FAULTS = {
    "logs an error": ("<script>console.error('so sorry')</script>", "console: so sorry"),
    "throws": ("<script>throw new Error('oh dear')</script>", "throws: .*oh dear"),
    "breaks its policy": (f"{POLICY}<script>1</script>", "console: .*Content Security Policy"),
    "asks the network": ("<img src='http://example.invalid/x.png'>", "network for http://example"),
    "opens a socket": (
        "<script>new WebSocket('ws://example.invalid/x')</script>",
        "opens a socket to ws://example",
    ),
    "lacks a file": ("<img src='there-is-none.png'>", "cannot load .*there-is-none.png"),
}


def written(folder: Path, body: str) -> str:
    (folder / "page.html").write_text(f"<!doctype html><meta charset=utf-8>{body}")
    return (folder / "page.html").as_uri()


@pytest.mark.parametrize(("body", "complaint"), FAULTS.values(), ids=FAULTS)
def test_a_page_with_a_fault_fails(
    body: str, complaint: str, browser: Browser, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match=complaint), watched_page(browser) as page:
        page.goto(written(tmp_path, body))


def test_a_sound_page_passes_and_runs_its_scripts(page: Page, tmp_path: Path) -> None:
    page.goto(
        written(tmp_path, "<h1></h1><script>document.querySelector('h1').append(6*7)</script>")
    )

    assert page.inner_text("h1") == "42"


def test_asyncio_is_free_for_others_while_a_browser_is_open(browser: Browser) -> None:
    assert browser.is_connected()

    assert asyncio.run(asyncio.sleep(0, "done")) == "done"
