"""Print the forward pass of a network: variables, their ends, and comments."""

from __future__ import annotations

from collections.abc import Sequence

from uxnet_compiler.analysis import in_place
from uxnet_compiler.backends.source_calls import Use, statements
from uxnet_compiler.backends.source_layout import WIDTH, Bracketed, lay_out
from uxnet_compiler.ir import Graph, Value
from uxnet_compiler.ops.types import spell_factor
from uxnet_compiler.schema.model import EDGE_MARK

_IMAGE = "x"
# What `forward` needs under its own name, and the letters that look like digits.
_RESERVED = {_IMAGE, "self", "torch", "nn", "F", "Tensor", "I", "O", "l"}
_BODY = 8


def slot(name: str) -> str:
    """Return the node or edge that a value belongs to."""
    return name.partition(".")[0]


def forward_lines(graph: Graph, values: Sequence[Value]) -> list[str]:
    """Return the body of `forward`: the same calls as those of the torch back end.

    Args:
        graph: The whole network.
        values: Those that some output depends on, in the order of execution.
    """
    ends = _last_uses(values)
    names = name_variables(values, ends)
    overwriting = in_place(graph)
    made = {slot(value.id): value for value in values}
    computed = [(i, v) for i, v in enumerate(values) if v.op.kind not in {"input", "output"}]
    lines: list[str] = []
    here = None
    for index, value in computed:
        if slot(value.id) != here:
            here = slot(value.id)
            lines += ["", f"{' ' * _BODY}# {_heading(made[here])}"]
        use = Use(
            layer=f"self.{value.id}",
            target=names[value.id],
            inputs=tuple(names[source] for source in value.inputs),
            in_place=value.id in overwriting,
        )
        for before, code in statements(use, value.op):
            lines += lay_out(code, _BODY, before)
        if value is not computed[-1][1]:
            over = {names[source]: None for source in value.inputs if ends[source] == index}
            lines += _deletion([name for name in over if name not in {use.target, _IMAGE}])
    results = tuple(names[value.inputs[0]] for value in graph.outputs())
    many = Bracketed("(", results)
    lines += ["", *lay_out(many if len(results) > 1 else results[0], _BODY, "return ")]
    return lines[lines[:1] == [""] :]


def _last_uses(values: Sequence[Value]) -> dict[str, int]:
    """Return the index of the last reader of each value; results live to the end."""
    ends: dict[str, int] = {}
    for index, value in enumerate(values):
        for source in value.inputs:
            now = len(values) if value.op.kind == "output" else index
            ends[source] = max(now, ends.get(source, now))
    return ends


def name_variables(values: Sequence[Value], ends: dict[str, int]) -> dict[str, str]:
    """Return the variable that holds each value.

    The values of a node or edge share one variable of its name, each taking the place of the
    one before: maps that are not needed any more are freed without a word. A value that is
    still needed when the next one is there gets a variable of its own.
    """
    following: dict[str, tuple[int, Value]] = {}
    shared: dict[str, bool] = {}
    for index, value in reversed(list(enumerate(values))):
        if value.op.kind == "output":
            continue
        after = following.get(slot(value.id))
        shared[value.id] = after is None or _makes_room(value.id, ends, *after)
        following[slot(value.id)] = (index, value)
    taken = set(_RESERVED)
    short: dict[str, str] = {}
    names: dict[str, str] = {}
    for value in values:
        where = slot(value.id)
        if value.op.kind == "input":
            names[value.id] = _IMAGE
        elif value.op.kind != "output":
            if not shared[value.id]:
                names[value.id] = _free(value.id.replace(".", "_"), taken)
                continue
            if where not in short:
                short[where] = _free(where, taken)
            names[value.id] = short[where]
    return names


def _makes_room(name: str, ends: dict[str, int], index: int, following: Value) -> bool:
    # A sum takes several statements: what it adds last must outlive the first.
    read_late = following.op.kind == "sum" and name in following.inputs[2:]
    return ends.get(name, -1) <= index and not read_late


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _heading(last: Value) -> str:
    name = slot(last.id)
    source, mark, target = name.partition(EDGE_MARK)
    if mark:
        return f"edge {source} -> {target}"
    if name.startswith("aux_"):
        return f"head {name} for deep supervision"
    scale = last.type.scale
    grid = "full size" if set(scale) == {1} else f"size / {spell_factor(scale)}"
    return f"node {name}: {last.type.channels} channels, {grid}"


def _deletion(names: list[str]) -> list[str]:
    if not names:
        return []
    line = f"{' ' * _BODY}del {', '.join(names)}"
    return [line] if len(line) <= WIDTH else lay_out(Bracketed("del (", tuple(names)), _BODY)
