"""Options that several commands share."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

if TYPE_CHECKING:
    from uxnet_compiler.passes import Pass

F = TypeVar("F", bound=Callable[..., Any])


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


def config_options(model: type[BaseModel]) -> Callable[[F], F]:
    """Give a command `--config`, `--print-config` and an option for each field of its model.

    The help texts are the attributes in the model's docstring. An option that is not given
    arrives as None, so that the file and the model's default can speak; the model checks limits.
    """
    texts = _attributes(model)

    def decorate(command: F) -> F:
        options = [_field_option(name, field, texts[name]) for name, field in _fields(model)]
        options += [
            click.option(
                "--config",
                "config_file",
                type=click.Path(path_type=Path),
                metavar="FILE.yaml",
                help="Take options from a file; those given here win.",
            ),
            click.option(
                "--print-config", is_flag=True, help="Print all options as such a file, and stop."
            ),
        ]
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _fields(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return list(model.model_fields.items())


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    """Read the attributes section of a docstring in Google style."""
    section = inspect.cleandoc(model.__doc__ or "").partition("\nAttributes:\n")[2]
    found = re.findall(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", section, flags=re.MULTILINE)
    return {name: " ".join(text.replace("`", "").split()) for name, text in found}


def _field_option(name: str, field: FieldInfo, text: str) -> Callable[[F], F]:
    flag = "--" + name.replace("_", "-")
    kind = field.annotation
    plain = [part for part in get_args(kind) if part is not type(None)] or [kind]
    while get_origin(plain[0]) is Annotated:
        plain = [get_args(plain[0])[0]]
    if field.default is not None and not isinstance(field.default, bool):
        text = f"{text}  [default: {field.default}]"
    if kind is bool:
        on = f"[default: {'on' if field.default else 'off'}]"
        return click.option(f"{flag}/--no-{flag[2:]}", name, default=None, help=f"{text}  {on}")
    if get_origin(kind) is Literal:
        return click.option(flag, name, type=click.Choice(get_args(kind)), help=text)
    return click.option(flag, name, type=plain[0], help=text)


device_option = click.option(
    "--device",
    default="auto",
    show_default=True,
    help="auto, cpu, cuda or cuda:1; auto takes the first GPU, else the CPU.",
)
tta_option = click.option(
    "--tta", is_flag=True, help="Average over all flips of the image: better and slower."
)


def _pipeline(_ctx: click.Context, _param: click.Parameter, text: str) -> tuple[Pass, ...]:
    """Read the name of a pipeline, or one that is spelled out."""
    from uxnet_compiler.passes import INFERENCE, TRAINING, parse_pipeline

    named = {"inference": INFERENCE, "training": TRAINING, "none": ()}
    return named[text] if text in named else parse_pipeline(text)


passes_option = click.option(
    "--passes",
    default="inference",
    show_default=True,
    metavar="PIPELINE",
    callback=_pipeline,
    help="inference, training, none, or passes with commas as `uxnet passes` lists them.",
)
runtime_option = click.option(
    "--runtime",
    type=click.Choice(("torch", "onnx", "openvino", "auto")),
    default="torch",
    show_default=True,
    help="What runs the network; onnx and openvino compute on the CPU, in the fastest precision"
    " that agrees with torch. auto tries all on this machine and takes the fastest.",
)
