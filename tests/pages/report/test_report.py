"""Reports in a browser."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from searches import uxnet_space, write_search

from uxnet_compiler.errors import RunError
from uxnet_compiler.pages.report import write_report
from uxnet_compiler.schema import Provenance, dump
from uxnet_compiler.zoo import resolve

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
expect = playwright.expect

FRAMES = 200
HOSTILE = "<script>alert(1)</script>\"'<img src=x onerror=alert(1)>\u202e" + "x" * 120


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


def test_a_search_of_five_levels_and_200_moments_is_small_enough_to_send(searched: Path) -> None:
    assert searched.stat().st_size < 3_000_000


def test_a_report_is_the_same_each_time(unet: Path, tmp_path: Path) -> None:
    write_report(("zoo:unet",), tmp_path / "again.html")

    assert (tmp_path / "again.html").read_bytes() == unet.read_bytes()


def test_headings_are_in_order_and_every_link_has_its_place(search: Page) -> None:
    levels = [
        int(name[1])
        for name in search.eval_on_selector_all(
            "h1, h2, h3, h4, h5", "heads => heads.map((head) => head.tagName)"
        )
    ]
    targets = search.eval_on_selector_all("nav a", "links => links.map((link) => link.hash)")

    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert targets
    assert all(search.locator(target).count() == 1 for target in targets)


def test_no_id_is_there_twice(search: Page) -> None:
    ids = search.eval_on_selector_all("[id]", "parts => parts.map((part) => part.id)")

    assert len(ids) == len(set(ids))


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


def test_a_dark_page_has_a_dark_drawing(page: Page, unet: Path) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(unet.as_uri())
    paper = page.locator("#graph-a0 .graph-view > svg > rect").first
    fill = "it => getComputedStyle(it).fill"

    dark = paper.evaluate(fill)
    page.get_by_role("button", name="Light").click()

    assert dark == page.evaluate("'rgb(20, 24, 29)'")
    assert paper.evaluate(fill) == "rgb(255, 255, 255)"


def test_a_printed_page_is_light_and_has_no_buttons(page: Page, unet: Path) -> None:
    page.emulate_media(color_scheme="dark", media="print")
    page.goto(unet.as_uri())

    paper = page.locator("#graph-a0 .graph-view > svg > rect").first
    assert paper.evaluate("it => getComputedStyle(it).fill") == "rgb(255, 255, 255)"
    assert not page.locator(".graph-bar").is_visible()


def test_a_hostile_genotype_is_only_text(page: Page, tmp_path: Path) -> None:
    genotype = resolve("zoo:hippocampus").model_copy(
        update={
            "name": HOSTILE,
            "provenance": Provenance(
                origin=HOSTILE, paper="x" * 2000, data={HOSTILE: [HOSTILE * 60]}
            ),
        }
    )
    dump(genotype, tmp_path / "it.json")
    page.on("dialog", lambda dialog: pytest.fail(f"asks {dialog.message!r}"))
    page.set_viewport_size({"width": 400, "height": 800})

    write_report((str(tmp_path / "it.json"),), tmp_path / "report.html")
    page.goto((tmp_path / "report.html").as_uri())

    assert page.locator("h1").inner_text().startswith("<script>alert(1)</script>")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.locator("body script").count() == page.locator("script[type]").count() + 1
    assert "\u202e" not in page.content()


def test_several_are_compared_side_by_side_and_in_tabs(page: Page, tmp_path: Path) -> None:
    run = write_search(tmp_path / "run", steps=20)
    out = tmp_path / "report.html"

    write_report(("zoo:unet", "zoo:unet", str(run)), out)
    page.goto(out.as_uri())

    names = page.locator("#together ~ .table-frame tbody th").all_inner_texts()
    assert names == ["unet (1)", "unet (2)", "run"]
    tabs = page.locator("#tabs-each > .tab-list").get_by_role("tab")
    assert tabs.all_inner_texts() == names
    assert (box(page, "n0_0").is_visible(), page.locator(".reel").is_visible()) == (True, False)
    tabs.first.focus()
    page.keyboard.press("ArrowLeft")
    assert (box(page, "n0_0").is_visible(), page.locator(".reel").is_visible()) == (False, True)
    assert tabs.last.get_attribute("aria-selected") == "true"


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


def test_a_run_that_has_begun_shows_what_there_is(page: Page, tmp_path: Path) -> None:
    run = write_search(tmp_path / "run", steps=30)
    (run / "genotype.json").unlink()

    write_report((str(run),), tmp_path / "report.html")
    page.goto((tmp_path / "report.html").as_uri())

    assert page.locator("h2").all_inner_texts() == ["Curves", "Provenance"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("{empty}",), "nothing to report: neither a run"),
        (("zoo:unet",) * 21, "21 are too many for one report; the limit is 20"),
    ],
)
def test_what_cannot_be_reported_is_told_in_a_line(
    arguments: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    given = tuple(each.format(empty=tmp_path / "empty") for each in arguments)

    with pytest.raises(RunError, match=re.escape(told)) as error:
        write_report(given, tmp_path / "report.html")

    assert "\n" not in str(error.value)
    assert not (tmp_path / "report.html").exists()


def test_data_without_cases_to_look_at_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no cases to look at"):
        write_report(("zoo:unet",), tmp_path / "report.html", data=tmp_path)


def test_a_damaged_configuration_is_told_in_a_line(tmp_path: Path) -> None:
    run = write_search(tmp_path / "run", steps=10)
    (run / "config.json").write_text(json.dumps([1]))

    with pytest.raises(RunError, match=r"config\.json: is no configuration"):
        write_report((str(run),), tmp_path / "report.html")
