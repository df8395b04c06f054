"""Read and write genotype documents; every defect is told with its JSON path."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.files import write_text
from uxnet_compiler.schema.migrate import migrate
from uxnet_compiler.schema.model import Genotype
from uxnet_compiler.schema.soundness import defects
from uxnet_compiler.wording import one_line

MAX_BYTES = 8 * 2**20


def load(path: str | Path) -> Genotype:
    """Read a genotype from a file. Nothing in the file is ever executed.

    Raises:
        GenotypeError: The file cannot be read or is no sound genotype; it lists each defect.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise GenotypeError(
                str(path), [("", f"more than the {MAX_BYTES} bytes that a genotype may have")]
            )
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise GenotypeError(str(path), [("", "not JSON: the file is not UTF-8 text")]) from None
    except OSError as error:
        raise GenotypeError(
            str(path), [("", f"cannot be read: {error.strerror or error}")]
        ) from None
    return loads(text, source=str(path))


def loads(text: str, source: str = "genotype") -> Genotype:
    """Read a genotype from JSON text.

    Raises:
        GenotypeError: As for `load`.
    """
    try:
        data = json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise GenotypeError(source, [("", f"not JSON: {error.msg} at {where}")]) from None
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise GenotypeError(source, [("", f"not JSON: {reason}")]) from None
    if not isinstance(data, dict):
        raise GenotypeError(source, [("", "not a genotype: the top level should be an object")])
    try:
        # Through JSON again: only there do Pydantic's strict types take a list for a tuple.
        genotype = Genotype.model_validate_json(json.dumps(migrate(data, source)), strict=True)
    except RecursionError:
        raise GenotypeError(source, [("", "not JSON: nested too deeply")]) from None
    except ValidationError as error:
        raise GenotypeError(source, retell(error)) from None
    found = defects(genotype.architecture)
    if found:
        raise GenotypeError(source, [(path, _tame(message, 400)) for path, message in found])
    return genotype


def dumps(genotype: Genotype) -> str:
    """Return the document as JSON, one line a node and one line an edge, always the same."""
    plain = {"format": genotype.format, "version": genotype.version} | genotype.model_dump(
        mode="json", exclude_defaults=True
    )
    return _layout(plain) + "\n"


def dump(genotype: Genotype, path: Path) -> None:
    """Write the document, all or nothing."""
    write_text(path, dumps(genotype))


def _layout(value: Any, depth: int = 0) -> str:
    """Lay objects out a key a line until a value fits into one line."""
    flat = json.dumps(value, ensure_ascii=True, allow_nan=False)
    pad = "  " * (depth + 1)
    fits = len(flat) + len(pad) <= 100
    if isinstance(value, dict) and value and (depth < 2 or not fits) and "op" not in value:
        if {"source", "id"} & value.keys():
            return flat
        lines = [f"{json.dumps(k)}: {_layout(v, depth + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(pad + line for line in lines) + "\n" + "  " * depth + "}"
    if isinstance(value, list) and value and isinstance(value[0], dict) and "op" not in value[0]:
        lines = [_layout(item, depth + 1) for item in value]
        return "[\n" + ",\n".join(pad + line for line in lines) + "\n" + "  " * depth + "]"
    return flat


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {_tame(repr(twice))} stands twice in one object")
    return data


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{_tame(digits)} is too large a number")
    return number


@contextmanager
def told_as(source: str) -> Iterator[None]:
    """Tell what the document refuses in the block as defects of a source.

    Raises:
        GenotypeError: A value is none that a document can hold.
    """
    try:
        yield
    except ValidationError as error:
        raise GenotypeError(one_line(source), retell(error)) from None


def retell(error: ValidationError) -> list[tuple[str, str]]:
    """Turn Pydantic's errors into JSON paths and plain sentences.

    An object or a list is not repeated in a sentence, and a long value is cut.
    """
    items = error.errors()
    # Pydantic does not count bad members, and so may call their list too short as well.
    inner = {item["loc"][:-1] for item in items}
    return [
        _retell(item)
        for item in items
        if not (item["type"] == "too_short" and item["loc"] in inner)
    ]


def _retell(item: Any) -> tuple[str, str]:
    path = ""
    for step in item["loc"]:
        if isinstance(step, int):
            path += f"[{step}]"
        elif "@" not in step:  # the tag of a union is no step in the document
            path += f".{_tame(step)}" if path else _tame(step)
    message = _tame(item["msg"].removeprefix("Value error, "), 300)
    given = item.get("input")
    if isinstance(given, str | int | float | bool):
        message += f" (found {_tame(repr(given))})"
    return path, message


def _tame(text: str, length: int = 60) -> str:
    """Make a stranger's text fit for a line of a terminal: printable and short."""
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return shown if len(shown) <= length else shown[: length - 3] + "..."
