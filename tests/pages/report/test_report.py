"""Reports in a browser."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reports import box
from searches import write_search

from uxnet_compiler.errors import RunError
from uxnet_compiler.pages.report import write_report
from uxnet_compiler.schema import Provenance, dump
from uxnet_compiler.zoo import resolve

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = "<script>alert(1)</script>\"'<img src=x onerror=alert(1)>\u202e" + "x" * 120


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


def test_a_dark_page_has_a_dark_drawing(page: Page, unet: Path) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(unet.as_uri())
    paper = page.locator("#graph-a0 .graph-view > svg > rect").first
    fill = "it => getComputedStyle(it).fill"

    dark = paper.evaluate(fill)
    page.get_by_role("button", name="Light").click()

    assert dark == "rgb(20, 24, 29)"
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
