"""What the browser needs to know of a genotype to tell how it differs from any other.

A page cannot hold every pair of two hundred genotypes, so `static/difference.js` compares two
records as `uxnet_compiler.diff` compares two genotypes; tests hold the two to the same words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from uxnet_compiler.ops import LayerOp, spell
from uxnet_compiler.overview import Overview
from uxnet_compiler.pages.gallery.find import Exhibit
from uxnet_compiler.schema import Architecture, Node, drop_dead, sizeless_id, structure_id
from uxnet_compiler.wording import one_line

APART = ("name", "space", "evidence", "provenance")


class OpTable:
    """Number the ops of all records, so that each is written once."""

    def __init__(self) -> None:
        self._numbers: dict[LayerOp, int] = {}

    def number(self, ops: Iterable[LayerOp]) -> list[int]:
        """Return the numbers of some ops; equal ops have one number."""
        return [self._numbers.setdefault(op, len(self._numbers)) for op in ops]

    def rows(self) -> list[list[str]]:
        """Return, by number, what each op is in a word and in full."""
        return [[op.label, _in_full(op)] for op in self._numbers]


def _in_full(op: LayerOp) -> str:
    given = op.model_dump(mode="json", exclude_defaults=True)
    values = (
        f"{key}={spell(tuple(value)) if isinstance(value, list) else value}"
        for key, value in sorted(given.items())
        if key != "op"
    )
    return f"{op.kind}({', '.join(values)})"


def record(exhibit: Exhibit, costs: Overview, table: OpTable) -> dict[str, Any]:
    """Return the living part of a genotype, its identities and its costs as plain data.

    Costs are for one image; multiply-accumulates and memory grow with its voxels, so those for
    another size follow.
    """
    genotype = exhibit.genotype
    kept = drop_dead(genotype.architecture)
    plain = genotype.model_dump(mode="json", exclude={"architecture"})
    return {
        "id": exhibit.id,
        "structure": structure_id(kept),
        "sizeless": sizeless_id(kept),
        "name": one_line(genotype.name),
        "size": costs.image_size,
        "divisor": costs.divisor,
        # As text: the numbers of a browser are exact up to 2^53 only.
        "params": str(costs.params),
        "macs": str(costs.macs),
        "peak": str(costs.peak_bytes),
        "frame": _frame(kept),
        "nodes": {node.id: [*_place(kept, node), table.number(node.ops)] for node in kept.nodes},
        "edges": {edge.key: table.number(edge.ops) for edge in kept.edges},
        "apart": {part: _digest(plain.get(part)) for part in APART},
    }


def _frame(a: Architecture) -> list[list[str]]:
    return [
        ["axes", str(a.spatial_dims)],
        ["image channels", str(a.in_channels)],
        ["classes", str(a.out_channels)],
        ["levels", str(a.levels)],
        ["widths", " ".join(map(str, a.widths))],
        ["strides", " ".join(map(spell, a.strides))],
    ]


def _place(a: Architecture, node: Node) -> list[Any]:
    own = a.width(node) != a.widths[node.level]
    return [node.stage, node.level, node.width if own else None, node.merge]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
