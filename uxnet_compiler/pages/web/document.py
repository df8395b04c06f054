"""Put a page together: one HTML file that loads nothing and lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from uxnet_compiler.pages.web.drawing import dark_rules
from uxnet_compiler.wording import one_line

HOME = "uxnet_compiler.pages.web"
STYLES = ("tokens.css", "page.css", "graph.css", "table.css")
SCRIPTS = ("page.js", "view.js", "card.js", "graph.js", "table.js", "tabs.js")
LONGEST = 2000  # letters of one text that a document says


def make_page(
    package: str,
    template: str,
    *,
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
    **content: Any,
) -> str:
    """Render a template of a package into a page that stands alone.

    Templates lie in the folder `templates` of the package, styles and scripts in `static`; what a
    package does not have is taken from this one. A template extends `base.html`.

    All text is escaped, and what cannot be printed is replaced: line breaks, control characters,
    marks that turn the direction of writing. `Markup` alone passes as it is. Data for scripts
    goes into `<script type="application/json">` by the filter `tojson`.

    The policy of the page forbids everything but its own style and script, and images that are
    part of it; so there can be no attributes `style` or `onclick`.

    Args:
        package: Such as `uxnet_compiler.pages.report`.
        template: Name of the file.
        styles: Style sheets of the package, behind those that all pages share.
        scripts: Scripts of the package, likewise.
        **content: What the template shows; it is read twice, since colours come first.
    """
    sheets = [_text(package, "static", name) for name in (*STYLES, *styles)]
    script = "\n".join(_text(package, "static", name) for name in (*SCRIPTS, *scripts))
    assert "</" not in script, "a script must not close its own element"
    environment = Environment(
        loader=FunctionLoader(lambda name: _text(package, "templates", name)),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {
        "allow_nan": False,
        "separators": (",", ":"),
        "sort_keys": True,
    }
    prepared = environment.get_template(template)

    def rendered(*rules: str) -> str:
        style = "\n".join([*sheets, *rules])
        policy = _policy(style, script)
        return prepared.render(content, policy=policy, style=Markup(style), script=Markup(script))

    page = rendered(dark_rules(rendered()))
    return page if page.endswith("\n") else page + "\n"


def _text(package: str, folder: str, name: str) -> str:
    for home in (package, HOME):
        found = files(home) / folder / name
        if found.is_file():
            return found.read_text(encoding="utf-8").replace("\r\n", "\n")
    raise AssertionError(f"{package} has no {folder}/{name}")


def _policy(style: str, script: str) -> str:
    """Return the content security policy of a page with these texts between its tags."""
    return (
        "default-src 'none'; img-src data:;"
        f" style-src '{_digest(style)}'; script-src '{_digest(script)}';"
        " base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _plain(value: object) -> object:
    """Make what an expression of a template gives harmless; markup is ours already."""
    return value if type(value) is not str else one_line(value, LONGEST)
