"""A drawing in a page: one SVG that is light or dark as the page is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from markupsafe import Markup

from uxnet_compiler.pictures.compose import compose
from uxnet_compiler.pictures.figure import Figure
from uxnet_compiler.pictures.paint import paint
from uxnet_compiler.pictures.scene import Scene
from uxnet_compiler.pictures.svg import to_svg
from uxnet_compiler.pictures.themes import THEMES

LIGHT, DARK = THEMES["paper"], THEMES["dark"]
_TAG = re.compile(r"<[^>]*>")
_COLOUR = re.compile(r' (fill|stroke)="(#[0-9a-f]{6})"')
_COMPANION = re.compile(r' data-(?:fill|stroke)="([0-9a-f]{6})"')


def drawing(scene: Scene, name: str) -> Markup:
    """Return the drawing of a scene for a page.

    It has the colours of the light theme; each attribute with a colour has a companion that names
    the one of the dark theme, which `dark_rules` brings out.

    Args:
        scene: What to draw.
        name: Unique on the page; ids begin with it.
    """
    assert LIGHT.metrics == DARK.metrics, "the themes differ in colours alone"
    layout = compose(scene, LIGHT.metrics)
    return in_both_themes(paint(scene, layout, LIGHT), paint(scene, layout, DARK), name)


def in_both_themes(light: Figure, dark: Figure, name: str) -> Markup:
    """Return a figure that was painted in both themes as one drawing; see `drawing`."""
    others = iter(_TAG.findall(to_svg(dark, prefix=f"{name}-")))
    return Markup(
        _TAG.sub(
            lambda tag: _with_companions(tag[0], next(others)), to_svg(light, prefix=f"{name}-")
        )
    )


def _with_companions(tag: str, other: str) -> str:
    dark = dict(_COLOUR.findall(other))
    return _COLOUR.sub(lambda found: f'{found[0]} data-{found[1]}="{dark[found[1]][1:]}"', tag)


def dark_rules(page: str) -> str:
    """Return the style that shows the drawings of a page in the dark theme's colours when dark.

    Scripts that colour a part later say so by `uxnet.inDark`.

    Args:
        page: As it is without these rules; colours that are mixed are found in it.
    """
    found = {f"#{colour}" for colour in _COMPANION.findall(page)}
    rules = [
        f'[data-{attribute}="{colour[1:]}"]{{{attribute}:{colour}}}'
        for colour in sorted(found.union(_colours(DARK)))
        for attribute in ("fill", "stroke")
    ]
    rules += [f'[data-{name}=""]{{{name}:var(--dark-{name})}}' for name in ("fill", "stroke")]
    by_system = "".join(f':root:not([data-theme="light"]) {rule}' for rule in rules)
    by_switch = "".join(f':root[data-theme="dark"] {rule}' for rule in rules)
    return (
        f"@media screen and (prefers-color-scheme:dark){{{by_system}}}\n"
        f"@media screen{{{by_switch}}}\n"
    )


def _colours(value: object) -> Iterator[str]:
    """Find every colour that a theme uses."""
    if isinstance(value, str):
        if value.startswith("#"):
            yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _colours(part)
    elif isinstance(value, tuple):
        for part in value:
            yield from _colours(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _colours(getattr(value, field.name))
