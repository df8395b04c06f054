"""The scale of heat maps: from the paper of a theme to the colour of what is chosen."""

from __future__ import annotations

from collections.abc import Callable

from uxnet_compiler.pictures.paint import mixed
from uxnet_compiler.pictures.themes import Theme

READABLE = 4.5  # contrast from which small text is


def scale(theme: Theme) -> Callable[[float], str]:
    """Return what gives the fill for a share, 0 to 1; the ink of the theme is readable on all."""
    colour = theme.bars[True]
    steps = (step / 20 for step in range(1, 21))
    deepest = max(
        part for part in steps if contrast(theme.ink, mixed(colour, theme.frame, part)) >= READABLE
    )
    return lambda share: mixed(colour, theme.frame, deepest * share)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 for none to 21.

    Source:
        Web Content Accessibility Guidelines 2.2, "contrast ratio".
    """
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
