"""Coordinates as text."""

from __future__ import annotations


def number(value: float, digits: int = 2) -> str:
    """Return a coordinate without needless zeros, the same on every machine."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
