"""Print a graph as text and read it back: one line a value, the format of the golden files.

n0_0.conv = conv@1 {"channels": 16, "kernel": [3, 3, 3]} (input) : 16 @ 1x1x1

Weights that are not stored under the value's own name follow, as in
` ; weight = scale(n0_0.conv.weight, factor=0.5)`. A first line `scheduled` says that the order of
the lines is the order of execution.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pydantic import ValidationError

from uxnet_compiler.errors import GraphError
from uxnet_compiler.ir.graph import Graph, Value
from uxnet_compiler.ir.weights import Weight, parse_weight
from uxnet_compiler.ops import op_class

_LINE = re.compile(
    r"(?P<id>\S+) = (?P<op>\S+@\d+) (?P<attrs>\{.*\}) \((?P<inputs>[^()]*)\) : (?P<type>[^;]+?)"
    r"(?P<weights>( ; \S+ = [^;]+)*)"
)
_SCHEDULED = "scheduled"


def to_text(graph: Graph) -> str:
    """Return the graph as text; the same graph always gives the same text."""
    head = f"{_SCHEDULED}\n" if graph.scheduled else ""
    return head + "".join(_line(value) + "\n" for value in graph.values())


def _line(value: Value) -> str:
    attrs = value.op.model_dump(mode="json", exclude_defaults=True)
    attrs.pop("op")
    inputs = ", ".join(value.inputs)
    weights = "".join(f" ; {name} = {value.weights[name]}" for name in sorted(value.weights))
    return (
        f"{value.id} = {value.op.op} {json.dumps(attrs, sort_keys=True)} ({inputs})"
        f" : {value.type}{weights}"
    )


def from_text(text: str) -> Graph:
    """Read what `to_text` wrote.

    Raises:
        GraphError: A line is malformed or its type is not what its op makes.
    """
    graph = Graph()
    names = []
    lines = text.splitlines()
    scheduled = lines[:1] == [_SCHEDULED]
    for number, line in enumerate(lines[scheduled:], start=1 + scheduled):
        match = _LINE.fullmatch(line)
        if match is None:
            raise GraphError(f"line {number}: not `id = op {{...}} (inputs) : type`: {line[:60]!r}")
        try:
            op = op_class(match["op"]).model_validate_json(match["attrs"])
        except ValidationError as error:
            raise GraphError(f"line {number}: {match['op']}: {error.errors()[0]['msg']}") from None
        inputs = tuple(name.strip() for name in match["inputs"].split(",") if name.strip())
        try:
            weights = dict(_weights(match["weights"]))
        except GraphError as error:
            raise GraphError(f"line {number}: {error}") from None
        names.append(graph.add(match["id"], op, inputs, weights))
        made = graph[match["id"]].type
        if str(made) != match["type"]:
            raise GraphError(f"line {number}: {match['id']} is {made}, not {match['type']}")
    if scheduled:
        graph.schedule(names)
    return graph


def _weights(text: str) -> Iterator[tuple[str, Weight]]:
    for part in text.split(" ; ")[1:]:
        name, _, expression = part.partition(" = ")
        yield name, parse_weight(expression)
