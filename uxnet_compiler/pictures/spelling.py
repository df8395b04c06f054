"""How ops are spelled in boxes and on links."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from uxnet_compiler.ops import Op
from uxnet_compiler.pictures.looks import is_projection, shown
from uxnet_compiler.pictures.typography import TIMES, raised, spelled
from uxnet_compiler.schema import INPUT, OUTPUT, Architecture, Edge, Node
from uxnet_compiler.wording import counted

THEN = " | "
"""Between the ops of a link, which are drawn one below the other."""


def box_lines(a: Architecture, node: Node) -> tuple[str, ...]:
    """Return what a node does, one op a line; nothing for one that only adds or passes on."""
    lines = []
    for label, run in groupby(spelled(op.label) for op in shown(node.ops)):
        times = len(list(run))
        lines += [label] * times if times <= 2 else [f"{times} {TIMES} {label}"]
    if node.merge == "concat" and sum(edge.target == node.id for edge in a.edges) > 1:
        lines = ["concat", *lines]
    if node.width is not None and node.width != a.widths[node.level]:
        lines.append(counted(node.width, "channel"))
    return tuple(lines)


def link_label(edge: Edge) -> str:
    """Spell the ops of an edge; 1x1x1 convolutions between nodes only change the width."""
    at_end = edge.source == INPUT or edge.target == OUTPUT
    named = (op for op in shown(edge.ops) if at_end or not is_projection(op))
    return THEN.join(in_runs(op.label for op in named))


def in_runs(labels: Iterable[str]) -> Iterable[str]:
    """Write equal labels in a row once, with their number."""
    for label, run in groupby(map(spelled, labels)):
        times = len(list(run))
        yield label if times == 1 else _power(label, times)


def full_list(ops: Iterable[Op], nothing: str) -> str:
    """Name every op, for a tooltip."""
    return ", ".join(op.label for op in ops) or nothing


def _power(label: str, times: int) -> str:
    """Write three deconvolutions by 2 as `deconv x2` to the power of three."""
    if " " not in label:
        return f"{times} {TIMES} {label}"
    rest, _, factor = label.rpartition(" ")
    if TIMES in factor[1:]:  # per axis
        factor = f"{factor[0]}({factor[1:]})"
    return f"{rest} {factor}{raised(times)}"
