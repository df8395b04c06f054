"""Where the weights of a rewritten op come from: expressions over the weights of the document.

A pass that merges two convolutions or folds a factor into one changes weights that it does not
hold. It says instead how the new tensor is made of those that are stored:

    stack(a.conv.weight, b.conv.weight, axis=0)

Knows no torch: a back end evaluates the expressions, prints them as code, or both.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from uxnet_compiler.errors import GraphError


@dataclass(frozen=True)
class Weight:
    """Base of the expressions; `str` gives the text that `parse_weight` reads."""

    name: ClassVar[str] = ""

    def parts(self) -> tuple[Weight, ...]:
        """Return the expressions that this one is made of."""
        found: list[Weight] = []
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Weight):
                found.append(value)
            elif isinstance(value, tuple):
                found += [item for item in value if isinstance(item, Weight)]
        return tuple(found)

    def stored(self) -> Iterator[str]:
        """Yield the names of the stored tensors that it needs."""
        for part in self.parts():
            yield from part.stored()

    def __str__(self) -> str:
        options = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            if field.name != "terms" and not isinstance(getattr(self, field.name), Weight)
        ]
        return f"{self.name}({', '.join([*map(str, self.parts()), *options])})"


@dataclass(frozen=True)
class Stored(Weight):
    """A tensor of the document's network, by its name."""

    key: str

    def stored(self) -> Iterator[str]:
        """Yield its own name."""
        yield self.key

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True)
class Zeros(Weight):
    """A vector of zeros: the bias of a convolution that has none."""

    name: ClassVar[str] = "zeros"
    length: int


@dataclass(frozen=True)
class Scaled(Weight):
    """A tensor times a constant."""

    name: ClassVar[str] = "scale"
    of: Weight
    factor: float


@dataclass(frozen=True)
class Added(Weight):
    """The sum of tensors of one shape."""

    name: ClassVar[str] = "add"
    terms: tuple[Weight, ...]


@dataclass(frozen=True)
class Stacked(Weight):
    """Tensors put behind each other along an axis."""

    name: ClassVar[str] = "stack"
    terms: tuple[Weight, ...]
    axis: int


@dataclass(frozen=True)
class Sliced(Weight):
    """The part of a tensor from `start` up to `stop` along an axis."""

    name: ClassVar[str] = "slice"
    of: Weight
    axis: int
    start: int
    stop: int


@dataclass(frozen=True)
class Embedded(Weight):
    """A kernel in the middle of a larger one of zeros, its taps `dilation` apart.

    Shape:
        of   (Co, Ci, k, k, k)
        out  (Co, Ci, *kernel)
    """

    name: ClassVar[str] = "embed"
    of: Weight
    kernel: tuple[int, ...]
    dilation: tuple[int, ...]


@dataclass(frozen=True)
class NormScaled(Weight):
    """A kernel with the scale of the batch norm behind it: weight gamma / sqrt(var + eps).

    `axis` is the one of the output channels: 0, or 1 in a transposed convolution.
    """

    name: ClassVar[str] = "norm_scale"
    of: Weight
    gamma: Weight
    var: Weight
    eps: float
    axis: int = 0


@dataclass(frozen=True)
class NormShifted(Weight):
    """The bias with the batch norm behind it: (bias - mean) gamma / sqrt(var + eps) + beta."""

    name: ClassVar[str] = "norm_shift"
    of: Weight
    gamma: Weight
    beta: Weight
    mean: Weight
    var: Weight
    eps: float


EXPRESSIONS: dict[str, type[Weight]] = {
    kind.name: kind
    for kind in (Zeros, Scaled, Added, Stacked, Sliced, Embedded, NormScaled, NormShifted)
}
"""Every expression but a plain name, by the word that stands for it in text."""


def parse_weight(text: str) -> Weight:
    """Read what `str` of an expression gave. Nothing is ever executed.

    Raises:
        GraphError: It is no such text.
    """
    try:
        return _weight(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise GraphError(f"no expression of weights: {text[:60]!r} ({error})") from None


def _weight(node: ast.expr) -> Weight:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id not in EXPRESSIONS:
            raise ValueError(f"unknown word {node.func.id!r}; known: {', '.join(EXPRESSIONS)}")
        kind: Any = EXPRESSIONS[node.func.id]
        parts = tuple(_weight(part) for part in node.args)
        options: dict[str, Any] = {
            str(option.arg): ast.literal_eval(option.value) for option in node.keywords
        }
        if any(field.name == "terms" for field in fields(kind)):
            made: Weight = kind(parts, **options)
        else:
            made = kind(*parts, **options)
        return made
    return Stored(_key(node))


def _key(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_key(node.value)}.{node.attr}"
    raise ValueError("a name or a call is wanted")
