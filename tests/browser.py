"""Pages in a headless Chromium, which must have nothing to grumble about.

Use the fixture `page`: `page.goto(path.as_uri())`. Nothing reaches the network, and the test fails
if a page asks for it, logs an error, throws, or breaks its own content security policy.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_LOCAL = ("file:", "data:", "blob:", "about:")
# A click on a download, or on the next link before a page was read to its end, is no defect.
_HARMLESS = "net::ERR_ABORTED"
# Chromium tells of a socket when it fails, which may be after the page was left; this does at once.
_TELL_SOCKETS = """
WebSocket = class extends WebSocket {
  constructor(url, ...protocols) {
    console.error(`opens a socket to ${url}`);
    super(url, ...protocols);
  }
};
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium, or skip the test where there is none to start."""
    pytest.importorskip("playwright", reason="needs Playwright: pip install playwright")
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as driver:
        # Chromium's sandbox refuses to run as root; the pages are our own.
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)
        try:
            yield browser
        finally:
            asyncio._set_running_loop(loop)
            browser.close()


@contextmanager
def watched_page(browser: Browser) -> Iterator[Page]:
    """Open an empty page in a profile of its own; what it did wrong is told at the end."""
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"console: {message.text}")

    def on_request(request: Request) -> None:
        if not request.url.startswith(_LOCAL):
            complaints.append(f"asks the network for {request.url}")

    def on_failure(request: Request) -> None:
        if request.failure != _HARMLESS:
            complaints.append(f"cannot load {request.url}: {request.failure}")

    with _in_loop_of(browser), browser.new_context(locale="en-GB", offline=True) as context:
        context.on("console", on_console)
        context.on("weberror", lambda error: complaints.append(f"throws: {error.error}"))
        context.on("request", on_request)
        context.on("requestfailed", on_failure)
        context.add_init_script(_TELL_SOCKETS)
        page = context.new_page()
        yield page
        for open_page in context.pages:
            open_page.evaluate("0")  # what it said before has arrived when this is answered
    assert not complaints, "\n".join(complaints)


@contextmanager
def _in_loop_of(browser: Browser) -> Iterator[None]:
    """Mark Playwright's event loop as the running one, and hide it again.

    Playwright leaves it marked, and then no other test of the session could use asyncio.
    """
    asyncio._set_running_loop(browser._loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(None)
