"""A difference as markdown, and names that would like to be more than text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from uxnet_compiler.diff import diff, to_markdown
from uxnet_compiler.diff.markdown import as_code
from uxnet_compiler.zoo import fit, resolve

HOSTILE = (
    "<script>alert(1)</script>",
    "`</code><img src=x onerror=alert(1)>`",
    "a``b```c` [x](http://example.invalid) @somebody #1",
    "| a | b |",
    "</details> **bold** \\` $x$",
    "`",
    " ",
    "\u202eright to left",
    "x" * 200,
)
RENDERER = MarkdownIt("commonmark").enable("table")


@pytest.mark.parametrize(
    ("before", "after"),
    [("unet", "unetpp"), ("unet", "unet2d"), ("nnunet", "nnunet-resenc"), ("unet", "unet")],
)
def test_the_markdown_is_as_reviewed(
    before: str, after: str, golden: Callable[[str, str], None]
) -> None:
    told = to_markdown(diff(resolve(f"zoo:{before}"), resolve(f"zoo:{after}")))

    golden(f"diff/{before}-{after}.md", told)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_breaks_out_of_nothing(name: str) -> None:
    plain = resolve("zoo:unet")
    other = fit(plain, widths=(8, 16, 32, 64))

    told = to_markdown(diff(plain, other.model_copy(update={"name": name})))

    sober = to_markdown(diff(plain, other.model_copy(update={"name": "sober"})))
    assert shape(told) == shape(sober)


def shape(markdown: str) -> list[str]:
    """Return the kinds of all tokens of a rendered document, without its words."""
    return [
        kind
        for token in RENDERER.parse(markdown)
        for kind in (token.type, *(child.type for child in token.children or ()))
    ]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_is_one_piece_of_code(text: str) -> None:
    paragraph = RENDERER.parse(f"name: {as_code(text)}!")

    _, inline, _ = paragraph
    assert inline.children is not None
    before, code, after = inline.children
    assert (before.content, code.type, after.content) == ("name: ", "code_inline", "!")
    wanted = "".join(letter if letter.isprintable() else " " for letter in text).strip()
    assert code.content.strip() == wanted
