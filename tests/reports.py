"""Find the parts of a drawing in the page of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

FRAMES = 200
"""Moments that the report of a search in the tests tells of."""


def box(page: Page, name: str, drawing: str = "a0") -> Locator:
    return page.locator(f'#graph-{drawing} [data-id="{name}"]')


def link(page: Page, key: str, drawing: str = "a0") -> Locator:
    source, target = key.split(">")
    where = f'#graph-{drawing} [data-source="{source}"][data-target="{target}"]'
    return page.locator(where)


def dimmed(page: Page) -> set[str]:
    names = page.eval_on_selector_all(
        "#graph-a0 [data-id].is-dim", "parts => parts.map((part) => part.dataset.id)"
    )
    return set(names)
