"""Lay Python code out in lines of at most 88 characters, the way formatters do."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH = 88
INDENT = 4


@dataclass(frozen=True)
class Bracketed:
    """Code in brackets: a call, a list, a dictionary.

    Attributes:
        head: All up to the opening bracket, included.
        parts: What commas stand between.
        tail: The closing bracket.
    """

    head: str
    parts: tuple[Code, ...]
    tail: str = ")"

    def __str__(self) -> str:
        return f"{self.head}{', '.join(map(str, self.parts))}{self.tail}"


@dataclass(frozen=True)
class Infix:
    """Terms with an operator between them; inner ones are put in parentheses."""

    sign: str
    terms: tuple[Code, ...]

    def __str__(self) -> str:
        return f" {self.sign} ".join(map(_term, self.terms))


Code = str | Bracketed | Infix


def _term(code: Code) -> str:
    return f"({code})" if isinstance(code, Infix) else str(code)


def call(function: str, *arguments: Code, **options: str | None) -> Bracketed:
    """Return a call; options that are `None` are left out."""
    named = (f"{name}={value}" for name, value in options.items() if value is not None)
    return Bracketed(f"{function}(", (*arguments, *named))


def lay_out(code: Code, indent: int = 0, before: str = "", after: str = "") -> list[str]:
    """Return lines of code: one if it fits, else broken at the outermost brackets or operators.

    Args:
        code: What to write.
        indent: Number of spaces before it.
        before: What stands on the first line before it, such as `name = `.
        after: What stands on the last line after it, such as a comma.
    """
    margin = " " * indent
    line = f"{margin}{before}{code}{after}"
    if len(line) <= WIDTH or isinstance(code, str):
        return [line]
    inner = indent + INDENT
    if isinstance(code, Infix):
        first, *others = code.terms
        lines = lay_out(_parenthesised(first), inner)
        for term in others:
            lines += lay_out(_parenthesised(term), inner, f"{code.sign} ")
        flat = f"{' ' * inner}{code}"
        lines = [flat] if len(flat) <= WIDTH else lines
        return [f"{margin}{before}(", *lines, f"{margin}){after}"]
    flat = f"{' ' * inner}{', '.join(map(str, code.parts))}"
    lines = [flat]
    if len(flat) > WIDTH:
        lines = [line for part in code.parts for line in lay_out(part, inner, after=",")]
    return [f"{margin}{before}{code.head}", *lines, f"{margin}{code.tail}{after}"]


def _parenthesised(code: Code) -> Code:
    return Bracketed("(", (code,)) if isinstance(code, Infix) else code
