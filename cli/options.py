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


def _widths(
    _ctx: click.Context, _param: click.Parameter, text: str | None
) -> tuple[int, ...] | None:
    """Read `16,32,64,128`."""
    if text is None:
        return None
    if not re.fullmatch(r"[1-9]\d{0,4}(,[1-9]\d{0,4})*", text):
        raise click.BadParameter(f"{text!r} is no list of widths; write 16,32,64,128")
    return tuple(int(number) for number in text.split(","))


def _strides(
    _ctx: click.Context, _param: click.Parameter, text: str | None
) -> tuple[tuple[int, ...], ...] | None:
    """Read `1x1x1,1x2x2,2x2x2`: per level, per axis."""
    if text is None:
        return None
    level = r"[1-9]\d?(x[1-9]\d?){1,2}"
    if not re.fullmatch(rf"{level}(,{level})*", text):
        raise click.BadParameter(f"{text!r} are no strides; write 1x1x1,1x2x2,2x2x2")
    return tuple(tuple(int(n) for n in stride.split("x")) for stride in text.split(","))


widths_option = click.option(
    "--widths",
    metavar="N,N,...",
    callback=_widths,
    help="Channels per level, such as 16,32,64,128.",
)
strides_option = click.option(
    "--strides",
    metavar="DxHxW,...",
    callback=_strides,
    help="How much coarser each level is, such as 1x1x1,1x2x2,2x2x2,2x2x2.",
)
