"""What people read about a pass, taken from its docstring."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, fields

from uxnet_compiler.passes.base import Pass
from uxnet_compiler.passes.catalogue import INFERENCE, TRAINING


@dataclass(frozen=True)
class Option:
    """A setting of a pass: `name{option=value}`."""

    name: str
    default: object
    purpose: str


@dataclass(frozen=True)
class Description:
    """A pass in words.

    Attributes:
        name: As it is spelled in a list of passes.
        purpose: What it is for, in one line.
        detail: What else there is to say, a paragraph each.
        before: What stands in the graph before.
        after: What stands there after.
        keeps: What stays as it was.
        trainable: Whether training sees the same network.
        exact: Whether outputs stay equal up to rounding.
        lists: Which of the two lists it is in, `training` and `inference`.
        options: Its settings.
    """

    name: str
    purpose: str
    detail: tuple[str, ...]
    before: str
    after: str
    keeps: str
    trainable: bool
    exact: bool
    lists: tuple[str, ...]
    options: tuple[Option, ...]


_LABEL = re.compile(r"^(Before|After|Keeps|Attributes|Source): *", re.MULTILINE)
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", re.MULTILINE)


def describe(each: type[Pass]) -> Description:
    """Read what a pass says of itself."""
    text, *labelled = _LABEL.split(inspect.getdoc(each) or "")
    parts = dict(zip(labelled[::2], labelled[1::2], strict=True))
    purpose, *detail = [_line(paragraph) for paragraph in text.strip().split("\n\n")]
    purposes = dict(_ATTRIBUTE.findall(parts.get("Attributes", "")))
    lists = {"training": TRAINING, "inference": INFERENCE}
    return Description(
        name=each.name,
        purpose=purpose,
        detail=tuple(detail),
        before=_line(parts["Before"]),
        after=_line(parts["After"]),
        keeps=_line(parts["Keeps"]),
        trainable=each.trainable,
        exact=each.exact,
        lists=tuple(name for name, passes in lists.items() if each in map(type, passes)),
        options=tuple(
            Option(field.name, field.default, _line(purposes.get(field.name, "")))
            for field in fields(each)  # type: ignore[arg-type]  # a dataclass by contract
        ),
    )


def _line(text: str) -> str:
    return " ".join(text.replace("`", "").split())
