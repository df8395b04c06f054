"""What the browser needs to know of a genotype to tell how it differs from any other.

A page cannot hold every pair of two hundred genotypes, so `static/difference.js` compares two
records as `uxnet_compiler.diff` compares two genotypes; tests hold the two to the same words.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from uxnet_compiler.analysis import cost
from uxnet_compiler.compiler import network_graph
from uxnet_compiler.diff import in_full
from uxnet_compiler.ops import LayerOp, spell
from uxnet_compiler.schema import Architecture, Genotype, Node, drop_dead, sizeless_id, structure_id
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
        return [[op.label, in_full(op)] for op in self._numbers]


def records(genotypes: Sequence[Genotype], table: OpTable) -> list[dict[str, Any]]:
    """Return what can be told of each genotype beside any other as plain data."""
    divisors = {drop_dead(each.architecture).total_stride for each in genotypes}
    return [_record(each, divisors, table) for each in genotypes]


def _record(
    genotype: Genotype, divisors: Collection[tuple[int, ...]], table: OpTable
) -> dict[str, Any]:
    """Return the living part of a genotype, its identities, and its costs beside any other."""
    kept = drop_dead(genotype.architecture)
    plain = genotype.model_dump(mode="json", exclude={"architecture"})
    graph = network_graph(kept)
    mine = kept.total_stride
    sizes = {_common_size(mine, other) for other in divisors if len(other) == len(mine)}
    costs = {spell(size): cost(graph, size) for size in sorted(sizes)}
    return {
        "id": genotype.id,
        "structure": structure_id(kept),
        "sizeless": sizeless_id(kept),
        "name": one_line(genotype.name),
        "divisor": mine,
        # As text: the numbers of a browser are exact up to 2^53 only.
        "costs": {
            size: {"params": str(each.params), "macs": str(each.macs), "peak": str(each.peak_bytes)}
            for size, each in costs.items()
        },
        "frame": _frame(kept),
        "nodes": {node.id: [*_place(kept, node), table.number(node.ops)] for node in kept.nodes},
        "edges": {edge.key: table.number(edge.ops) for edge in kept.edges},
        "apart": [[part, _digest(plain[part])] for part in APART],
    }


def _common_size(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Return the size of image that two networks are compared for, from their total strides."""
    target = 64 if len(a) == 3 else 256
    steps = (math.lcm(*each) for each in zip(a, b, strict=True))
    return tuple(-(-target // step) * step for step in steps)


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
