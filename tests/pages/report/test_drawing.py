"""Drawings to move about in, in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reports import box, dimmed, link

from uxnet_compiler.pages.report import write_report

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright").expect


def test_hovering_a_node_says_what_it_is_and_takes(opened: Page) -> None:
    card = opened.locator("#graph-a0 .graph-card")
    assert not card.is_visible()

    box(opened, "n0_1").hover()

    text = card.inner_text().split("\n")
    assert text[0] == "n0_1"
    pairs = dict(zip(text[1::2], text[2::2], strict=False))
    assert pairs["op"] == "2x (3x3x3 IN LReLU)"
    assert pairs["shape"] == "64 @ 32x32x32"
    assert pairs["parameters"] == "221 k"
    assert pairs["MACs"] == "7.25 G"
    assert pairs["memory"] == "48.0 MiB"


def test_hovering_a_node_of_a_search_shows_the_shares_of_its_candidates(search: Page) -> None:
    box(search, "n0_0").hover()

    rows = search.locator("#graph-a0 .graph-card .bar-row")
    assert rows.count() == 7
    chosen = search.locator("#graph-a0 .graph-card .is-chosen")
    assert chosen.count() == 1
    assert float(chosen.locator("span").last.inner_text()) > 0.9


def test_a_click_dims_all_but_what_leads_there_and_what_follows(opened: Page) -> None:
    box(opened, "n1_2").click()

    assert dimmed(opened) == {"n1_0", "n1_1", "n2_0"}
    expect(opened.locator("#announcer")).to_have_text("n1_2: 5 nodes before it, 3 nodes after it")

    box(opened, "n1_2").click()

    assert dimmed(opened) == set()


def test_the_keyboard_alone_walks_shows_and_clears(opened: Page) -> None:
    opened.locator("#graph-a0 [data-do=fit]").focus()
    opened.keyboard.press("Tab")
    opened.keyboard.press("Home")
    assert opened.evaluate("document.activeElement.dataset.id") == "input"

    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("ArrowDown")

    assert opened.evaluate("document.activeElement.dataset.id") == "n0_1"
    assert opened.locator("#graph-a0 .graph-card h4").inner_text() == "n0_1"
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    assert "n1_0" in dimmed(opened)
    opened.keyboard.press("Escape")
    assert dimmed(opened) == set()


def test_plus_minus_wheel_and_drag_move_the_drawing_and_fit_brings_it_back(opened: Page) -> None:
    svg = opened.locator("#graph-a0 .graph-view > svg")

    def view() -> list[float]:
        opened.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        return [float(number) for number in (svg.get_attribute("viewBox") or "").split()]

    whole = view()
    opened.get_by_role("button", name="Larger").click()
    larger = view()
    assert larger[2] == pytest.approx(whole[2] / 1.4)
    place = svg.bounding_box()
    assert place is not None
    x, y = place["x"] + place["width"] / 2, place["y"] + 30
    opened.mouse.move(x, y)
    opened.mouse.down()
    opened.mouse.move(x - 60, y, steps=4)
    opened.mouse.up()
    assert view()[0] > larger[0] + 20
    box(opened, "n0_0").focus()
    opened.keyboard.press("-")
    opened.keyboard.press("-")
    assert view() == pytest.approx(whole)
    opened.mouse.wheel(0, -300)
    assert view()[2] < whole[2]
    opened.get_by_role("button", name="Fit").click()
    assert view() == pytest.approx(whole)


def test_the_wheel_scrolls_the_page_as_long_as_the_drawing_was_not_clicked(opened: Page) -> None:
    svg = opened.locator("#graph-a0 .graph-view > svg")
    before = svg.get_attribute("viewBox")
    svg.hover()

    opened.mouse.wheel(0, 200)

    expect(opened.locator("h1")).not_to_be_in_viewport()
    assert svg.get_attribute("viewBox") == before


def test_the_search_dims_what_does_not_fit_and_enter_goes_round(opened: Page) -> None:
    opened.get_by_role("searchbox").fill("n0_3")

    assert opened.locator("#graph-a0 .graph-found").inner_text() == "3 found"
    assert "n0_3" not in dimmed(opened)
    assert "n0_0" in dimmed(opened)
    opened.keyboard.press("Enter")
    assert opened.locator("#graph-a0 .graph-card h4").inner_text() == "n0_3"
    opened.keyboard.press("Enter")
    assert "n0_3" in opened.locator("#graph-a0 .graph-card h4").inner_text()
    opened.keyboard.press("Escape")
    assert dimmed(opened) == set()


def test_a_table_sorts_by_numbers_and_its_names_show_in_the_drawing(opened: Page) -> None:
    table = opened.locator("#costs ~ .table-frame table")
    head = table.get_by_role("button", name="parameters")

    head.click()

    names = table.locator("tbody th").all_inner_texts()
    assert names[0] == "n0_3"
    assert table.locator("th[aria-sort=descending]").inner_text().strip() == "parameters"
    head.click()
    assert table.locator("tbody th").all_inner_texts()[-1] == "n0_3"
    table.get_by_role("button", name="n0_2>n0_3").click()
    assert "is-picked" in (link(opened, "n0_2>n0_3").get_attribute("class") or "")
    assert "n1_1" in dimmed(opened)


def test_cells_are_shown_first_and_a_table_finds_its_node(page: Page, tmp_path: Path) -> None:
    write_report(("zoo:nnunet-resenc",), tmp_path / "report.html")
    page.goto((tmp_path / "report.html").as_uri())
    cells = page.locator("#graph-a0-cells")
    assert (cells.is_visible(), page.locator("#graph-a0").is_visible()) == (True, False)

    cells.locator("[data-id=encoder1_0]").hover()
    card = cells.locator(".graph-card").inner_text()
    page.locator("#costs ~ .table-frame tbody button").first.click()

    assert "nodes" in card
    assert "parameters" in card
    assert (cells.is_visible(), page.locator("#graph-a0").is_visible()) == (False, True)
    assert page.locator("#graph-a0 .is-picked").count() >= 1
