"""Print a graph as text and read it back: one line a value, the format of the golden files.

n0_0.conv = conv@1 {"channels": 16, "kernel": [3, 3, 3]} (input) : 16 @ 1x1x1
"""

from __future__ import annotations

import json
import re

from pydantic import ValidationError

from uxnet_compiler.errors import GraphError
from uxnet_compiler.ir.graph import Graph, Value
from uxnet_compiler.ops import op_class

_LINE = re.compile(
    r"(?P<id>\S+) = (?P<op>\S+@\d+) (?P<attrs>\{.*\}) \((?P<inputs>[^()]*)\) : (?P<type>.+)"
)


def to_text(graph: Graph) -> str:
    """Return the graph as text; the same graph always gives the same text."""
    return "".join(_line(value) + "\n" for value in graph.values())


def _line(value: Value) -> str:
    attrs = value.op.model_dump(mode="json", exclude_defaults=True)
    attrs.pop("op")
    inputs = ", ".join(value.inputs)
    return (
        f"{value.id} = {value.op.op} {json.dumps(attrs, sort_keys=True)} ({inputs}) : {value.type}"
    )


def from_text(text: str) -> Graph:
    """Read what `to_text` wrote.

    Raises:
        GraphError: A line is malformed or its type is not what its op makes.
    """
    graph = Graph()
    for number, line in enumerate(text.splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise GraphError(f"line {number}: not `id = op {{...}} (inputs) : type`: {line[:60]!r}")
        try:
            op = op_class(match["op"]).model_validate_json(match["attrs"])
        except ValidationError as error:
            raise GraphError(f"line {number}: {match['op']}: {error.errors()[0]['msg']}") from None
        inputs = tuple(name.strip() for name in match["inputs"].split(",") if name.strip())
        made = graph[graph.add(match["id"], op, inputs)].type
        if str(made) != match["type"]:
            raise GraphError(f"line {number}: {match['id']} is {made}, not {match['type']}")
    return graph
