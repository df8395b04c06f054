"""Three identities of an architecture: exact, up to the names of nodes, up to size."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from typing import Any

from uxnet_compiler.schema.model import INPUT, OUTPUT, Architecture
from uxnet_compiler.schema.reach import drop_dead


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
        Weisfeiler-Lehman refinement on the directed graph: h0(n) = hash of what n does, then
        h(n) = hash(h(n), sorted (edge ops, h(source)), sorted (edge ops, h(target))), once per
        node at most. Isomorphic architectures always agree; others agree only by the known
        weakness of the test (regular graphs), which no segmentation network here meets.
    """
    plain = canonical(architecture)
    labels = {INPUT: "input", OUTPUT: "output"}
    for node in plain["nodes"]:
        labels[node["id"]] = _digest({k: v for k, v in node.items() if k not in {"id", "stage"}})
    before: dict[str, list[tuple[str, str]]] = defaultdict(list)
    after: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for edge in plain["edges"]:
        does = _digest(edge.get("ops", []))
        before[edge["target"]].append((does, edge["source"]))
        after[edge["source"]].append((does, edge["target"]))
    classes = len(set(labels.values()))
    while True:
        labels = {
            name: _digest(
                [
                    label,
                    sorted((does, labels[other]) for does, other in before[name]),
                    sorted((does, labels[other]) for does, other in after[name]),
                ]
            )
            for name, label in labels.items()
        }
        if len(set(labels.values())) <= classes:
            break
        classes = len(set(labels.values()))
    frame = {k: v for k, v in plain.items() if k not in {"nodes", "edges"}}
    return _digest([frame, sorted(labels.values())])


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
