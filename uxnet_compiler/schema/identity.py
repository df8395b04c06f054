"""Three identities of an architecture: exact, up to the names of nodes, up to size."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from typing import Any

from uxnet_compiler.schema.model import INPUT, OUTPUT, Architecture
from uxnet_compiler.schema.reach import drop_dead, in_order

Neighbours = defaultdict[str, list[tuple[str, str]]]
"""For each node what its edges do, and which nodes they lead to or come from."""


def canonical(architecture: Architecture) -> dict[str, Any]:
    """Return the living part as plain data in one order, without defaults.

    A width that repeats its level's says nothing and is left out, too.
    """
    plain = drop_dead(architecture).model_dump(mode="json", exclude_defaults=True)
    for node in plain["nodes"]:
        if node.get("width") == architecture.widths[node["level"]]:
            node.pop("width")
    return plain


def architecture_id(architecture: Architecture) -> str:
    """Return the sha256 of the canonical JSON: equal documents of one architecture agree."""
    return _digest(canonical(architecture))


def structure_id(architecture: Architecture) -> str:
    """Return a hash that does not depend on the names and columns of nodes.

    Maths:
        First a node is known by all that leads to it and all that it leads to: one sweep down
        and one up the graph. Then Weisfeiler-Lehman refinement, h(n) = hash(h(n), sorted (edge
        ops, h(source)), sorted (edge ops, h(target))), until no more nodes are told apart; after
        the sweeps a round or two is enough. Isomorphic architectures always agree; others agree
        only by the known weakness of the test (regular graphs), which no segmentation network
        here meets.
    """
    pruned = drop_dead(architecture)
    plain = canonical(architecture)
    does = {INPUT: "input", OUTPUT: "output"}
    for node in plain["nodes"]:
        does[node["id"]] = _digest({k: v for k, v in node.items() if k not in {"id", "stage"}})
    before: Neighbours = defaultdict(list)
    after: Neighbours = defaultdict(list)
    for edge in plain["edges"]:
        ops = _digest(edge.get("ops", []))
        before[edge["target"]].append((ops, edge["source"]))
        after[edge["source"]].append((ops, edge["target"]))
    order = in_order(pruned.edges)
    down: dict[str, str] = {}
    up: dict[str, str] = {}
    for name in order:
        down[name] = _digest([does[name], _seen(before[name], down)])
    for name in reversed(order):
        up[name] = _digest([does[name], _seen(after[name], up)])
    labels = {name: down[name] + up[name] for name in order}
    classes = 0
    while len(set(labels.values())) > classes:
        classes = len(set(labels.values()))
        labels = {
            name: _digest([label, _seen(before[name], labels), _seen(after[name], labels)])
            for name, label in labels.items()
        }
    frame = {k: v for k, v in plain.items() if k not in {"nodes", "edges"}}
    return _digest([frame, sorted(labels.values())])


def _seen(neighbours: list[tuple[str, str]], labels: dict[str, str]) -> list[tuple[str, str]]:
    return sorted((ops, labels[other]) for ops, other in neighbours)


def sizeless_id(architecture: Architecture) -> str:
    """Return a hash that leaves out widths and channels: equal when only the size differs."""
    plain = canonical(architecture)
    for field in ("widths", "in_channels", "out_channels"):
        plain.pop(field)
    for part in (*plain["nodes"], *plain["edges"]):
        part.pop("width", None)
        for op in part.get("ops", ()):
            if isinstance(op.get("channels"), int):
                op.pop("channels")
    return _digest(plain)


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
