"""The film of a search and its curves, in a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reports import FRAMES, box, link

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect = pytest.importorskip("playwright.sync_api", reason="needs Playwright").expect


def test_a_search_of_five_levels_and_200_moments_is_small_enough_to_send(searched: Path) -> None:
    assert searched.stat().st_size < 3_000_000


def test_the_slider_shows_the_search_at_another_moment(search: Page) -> None:
    gate = link(search, "n0_0>n0_4", "a0-film").locator("path:not(.graph-reach)")
    bar = search.locator('#graph-a0-film [id="a0-film-_n0_0_bar0"] rect')
    slider, now = search.locator(".reel-slider"), search.locator(".reel-now")
    end = (gate.get_attribute("stroke-width"), bar.get_attribute("width"))
    assert "decided" in now.inner_text()

    slider.focus()
    search.keyboard.press("Home")

    assert now.inner_text().startswith("step 10,")
    start = (gate.get_attribute("stroke-width"), bar.get_attribute("width"))
    assert all(one != other for one, other in zip(start, end, strict=True))
    assert slider.get_attribute("aria-valuetext") == now.inner_text()
    search.keyboard.press("End")
    assert (gate.get_attribute("stroke-width"), bar.get_attribute("width")) == end


def test_a_card_of_the_film_tells_of_its_moment(search: Page) -> None:
    search.locator(".reel-slider").focus()
    search.keyboard.press("Home")
    search.keyboard.press("ArrowRight")

    box(search, "n0_1", "a0-film").hover(force=True)  # a bar or a name is in front

    text = search.locator("#graph-a0-film .graph-card").inner_text()
    assert text.split("\n")[:3] == ["n0_1", "step", "20"]


def test_the_film_plays_and_pauses(search: Page) -> None:
    play, now = search.locator(".reel-play"), search.locator(".reel-now")

    play.click()

    assert play.inner_text() == "Pause"
    expect(now).to_have_text(re.compile(r"^step [1-9]\d\d+,"))
    play.click()
    assert play.inner_text() == "Play"
    stopped = now.inner_text()
    search.wait_for_timeout(250)
    assert now.inner_text() == stopped


def test_who_asks_for_little_motion_gets_a_few_stills(search: Page) -> None:
    search.emulate_media(reduced_motion="reduce")

    search.locator(".reel-play").click()

    expect(search.locator(".reel-slider")).to_have_value("20")


def test_a_chart_tells_the_values_under_the_pointer(search: Page) -> None:
    chart = search.locator("#chart-a0-loss")
    place = chart.locator("svg").first.bounding_box()
    assert place is not None

    chart.locator("svg").first.hover(position={"x": place["width"] - 5, "y": 40})

    text = chart.locator(".chart-now").inner_text()
    assert text.split("\n")[0] == f"step {10 * (FRAMES - 1)}"


def test_a_mixed_colour_is_that_of_its_moment_on_a_dark_page(search: Page) -> None:
    search.emulate_media(color_scheme="dark")
    gate = link(search, "n0_0>n0_4", "a0-film").locator("path:not(.graph-reach)")
    name = gate.evaluate("it => it.parentElement.id.replace('a0-film-', '')")
    data = json.loads(search.locator(".reel-data").text_content() or "")
    track = data["tracks"][name]["stroke"]
    shown = "it => getComputedStyle(it).stroke"

    seen = [gate.evaluate(shown)]
    search.locator(".reel-slider").focus()
    search.keyboard.press("Home")
    seen.append(gate.evaluate(shown))

    expected = [rgb(dark) for _, (_, dark) in (track[-1], track[0])]
    assert seen == expected
    assert expected[0] != expected[1]


def rgb(colour: str) -> str:
    return "rgb({}, {}, {})".format(*bytes.fromhex(colour.removeprefix("#")))
