"""Run passes one after the other, and spell lists of them as text.

drop-dead,share-equal,prune-gates{tau=0.6}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from time import perf_counter

from pydantic import TypeAdapter, ValidationError

from uxnet_compiler.errors import GraphError, PassError
from uxnet_compiler.ir import Graph, verify
from uxnet_compiler.passes.base import Pass
from uxnet_compiler.passes.catalogue import PASSES


@dataclass(frozen=True)
class Step:
    """A pass that has run.

    Attributes:
        made_by: The pass.
        rewrites: Rewrites made.
        seconds: Wall-clock time that they took.
    """

    made_by: Pass
    rewrites: int
    seconds: float


def run_passes(graph: Graph, passes: Sequence[Pass]) -> Graph:
    """Return a rewritten copy of the graph.

    Raises:
        PassError: A pass left a graph that breaks a rule; the message names those before it.
    """
    graph = graph.copy()
    for _ in run_steps(graph, passes):
        pass
    return graph


def run_steps(graph: Graph, passes: Sequence[Pass]) -> Iterator[Step]:
    """Rewrite the graph itself, and stop after each pass for whoever wants to look.

    Raises:
        PassError: A pass left a graph that breaks a rule; the message names those before it.
    """
    verify(graph)
    done: list[str] = []
    for each in passes:
        start = perf_counter()
        try:
            count = each.run(graph)
            seconds = perf_counter() - start
            verify(graph)
        except GraphError as error:
            before = f" after {', '.join(done)}" if done else ""
            raise PassError(f"pass {each.name!r} failed{before}: {error}") from error
        done.append(each.name)
        yield Step(each, count, seconds)


_PASS = re.compile(r"(?P<name>[a-z0-9-]+)(\{(?P<options>[^{}]*)\})?")


def parse_pipeline(text: str) -> tuple[Pass, ...]:
    """Read a list of passes: names with commas, options as `name{key=value key=value}`.

    Raises:
        PassError: It is malformed, or an option is unknown or has a wrong value.
        UnknownNameError: No pass has that name.
    """
    return tuple(_parse(part.strip()) for part in text.split(",") if text.strip())


def _parse(text: str) -> Pass:
    match = _PASS.fullmatch(text)
    if match is None:
        raise PassError(f"{text!r} is no pass; write name or name{{key=value key=value}}")
    kind = PASSES[match["name"]]
    options: dict[str, str] = {}
    for part in (match["options"] or "").split():
        key, _, value = part.partition("=")
        options[key] = value
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # a dataclass by contract
    for key in options:
        if key not in known:
            hint = f"known: {', '.join(known)}" if known else "it has none"
            raise PassError(f"{match['name']}: no option is called {key!r}; {hint}")
    try:
        return TypeAdapter(kind).validate_python(options)
    except ValidationError as error:
        first = error.errors()[0]
        raise PassError(f"{match['name']}: {first['loc'][0]}: {first['msg']}") from None


def spell_pipeline(passes: Sequence[Pass]) -> str:
    """Write a list of passes as text that `parse_pipeline` reads; defaults are left out."""
    return ",".join(_spell(each) for each in passes)


def _spell(each: Pass) -> str:
    options = " ".join(
        f"{field.name}={getattr(each, field.name)}"
        for field in fields(each)  # type: ignore[arg-type]  # a dataclass by contract
        if getattr(each, field.name) != field.default
    )
    return f"{each.name}{{{options}}}" if options else each.name
