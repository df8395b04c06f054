"""Options that several commands share."""

from __future__ import annotations

import re

import click


def _numbers_per_axis(
    _ctx: click.Context, _param: click.Parameter, text: str | None
) -> tuple[int, ...] | None:
    """Read `40x56x40`, the spelling of sizes everywhere in this package; the order is D, H, W."""
    if text is None:
        return None
    if not re.fullmatch(r"[1-9]\d{0,5}(x[1-9]\d{0,5}){1,2}", text):
        raise click.BadParameter(f"{text!r} is no size; write 40x56x40, or 256x256 in 2-D")
    return tuple(int(number) for number in text.split("x"))


size_option = click.option(
    "--size",
    metavar="DxHxW",
    callback=_numbers_per_axis,
    help="Image size to count the costs for, such as 64x64x64.",
)
