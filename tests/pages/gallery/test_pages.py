"""The pages of a gallery, in a browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from galleries import HOSTILE

from uxnet_compiler.diff import cost_rows, diff
from uxnet_compiler.pages.web.drawing import _colours
from uxnet_compiler.pictures.themes import THEMES
from uxnet_compiler.schema import dumps
from uxnet_compiler.zoo import resolve

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

expect = pytest.importorskip(
    "playwright.sync_api", reason="needs Playwright: pip install playwright"
).expect


def id_of(name: str) -> str:
    return resolve(f"zoo:{name}").id


def shown(page: Page) -> list[str]:
    return page.locator(".exhibit:visible h3").all_text_contents()


@pytest.fixture
def first(page: Page, site: Path) -> Page:
    """Return the first page of a gallery of hippocampus, unet, unet2d and unetpp."""
    page.goto((site / "index.html").as_uri())
    return page


def compare(page: Page, site: Path, before: str, after: str) -> None:
    page.goto(f"{(site / 'compare.html').as_uri()}#a={id_of(before)}&b={id_of(after)}")


def test_all_cards_are_there_with_their_drawings_and_figures(first: Page) -> None:
    assert shown(first) == ["hippocampus", "unet", "unet2d", "unetpp"]
    expect(first.locator(".count")).to_have_text("4 of 4 shown")
    card = first.locator(".exhibit", has_text="unetpp")
    expect(card).to_contain_text("uxnet \u00b7 3-D \u00b7 4 levels")
    expect(card).to_contain_text("6.30 M")
    expect(card).to_contain_text("MACs, 64\u00d764\u00d764")
    expect(card).to_contain_text("89.4 G")
    boxes = card.locator(".thumb svg").bounding_box()
    assert boxes is not None
    assert boxes["width"] > 150


def test_filters_by_axes_task_and_size_narrow_the_cards(first: Page) -> None:
    first.get_by_label("Axes").select_option("2-D")
    assert shown(first) == ["unet2d"]
    first.get_by_label("Axes").select_option("all")
    first.get_by_label("Task").select_option("Hippocampus")
    assert shown(first) == ["hippocampus"]
    first.get_by_label("Task").select_option("not stated")
    assert shown(first) == ["unet", "unet2d", "unetpp"]
    first.get_by_label("Parameters from, in millions").fill("6.2")
    assert shown(first) == ["unet2d", "unetpp"]
    first.get_by_label("Parameters to, in millions").fill("8")
    assert shown(first) == ["unetpp"]
    expect(first.locator(".count")).to_have_text("1 of 4 shown")


def test_a_family_that_all_share_is_no_filter(first: Page) -> None:
    assert first.get_by_label("Family").count() == 0


def test_search_takes_every_word_and_looks_into_papers(first: Page) -> None:
    search = first.get_by_label("Search")
    search.fill("zhou nested")
    assert shown(first) == ["unetpp"]
    search.fill("U-NET")
    assert shown(first) == ["unet", "unet2d", "unetpp"]
    search.fill(id_of("unet")[:8])
    assert shown(first) == ["unet"]


def test_nothing_found_says_so_and_can_be_undone(first: Page) -> None:
    first.get_by_label("Search").fill("zebra")
    expect(first.get_by_text("No architecture fits these filters.")).to_be_visible()
    expect(first.locator(".count")).to_have_text("0 of 4 shown")

    first.get_by_role("button", name="Clear the filters").click()

    assert len(shown(first)) == 4
    expect(first.get_by_label("Search")).to_be_focused()
    assert "#" not in first.url


def test_cards_are_sorted(first: Page) -> None:
    sort = first.get_by_label("Sort by")
    sort.select_option("most parameters")
    assert shown(first) == ["unet2d", "unetpp", "unet", "hippocampus"]
    sort.select_option("fewest MACs")
    assert shown(first) == ["unet2d", "hippocampus", "unet", "unetpp"]
    sort.select_option("name")
    assert shown(first) == ["hippocampus", "unet", "unet2d", "unetpp"]


def test_what_is_chosen_stands_in_the_address_and_comes_back(first: Page, site: Path) -> None:
    first.get_by_label("Axes").select_option("3-D")
    first.get_by_label("Search").fill("u-net")
    first.get_by_label("Sort by").select_option("most parameters")
    address = first.url
    assert address.endswith("#q=u-net&axes=3&sort=-params")

    first.goto("about:blank")
    first.goto(address)

    assert shown(first) == ["unetpp", "unet"]
    expect(first.get_by_label("Axes")).to_have_value("3")
    first.goto((site / "index.html").as_uri() + "#axes=7&zebra=1&q=nested")
    expect(first.get_by_label("Axes")).to_have_value("")
    assert shown(first) == ["unetpp"]


def test_a_card_opens_the_page_of_its_network(first: Page) -> None:
    first.get_by_role("link", name="unetpp").click()

    expect(first.get_by_role("heading", level=1)).to_have_text("unetpp")
    expect(first.locator(".lede")).to_contain_text("6.30 M parameters")
    first.locator('[data-id="n1_1"]').hover()
    expect(first.locator(".graph-card")).to_be_visible()
    first.locator('[data-id="n1_1"]').click()
    assert first.locator('[data-id="n3_0"]').get_attribute("class") != "is-dim"
    first.get_by_role("link", name="Gallery").click()
    assert len(shown(first)) == 4


def test_the_download_is_the_document_to_the_byte(first: Page) -> None:
    first.get_by_role("link", name="hippocampus").click()

    with first.expect_download() as download:
        first.get_by_role("link", name="Download JSON").click()

    assert download.value.suggested_filename == "hippocampus.json"
    assert download.value.path().read_bytes() == dumps(resolve("zoo:hippocampus")).encode()


def test_two_marked_cards_are_compared(first: Page) -> None:
    first.get_by_label("compare unet", exact=True).check()
    tray = first.get_by_role("region", name="Comparison")
    expect(tray).to_contain_text("unet and another")
    assert tray.get_by_role("link", name="Compare").is_hidden()
    first.get_by_label("compare unetpp").check()
    expect(tray).to_contain_text("unet and unetpp")

    tray.get_by_role("link", name="Compare").click()

    expect(first.locator(".verdict")).to_have_text("different architectures")
    assert first.url.endswith(f"#a={id_of('unet')}&b={id_of('unetpp')}")


def test_a_third_mark_takes_the_place_of_the_first(first: Page) -> None:
    for name in ("hippocampus", "unet2d", "unetpp"):
        first.get_by_label(f"compare {name}").check()

    expect(first.get_by_label("compare hippocampus")).not_to_be_checked()
    expect(first.get_by_role("region", name="Comparison")).to_contain_text("unet2d and unetpp")
    first.get_by_role("region", name="Comparison").get_by_role("button", name="Clear").click()
    assert first.locator(".tray").is_hidden()


def test_a_comparison_shows_the_costs_and_parts_of_the_difference(page: Page, site: Path) -> None:
    compare(page, site, "unet", "hippocampus")

    found = diff(resolve("zoo:unet"), resolve("zoo:hippocampus"))
    rows = [cells(row) for row in page.locator(".costs tbody tr").all()]
    assert rows == [[row.name, row.before, row.after, row.change] for row in cost_rows(found)]
    for title, parts in (("Nodes", found.nodes), ("Edges", found.edges)):
        for kind in ("removed", "added", "changed"):
            items = page.locator(f"h2:text-is('{title}') + ul .is-{kind} code").all_inner_texts()
            assert items == [part.id for part in getattr(parts, kind)]
    expect(page.locator(".apart")).to_contain_text(", ".join(found.apart))


def cells(row: Locator) -> list[str]:
    return row.locator("th, td").all_inner_texts()


def test_drawings_mark_what_differs_and_say_how(page: Page, site: Path) -> None:
    compare(page, site, "unet", "unetpp")

    before, after = page.locator(".drawings .graph").all()
    expect(before.locator('[data-id="n1_0"]')).to_have_class(re.compile("is-changed"))
    expect(before.locator('[data-id="n0_0"]')).to_have_class(re.compile("is-alike"))
    assert before.locator('[data-source="n0_1"][data-target="n1_0"]').count() == 0
    added = after.locator('[data-source="n0_1"][data-target="n1_0"]')
    expect(added).to_have_class(re.compile("is-added"))
    after.locator('[data-id="n1_0"]').hover()
    card = after.locator(".graph-card")
    expect(card).to_contain_text("differs")
    expect(card).to_contain_text("nothing \u2192 3x3x3")


def test_swapping_turns_the_difference_around(page: Page, site: Path) -> None:
    compare(page, site, "unet", "unetpp")
    added = page.locator(".parts .is-added code").all_inner_texts()

    page.get_by_role("button", name="Swap").click()

    assert page.locator(".parts .is-removed code").all_inner_texts() == added
    assert page.url.endswith(f"#a={id_of('unetpp')}&b={id_of('unet')}")


def test_the_same_twice_is_the_same(page: Page, site: Path) -> None:
    compare(page, site, "unet", "unet")

    expect(page.locator(".verdict")).to_have_text("the same architecture")
    assert page.locator(".parts li").count() == 0
    assert page.locator(".keys").is_hidden()


def test_networks_of_other_axes_are_compared_for_an_image_each(page: Page, site: Path) -> None:
    compare(page, site, "unet", "unet2d")

    expect(page.locator(".costs caption")).to_have_text(
        "Cost for one image of 64\u00d764\u00d764 \u2192 256\u00d7256"
    )


def test_a_beginning_of_an_id_is_enough_and_a_strange_one_is_told(page: Page, site: Path) -> None:
    address = (site / "compare.html").as_uri()

    page.goto(f"{address}#a={id_of('unet')[:12]}")
    expect(page.get_by_role("combobox", name="Before")).to_have_value(id_of("unet"))
    expect(page.get_by_role("combobox", name="After")).to_be_focused()
    assert page.locator(".difference").is_hidden()

    page.goto("about:blank")
    page.goto(f"{address}#a={id_of('unet')}&b=<script>zzz")
    expect(page.get_by_role("alert")).to_have_text("Not in this gallery: <script>zzz")


def test_every_colour_of_a_comparison_is_that_of_a_dark_page(page: Page, site: Path) -> None:
    page.emulate_media(color_scheme="dark")
    compare(page, site, "unet", "hippocampus")
    shapes = page.locator(".drawings .graph-view :is(rect, path)[data-fill]")
    expect(shapes).not_to_have_count(0)

    colours = shapes.evaluate_all(
        "parts => parts.map((it) => [getComputedStyle(it).fill, it.getAttribute('fill')])"
    )

    light, dark = (set(_colours(THEMES[theme])) for theme in ("paper", "dark"))
    assert {written for _, written in colours} <= light
    assert {shown for shown, _ in colours} <= {rgb(colour) for colour in dark}


def rgb(colour: str) -> str:
    return "rgb({}, {}, {})".format(*bytes.fromhex(colour.removeprefix("#")))


def test_the_keyboard_alone_leads_from_a_search_to_a_comparison(first: Page) -> None:
    def tab_to(what: str) -> None:
        for _ in range(20):
            first.keyboard.press("Tab")
            if first.evaluate(f"document.activeElement.matches('{what}')"):
                return
        pytest.fail(f"Tab does not lead to {what}")

    tab_to("[name=q]")
    first.keyboard.type("nested")
    tab_to("[type=checkbox]")
    first.keyboard.press("Space")
    first.get_by_label("Search").focus()
    first.keyboard.press("Control+a")
    first.keyboard.type("2-d images")
    tab_to("[type=checkbox]")
    first.keyboard.press("Space")
    tab_to(".go")
    first.keyboard.press("Enter")

    expect(first.locator(".verdict")).to_have_text("different architectures")
    expect(first.get_by_role("combobox", name="Before")).to_have_value(id_of("unetpp"))
    expect(first.get_by_role("combobox", name="After")).to_have_value(id_of("unet2d"))


def test_what_a_stranger_says_is_shown_as_text(page: Page, strange_site: Path) -> None:
    plain = HOSTILE.replace("\u202e", " ")
    page.goto((strange_site / "index.html").as_uri())
    card = page.locator(".exhibit").first
    expect(card.locator("h3")).to_have_text(plain)
    page.get_by_label("Family").select_option(plain)
    assert len(shown(page)) == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    address = page.url
    card.get_by_role("link").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(plain)
    expect(page.locator("main")).to_contain_text("<script>alert(1)</script>")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.get_by_role("link", name="Compare with another").click()
    page.get_by_role("combobox", name="After").select_option(id_of("unet"))
    expect(page.locator(".verdict")).to_have_text("different architectures")
    expect(page.locator(".drawings svg").first).to_be_visible()
    page.goto(address)
    assert len(shown(page)) == 1


@pytest.mark.parametrize("width", [400, 1600])
def test_nothing_is_wider_than_the_screen(width: int, page: Page, site: Path) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    names = ("index.html", f"genotypes/{id_of('unetpp')}.html")
    pair = f"compare.html#a={id_of('unet')}&b={id_of('unetpp')}"
    for name in (*names, pair):
        page.goto(f"{site.as_uri()}/{name}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
