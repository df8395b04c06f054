"""The documentation as a site: `make docs` builds docs/_build/html, which needs no network."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Any

from pydantic import BaseModel
from sphinx.application import Sphinx

import uxnet_compiler
from uxnet_compiler.cli.main import main

project = "uxnet-compiler"
release = version = uxnet_compiler.__version__
language = "en"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "search.md"]  # Sphinx has a page of its own called search

html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_show_search_summary = False  # they are fetched, which no browser allows from a folder
html_theme_options: dict[str, Any] = {
    "top_of_page_buttons": []
}  # there is no server to edit or view pages on

myst_heading_anchors = 3
myst_url_schemes = {"http": None, "https": None, "site": {"url": "{{path}}"}}
nitpicky = True
# Other projects are not linked: finding the places takes a network.
nitpick_ignore_regex = [
    ("py:.*", r"(?!uxnet_compiler\b).*"),
    ("py:class", r"uxnet_compiler\..*\.(T|Model)"),  # type variables
]

highlight_language = "none"  # only what says that it is code
default_role = "code"  # `x` in a docstring is x in code, as in Markdown
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

INCLUDED = {
    "search.md": "searching.md",
    "../benchmarks/README.md": "benchmarks.md",
    "../CONTRIBUTING.md": "contributing.md",
    "../CHANGELOG.md": "changelog.md",
    "../genotypes": "site:gallery/index.html",
}
_DRAWN = re.compile(r"^(Shape|Maths):$")  # aligned by hand: sizes, formulas
_NAMED = re.compile(r"^(Before|After|Keeps|Source): ")


def tidy(_app: Sphinx, what: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """Say in reStructuredText what the sections of our docstrings mean (see CONTRIBUTING.md)."""
    if what in {"attribute", "data", "property"}:
        lines[:0] = ["..", ""]  # an empty comment; else what stands before a colon is the type
    for at, line in reversed(list(enumerate(lines))):
        if match := _DRAWN.match(line):
            lines[at : at + 1] = [f"**{match[1]}**", "", "::", ""]
        elif match := _NAMED.match(line):
            lines[at] = f":{match[1]}: {line[match.end() :].lstrip()}"


def stay_on_the_site(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Link to the pages that show what is included, and not to the files."""
    for outside, page in INCLUDED.items():
        source[0] = source[0].replace(f"]({outside})", f"]({page})")


def stay_on_the_site_there(_app: Sphinx, _path: Any, page: str, source: list[str]) -> None:
    """Do the same in what is included."""
    stay_on_the_site(_app, page, source)


def shorten(_app: Sphinx, _what: str, _name: str, obj: Any, *_rest: Any) -> tuple[str, str] | None:
    """Leave out the signatures of models: their fields stand below."""
    if isinstance(obj, type) and issubclass(obj, BaseModel):
        return "", ""
    return None


def show_zoo(app: Sphinx, error: Exception | None) -> None:
    """Put the gallery of the bundled genotypes beside the pages."""
    if error is not None:
        return
    with contextlib.redirect_stdout(io.StringIO()):  # the command prints the path
        main(["gallery", "--zoo", "-o", str(app.outdir / "gallery")], standalone_mode=False)


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("build-finished", show_zoo)
    app.connect("source-read", stay_on_the_site)
    app.connect("include-read", stay_on_the_site_there)
    app.connect("autodoc-process-docstring", tidy, priority=400)  # ahead of napoleon
    app.connect("autodoc-process-signature", shorten)
