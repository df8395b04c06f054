"""Numbers as people read and write them: a few digits and a unit."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

import click

from uxnet_compiler.wording import counted, mebibytes, short

__all__ = [
    "COUNT",
    "GIBIBYTES",
    "Count",
    "FiniteRange",
    "Gibibytes",
    "counted",
    "mebibytes",
    "short",
]


_COUNTS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BYTES = {"": 1.0, "kib": 2.0**-20, "mib": 2.0**-10, "gib": 1.0, "tib": 2.0**10}


class Count(click.ParamType):  # type: ignore[type-arg]  # click 8.1 knows no argument
    """Read a number of things: `1500000`, `1.5M`, `20G`."""

    name = "count"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the whole number, which is at least 1."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d{1,18}(?:\.\d{1,18})?) ?([kmgt]?)", str(value).strip().lower())
        number = int(Decimal(match[1]) * _COUNTS[match[2]]) if match else 0
        if number < 1:
            self.fail(f"{value!r} is no number from 1 on; write 1500000, 1.5M or 20G", param, ctx)
        return number


class Gibibytes(click.ParamType):  # type: ignore[type-arg]  # click 8.1 knows no argument
    """Read a number of bytes as GiB: `1.5`, `1.5GiB`, `512MiB`."""

    name = "GiB"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return GiB, more than 0."""
        if isinstance(value, float):
            return value
        text = str(value).strip().lower()
        match = re.fullmatch(r"(\d{0,9}\.?\d{1,18}) ?([kmgt]ib)?", text)
        number = float(match[1]) * _BYTES[match[2] or ""] if match else 0.0
        if number <= 0:
            self.fail(f"{value!r} is no amount of memory; write 1.5 (GiB) or 512MiB", param, ctx)
        return number


class FiniteRange(click.FloatRange):
    """Read a number within bounds that is not NaN or infinite, which lie in any bounds of click."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


COUNT = Count()
GIBIBYTES = Gibibytes()
