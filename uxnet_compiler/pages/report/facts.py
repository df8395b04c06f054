"""What is known of each node and edge of a drawing, for its cards and its tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.ops import spell
from uxnet_compiler.overview import EdgePart, NodePart, Overview, Part, spell_ops
from uxnet_compiler.pictures.origin import space_of
from uxnet_compiler.pictures.scene_parts import Scene
from uxnet_compiler.schema import INPUT, OUTPUT, Genotype
from uxnet_compiler.search.trust.model import Trust
from uxnet_compiler.spaces import Space
from uxnet_compiler.wording import mebibytes, one_line, short

Fact = dict[str, Any]
Facts = dict[str, dict[str, Fact]]
Cell = str | dict[str, Any]


def facts_of(genotype: Genotype, found: Overview, trust: Trust | None = None) -> Facts:
    """Return what the card of each node and edge says.

    Args:
        genotype: Any family's.
        found: Its numbers.
        trust: Of its search; adds how strong the evidence for each gate is.
    """
    space = _space(genotype)
    chosen_at = {} if space is None else _choices_of(space)
    strengths = _strengths(trust)
    nodes: dict[str, Fact] = {
        INPUT: {"title": "input", "rows": [["shape", _shape(found.in_channels, found.image_size)]]},
        OUTPUT: {
            "title": "output",
            "rows": [["shape", _shape(found.out_channels, found.image_size)]],
        },
    }
    for node in found.nodes:
        rows = [["op", does(node)], ["shape", _shape(node.channels, node.size)]]
        choice = chosen_at.get(node.id)
        nodes[node.id] = {
            "title": node.id,
            "rows": rows + _costs(node),
            "bars": _bars(genotype, choice),
        }
    edges = {}
    for edge in found.edges:
        key = f"{edge.source}>{edge.target}"
        rows = [["op", spell_ops(edge.ops) or "as it is"]]
        if edge.gate is not None:
            rows.append(["gate", f"{edge.gate:.3f}"])
        if key in strengths:
            rows.append(["evidence", strengths[key]])
        edges[key] = {
            "title": f"{edge.source} to {edge.target}",
            "rows": rows + _costs(edge),
            "bars": _bars(genotype, chosen_at.get(key)),
        }
    return {"nodes": nodes, "edges": edges}


def facts_of_cells(scene: Scene, cells: Mapping[str, Sequence[str]], found: Overview) -> Facts:
    """Return what the cards of a drawing say in which cells of nodes are one box each.

    Args:
        scene: The drawing.
        cells: The nodes of each cell; other boxes are nodes themselves.
        found: The numbers of the genotype.
    """
    home = {name: cell for cell, names in cells.items() for name in names}
    parts: dict[str, list[Part]] = defaultdict(list)
    between: dict[str, list[Part]] = defaultdict(list)
    for node in found.nodes:
        parts[home.get(node.id, node.id)].append(node)
    for edge in found.edges:
        source, target = home.get(edge.source, edge.source), home.get(edge.target, edge.target)
        if source == target:
            parts[source].append(edge)
        else:
            between[f"{source}>{target}"].append(edge)
    nodes = {}
    for box in scene.boxes:
        # The first line of a cell is its name.
        inside = ", ".join(box.lines[1:] if box.id in cells else box.lines)
        rows = [["nodes", str(len(cells[box.id]))]] if box.id in cells else []
        rows += [["ops", inside]] if inside else []
        nodes[box.id] = {"title": box.id, "rows": rows + _costs(_sum(parts[box.id]))}
    edges = {}
    for link in scene.links:
        key = f"{link.source}>{link.target}"
        costs = _costs(_sum(between[key]))
        edges[key] = {"title": f"{link.source} to {link.target}", "rows": costs}
    return {"nodes": nodes, "edges": edges}


def _sum(parts: Sequence[Part]) -> Part:
    return Part(
        ops=(),
        params=sum(part.params for part in parts),
        macs=sum(part.macs for part in parts),
        num_bytes=sum(part.num_bytes for part in parts),
    )


def does(node: NodePart) -> str:
    """Say what a node does: `+ 3x3x3 IN LReLU`."""
    ops = spell_ops(node.ops)
    if node.merges == 1:
        return ops or "passes on"
    return " ".join(filter(None, ("concat" if node.merge == "concat" else "+", ops)))


def cost_heads(found: Overview) -> list[str]:
    """Return the heads of `cost_rows`."""
    gates = ["gate"] if _is_gated(found) else []
    return ["part", "op", "makes", *gates, "parameters", "MACs", "memory", "share of MACs"]


def cost_rows(found: Overview) -> list[list[Cell]]:
    """Return a row for each node and edge that takes something, the most MACs first."""
    rows: list[tuple[int, list[Cell]]] = []
    gated = _is_gated(found)
    for node in found.nodes:
        row: list[Cell] = [node.id, does(node), _shape(node.channels, node.size)]
        rows.append((node.macs, row + [_no_number()] * gated + _numbers(node, found)))
    for edge in found.edges:
        key = f"{edge.source}>{edge.target}"
        row = [key, spell_ops(edge.ops) or "as it is", ""]
        gate = [_gate(edge)] if gated else []
        rows.append((edge.macs, row + gate + _numbers(edge, found)))
    rows.sort(key=lambda pair: -pair[0])  # equals stay in the document's order
    return [row for _, row in rows]


def number(value: float, text: str) -> Cell:
    """Return a cell that is sorted by a number and shows a text."""
    return {"value": value, "text": text}


def _no_number() -> Cell:
    return number(-1, "")


def _is_gated(found: Overview) -> bool:
    return any(edge.gate is not None for edge in found.edges)


def _gate(edge: EdgePart) -> Cell:
    return _no_number() if edge.gate is None else number(edge.gate, f"{edge.gate:.2f}")


def _numbers(part: Part, found: Overview) -> list[Cell]:
    share = part.macs / max(found.macs, 1)
    return [
        number(part.params, short(part.params) if part.params else ""),
        number(part.macs, short(part.macs) if part.macs else ""),
        number(part.num_bytes, mebibytes(part.num_bytes) if part.num_bytes else ""),
        number(share, f"{share:.1%}" if part.macs else ""),
    ]


def _costs(part: Part) -> list[list[str]]:
    rows = (
        ("parameters", part.params, short),
        ("MACs", part.macs, short),
        ("memory", part.num_bytes, mebibytes),
    )
    return [[name, spelled(value)] for name, value, spelled in rows if value]


def _shape(channels: int, size: Iterable[int]) -> str:
    return f"{channels} @ {spell(tuple(size))}"


def _space(genotype: Genotype) -> Space | None:
    try:
        return space_of(genotype, genotype.name)
    except GenotypeError:
        return None  # by hand, or imported: nothing was chosen


def _choices_of(space: Space) -> dict[str, str]:
    """Return the name of the choice of each node, by id, and of each edge, by key."""
    slots = [(node.id, node.slot) for node in space.nodes]
    slots += [(edge.key, edge.slot) for edge in space.edges]
    return {name: slot.choice for name, slot in slots if slot.choice is not None}


def _bars(genotype: Genotype, choice: str | None) -> list[dict[str, Any]]:
    """Return the share of each candidate of a choice, and which one was taken."""
    evidence = genotype.evidence
    if choice is None or evidence is None or choice not in evidence.choices:
        return []
    candidates = evidence.choices[choice]
    likeliest = max(candidates, key=lambda name: candidates[name])
    taken = genotype.provenance.replaced.get(choice, likeliest)
    return [
        {
            "name": one_line(name.replace("_", " "), 40),
            "share": round(share, 4),
            "chosen": name == taken,
        }
        for name, share in candidates.items()
    ]


def _strengths(trust: Trust | None) -> dict[str, str]:
    if trust is None:
        return {}
    return {
        each.key: f"{each.strength:.2f} times the noise"
        for each in trust.decisions
        if each.kind == "gate" and each.strength is not None
    }
