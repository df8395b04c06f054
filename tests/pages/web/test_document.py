from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from markupsafe import Markup

from uxnet_compiler.pages.web import document, make_page

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = "<script>alert(1)</script>\"'\n\u202e\u2028" + "x" * 10_000


@pytest.fixture
def templates(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return a dictionary of templates that `make_page` takes before those of the package."""
    given: dict[str, str] = {}
    read = document._text

    def text(package: str, folder: str, name: str) -> str:
        return given[name] if name in given else read(package, folder, name)

    monkeypatch.setattr(document, "_text", text)
    return given


def made(templates: dict[str, str], body: str, **content: Any) -> str:
    templates["it.html"] = (
        '{% extends "base.html" %}{% import "parts.html" as parts %}'
        "{% block title %}it{% endblock %}{% block heading %}It{% endblock %}"
        f"{{% block main %}}{body}{{% endblock %}}"
    )
    return make_page("uxnet_compiler.pages.web", "it.html", **content)


def test_the_policy_names_the_only_style_and_script(templates: dict[str, str]) -> None:
    page = made(templates, "")

    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in policy[1]
    assert policy[1].startswith("default-src &#39;none&#39;; img-src data:;")


def test_nothing_in_the_page_needs_what_the_policy_forbids(templates: dict[str, str]) -> None:
    page = made(templates, "")
    body = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)

    assert " style=" not in body
    assert not re.search(r"\son\w+=", body)
    assert "http" not in body.replace("http-equiv", "")


def test_what_a_document_says_is_escaped_printable_and_not_endless(
    templates: dict[str, str],
) -> None:
    page = made(templates, "<p>{{ text }}</p>", text=HOSTILE)

    (said,) = re.findall(r"<p>(&lt;.*?)</p>", page)
    assert said.startswith("&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;   xxx")
    assert len(said) < 2_100


def test_markup_passes_as_it_is(templates: dict[str, str]) -> None:
    assert "<b>\n</b>" in made(templates, "{{ it }}", it=Markup("<b>\n</b>"))


def test_data_for_scripts_cannot_end_its_element(templates: dict[str, str]) -> None:
    page = made(
        templates,
        '<script type="application/json">{{ data|tojson }}</script>',
        data={"name": HOSTILE},
    )

    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    assert not set("<>&\u2028") & set(data)
    assert json.loads(data) == {"name": HOSTILE}


def test_a_hostile_page_runs_nothing_and_fits_its_window(
    page: Page, templates: dict[str, str], tmp_path: Path
) -> None:
    text = made(templates, "<h2>{{ it }}</h2>{{ parts.pairs([(it, it)]) }}", it=HOSTILE)
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    page.on("dialog", lambda dialog: pytest.fail(f"asks {dialog.message!r}"))
    page.set_viewport_size({"width": 400, "height": 700})

    page.goto((tmp_path / "page.html").as_uri())

    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_the_switch_turns_the_page_dark_and_light_again(
    page: Page, templates: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text(made(templates, ""), encoding="utf-8")
    page.emulate_media(color_scheme="dark")
    page.goto((tmp_path / "page.html").as_uri())
    paper = "getComputedStyle(document.documentElement).backgroundColor"

    assert page.evaluate(paper) == "rgb(20, 24, 29)"
    page.get_by_role("button", name="Light").click()
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(paper) == "rgb(20, 24, 29)"
