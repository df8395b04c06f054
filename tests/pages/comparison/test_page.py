"""The page of a difference, in a browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from uxnet_compiler.pages.comparison import comparison_page
from uxnet_compiler.schema import Genotype, load
from uxnet_compiler.zoo import resolve

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

# A network of UXNet's space with few edges, which differs from the bundled one in all ways.
BEFORE = Path(__file__).with_name("before.json")
HOSTILE = "<script>alert(1)</script>\"'<img src=x onerror=alert(1)>\u202e" + "x" * 120


def named(genotype: Genotype, name: str) -> Genotype:
    return genotype.model_copy(update={"name": name})


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of the page of two networks that differ in all ways."""
    path = tmp_path_factory.mktemp("comparison") / "diff.html"
    path.write_text(comparison_page(load(BEFORE), resolve("zoo:dla")))
    return path.as_uri()


@pytest.fixture
def opened(page: Page, written: str) -> Page:
    page.goto(written)
    return page


def side(page: Page, name: str) -> Locator:
    return page.get_by_role("radio", name=name)


def box(page: Page, name: str) -> Locator:
    return page.locator(f'[data-id="{name}"]')


def link(page: Page, source: str, target: str) -> Locator:
    return page.locator(f'[data-source="{source}"][data-target="{target}"]')


def label(page: Page, source: str, target: str) -> Locator:
    name = link(page, source, target).get_attribute("id")
    assert name is not None
    return page.locator(f'[data-part-of="{name.removeprefix("union-")}"] text')


def test_each_side_shows_its_own_parts_alone(opened: Page) -> None:
    added, removed = link(opened, "n0_1", "n0_2"), link(opened, "n0_1", "n0_3")
    assert (added.is_visible(), removed.is_visible()) == (True, True)

    side(opened, "Before: few edges").check()
    assert (added.is_visible(), removed.is_visible()) == (False, True)
    assert box(opened, "n0_2").is_hidden()
    assert box(opened, "n0_0").is_visible()

    side(opened, "After: dla").check()
    assert (added.is_visible(), removed.is_visible()) == (True, False)
    assert box(opened, "n0_2").is_visible()

    side(opened, "Both").check()
    assert (added.is_visible(), removed.is_visible()) == (True, True)


def test_of_what_changed_each_side_shows_its_own_half(opened: Page) -> None:
    was = opened.locator('.was[data-part-of="n0_1"]')
    now = opened.locator('.text[data-part-of="n0_1"]')
    old, new = label(opened, "n0_1", "n1_0").all()
    assert [half.text_content() for half in (old, new)] == [
        "deconv \u00d72",
        "\u2192 linear \u00d72",
    ]

    side(opened, "Before: few edges").check()
    assert [part.is_visible() for part in (was, now, old, new)] == [True, False, True, False]

    side(opened, "After: dla").check()
    assert [part.is_visible() for part in (was, now, old, new)] == [False, True, False, True]


def test_labels_go_with_their_edges(opened: Page) -> None:
    (removed,) = label(opened, "n0_1", "n0_3").all()
    assert removed.is_visible()

    side(opened, "After: dla").check()

    assert removed.is_hidden()


def test_the_keyboard_changes_sides_and_a_screen_reader_hears_it(opened: Page) -> None:
    side(opened, "Both").focus()
    opened.keyboard.press("ArrowRight")

    assert side(opened, "Before: few edges").is_checked()
    assert link(opened, "n0_1", "n0_2").is_hidden()
    opened.get_by_text("showing Before: few edges").wait_for()


def test_the_arrow_keys_pass_over_what_is_not_shown(opened: Page) -> None:
    opened.keyboard.press("Tab")
    side(opened, "Before: few edges").check()
    box(opened, "n1_2").focus()
    opened.keyboard.press("ArrowLeft")

    assert opened.evaluate("document.activeElement.dataset.id") != "n0_2"  # it is only after

    side(opened, "After: dla").check()
    box(opened, "n1_2").focus()
    opened.keyboard.press("ArrowLeft")
    assert opened.evaluate("document.activeElement.dataset.id") == "n0_2"


def test_a_card_says_what_a_node_was_and_is(opened: Page) -> None:
    opened.locator('.was[data-part-of="n0_1"] text').hover()

    told = opened.locator(".graph-card").inner_text()
    assert "differs" in told
    assert "3x3x3 d2" in told
    assert "3x3x3, instance, leaky relu, 3x3x3" in told


def test_a_row_of_the_table_shows_its_part_in_the_drawing(opened: Page) -> None:
    opened.get_by_role("button", name="n0_1>n0_2").click()

    assert "is-picked" in (link(opened, "n0_1", "n0_2").get_attribute("class") or "")
    assert "is-dim" in (link(opened, "n0_1", "n0_3").get_attribute("class") or "")


def test_costs_stand_side_by_side(opened: Page) -> None:
    row = opened.locator("#costs tr", has_text="MACs")

    assert row.locator("td").all_inner_texts() == ["12.0 G", "49.4 G", "+312.8 %"]


def test_without_scripts_everything_is_there(written: str) -> None:
    text = Path(written.removeprefix("file://")).read_text()

    assert re.search(r'<fieldset class="sides"[^>]* hidden>', text)
    assert "3x3x3, instance, leaky relu, 3x3x3" in text


def test_equal_architectures_are_said_to_be_so(page: Page, tmp_path: Path) -> None:
    unet = resolve("zoo:unet")
    file = tmp_path / "same.html"
    file.write_text(comparison_page(unet, named(unet, "other")))

    page.goto(file.as_uri())

    assert page.locator(".verdict").inner_text() == "The same architecture."
    assert page.locator("#nodes").count() == 0
    assert page.locator("#documents").inner_text().endswith("name")


def test_hostile_names_are_text(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "hostile.html"
    file.write_text(comparison_page(named(resolve("zoo:unet"), HOSTILE), resolve("zoo:unetpp")))
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))

    page.goto(file.as_uri())

    assert "<script>alert(1)</script>" in page.locator("h1").inner_text()
    assert page.locator("img").count() == 0
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide


def test_the_same_two_make_the_same_page() -> None:
    pages = [comparison_page(resolve("zoo:unet"), resolve("zoo:unetpp")) for _ in range(2)]

    assert pages[0] == pages[1]
