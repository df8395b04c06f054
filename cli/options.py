"""Options that several commands share."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .quantities import COUNT, GIBIBYTES, FiniteRange

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


LIMIT_TYPES: Mapping[str, click.ParamType[Any]] = {
    "max_params": COUNT,
    "max_macs": COUNT,
    "max_memory": GIBIBYTES,
    "max_training_memory": GIBIBYTES,
}
"""How the limits of a network are written, in every command."""


def config_options(
    model: type[BaseModel], types: Mapping[str, click.ParamType[Any]] | None = None
) -> Callable[[F], F]:
    """Give a command `--config`, `--print-config` and an option for each field of its model.

    The help texts are the attributes in the model's docstring. An option that is not given
    arrives as None, so that the file and the model's default can speak; the model checks limits.
    `types` says how a field is written, where not simply as its type.
    """
    texts = _attributes(model)
    types = types or {}

    def decorate(command: F) -> F:
        options = [
            _field_option(name, field, texts[name], types.get(name))
            for name, field in _fields(model)
        ]
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


def _field_option(
    name: str, field: FieldInfo, text: str, written: click.ParamType[Any] | None
) -> Callable[[F], F]:
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
    return click.option(flag, name, type=written or plain[0], help=text)


_LIMIT_OPTIONS = (
    click.option("--max-params", type=COUNT, help="Most trained numbers, such as 1.5M."),
    click.option("--max-macs", type=COUNT, help="Most multiply-accumulates, such as 20G."),
    click.option(
        "--max-memory", type=GIBIBYTES, help="Most memory in inference, weights and feature maps."
    ),
    click.option("--max-training-memory", type=GIBIBYTES, help="Most memory of a training step."),
    click.option(
        "--max-latency",
        type=FiniteRange(0, min_open=True),
        metavar="MS",
        help="Most milliseconds for one image on this machine.",
    ),
)


def limit_options(command: F) -> F:
    """Give a command the options that say what a network may cost."""
    for option in reversed(_LIMIT_OPTIONS):
        command = option(command)
    return command


device_option = click.option(
    "--device",
    default="auto",
    show_default=True,
    help="auto, cpu, cuda or cuda:1; auto takes the first GPU, else the CPU.",
)
tta_option = click.option(
    "--tta",
    is_flag=True,
    help="Average over all flips of the image: better and slower; after training with --mirror.",
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


def themed(default: str) -> Callable[[F], F]:
    """Give a command the option --theme."""
    return click.option(
        "--theme",
        type=click.Choice(("paper", "dark", "slides")),
        default=default,
        show_default=True,
        help="Colours and sizes; slides has large text and fills a page of 16:9.",
    )


def _integers(
    _ctx: click.Context, _param: click.Parameter, text: str | None
) -> tuple[int, ...] | None:
    """Read `0,1,2`."""
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,9}(,\d{1,9})*", text):
        raise click.BadParameter(f"{text!r} is no list of numbers; write 0,1,2")
    return tuple(int(number) for number in text.split(","))


_STUDY_OPTIONS = (
    click.option("--search-steps", type=int, help="Steps of each search."),
    click.option("--search-minutes", type=float, help="Minutes of each search."),
    click.option("--train-steps", type=int, help="Steps of each training."),
    click.option("--train-minutes", type=float, help="Minutes of each training."),
    click.option("--folds", type=click.IntRange(2, 100), help="Split the cases in so many folds."),
    click.option(
        "--fold",
        metavar="N,N,...",
        callback=_integers,
        help="Hold out these folds alone, counted from 0.",
    ),
    click.option("--device", help="auto, cpu, cuda or cuda:1."),
    click.option("--dry-run", is_flag=True, help="Say what it would take, and stop."),
    click.option("--json", "as_json", is_flag=True, help="Print the table as JSON."),
)


def study_options(command: F) -> F:
    """Give a command the options that ablations, reproductions and sweeps share."""
    for option in reversed(_STUDY_OPTIONS):
        command = option(command)
    return command


seed_option = click.option("--seed", type=int, help="Of everything random.")
seeds_option = click.option(
    "--seeds", metavar="N,N,...", callback=_integers, help="Seeds, such as 0,1,2."
)


def _use_cache(ctx: click.Context, _param: click.Parameter, folder: Path | None) -> None:
    """Name the cache folder for this command, and for every process that it starts."""
    if folder is None:
        return
    from uxnet_compiler.files import CACHE_VARIABLE

    before = os.environ.get(CACHE_VARIABLE)
    os.environ[CACHE_VARIABLE] = str(folder.absolute())

    def restore() -> None:
        os.environ.pop(CACHE_VARIABLE)
        if before is not None:
            os.environ[CACHE_VARIABLE] = before

    ctx.call_on_close(restore)


cache_option = click.option(
    "--cache",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    expose_value=False,
    callback=_use_cache,
    help="Keep preprocessed images here, for other runs as well; `uxnet cache show` says where"
    " otherwise.",
)
