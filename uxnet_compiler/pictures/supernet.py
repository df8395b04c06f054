"""What a drawing of a supernet shows: every edge by its gate, every candidate by its share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.pictures.origin import space_of
from uxnet_compiler.pictures.render import figure_of, require_format, save
from uxnet_compiler.pictures.scene import (
    Bar,
    Box,
    Link,
    Mark,
    Scene,
    box_of,
    ends_of,
    link_of,
    row_of,
)
from uxnet_compiler.pictures.typography import printable
from uxnet_compiler.schema import INPUT, OUTPUT, Evidence, Genotype, drop_dead
from uxnet_compiler.spaces import Space, SpaceEdge

LEADS = 1.5
"""A candidate leads once its share is so many times what chance would give each."""


def supernet(
    genotype: Genotype, *, believed: Evidence | None = None, source: str = "genotype"
) -> Scene:
    """Return what to draw of the supernet that a genotype was chosen from.

    The shares of a choice are drawn in its node; those of a choice of edges in the node that
    they leave when it is one, else in those that they enter.

    Args:
        genotype: That a search wrote.
        believed: What it believed while it went on, to draw while nothing is decided. When not
            given: what it believed in the end, and what it decided.
        source: Where the genotype comes from, for messages.

    Raises:
        GenotypeError: No search wrote it, or its evidence is not that of its space.
    """
    evidence = believed or genotype.evidence
    if evidence is None or genotype.space is None:
        why = "missing: only a genotype that a search wrote has a supernet to draw"
        raise GenotypeError(source, [("evidence", why)])
    space = space_of(genotype, source)
    _check(space, evidence, genotype.provenance.replaced, source)
    drawn = _Supernet(space, evidence, genotype, is_decided=believed is None)
    boxes = [drawn.box(box_of(drawn.whole, node)) for node in drawn.whole.nodes]
    gates, choices = len(space.gates), len(space.choices)
    return Scene(
        spatial_dims=space.spatial_dims,
        title=printable(genotype.name),
        subtitle=f"supernet with {gates} gates on edges and {choices} choices of ops",
        rows=tuple(row_of(drawn.whole, level) for level in range(drawn.whole.levels)),
        boxes=tuple(sorted([*boxes, *ends_of(drawn.whole, boxes)], key=lambda box: box.id)),
        links=tuple(drawn.links()),
        weighs=True,
    )


def render_supernet(
    genotype: Genotype, path: Path, *, theme: str = "paper", source: str = "genotype"
) -> None:
    """Write the drawing of a supernet in the format that the suffix names.

    Raises:
        BackendError: The suffix is unknown, or Graphviz is missing, which .pdf and .png need.
        GenotypeError: As for `supernet`.
        UnknownNameError: There is no such theme.
    """
    require_format(path)
    save(figure_of(supernet(genotype, source=source), theme), path)


def _check(space: Space, evidence: Evidence, replaced: Mapping[str, str], source: str) -> None:
    wanted = {name: set(candidates) for name, candidates in space.choices.items()}
    found = {name: set(shares) for name, shares in evidence.choices.items()}
    if set(evidence.gates) != set(space.gates) or found != wanted:
        why = "does not speak of exactly the gates and choices of the space"
        raise GenotypeError(source, [("evidence", why)])
    for name, candidate in replaced.items():
        if candidate not in found.get(name, ()):
            why = f"{candidate!r} is no candidate of the space"
            raise GenotypeError(source, [(f"provenance.replaced.{name}", why)])


class _Supernet:
    """A space, what a search believes of it, and what it decided.

    Attributes:
        whole: The space with every edge, and the chosen or else the likeliest candidates.
    """

    def __init__(
        self, space: Space, evidence: Evidence, genotype: Genotype, *, is_decided: bool
    ) -> None:
        self._space, self._evidence, self._is_decided = space, evidence, is_decided
        replaced = genotype.provenance.replaced if is_decided else {}
        self._chosen = {
            name: replaced.get(name) or max(candidates, key=evidence.choices[name].__getitem__)
            for name, candidates in space.choices.items()
        }
        self.whole = space.select(self._chosen, space.gates)
        kept = drop_dead(genotype.architecture)
        self._kept_nodes = {node.id for node in kept.nodes}
        self._kept_edges = {edge.key for edge in kept.edges}
        self._own = {node.id: node.slot.choice for node in space.nodes}
        self._homes = homes(space)

    def box(self, plain: Box) -> Box:
        """Return the box of a node with the shares of its choices."""
        choices = self._homes[plain.id]
        if not choices:
            return replace(plain, mark=self._mark(plain.id in self._kept_nodes))
        own = self._own[plain.id]
        mark = self._mark(plain.id in self._kept_nodes)
        bars = [
            Bar(_spelled(c), share, chosen=lead == c and mark != "cut", minor=name != own)
            for name in choices
            for lead in [self._leader(name)]
            for c, share in self._shares(name).items()
        ]
        shown = replace(
            plain,
            shape="op",
            mark=mark,
            bars=tuple(bars),
            note=". ".join([plain.id, *map(self._tell, choices)]),
        )
        if own is None:
            return shown
        lead = "cut" if mark == "cut" else self._leader(own)
        look = plain.look if self._is_decided and mark == "kept" else "open"
        return replace(shown, lines=(_spelled(lead or ""),), look=look)

    def links(self) -> list[Link]:
        """Return a link for every edge, sorted."""
        levels = {INPUT: 0, OUTPUT: 0} | {node.id: node.level for node in self._space.nodes}
        slots = {edge.key: edge.slot for edge in self._space.edges}
        found = []
        for edge in sorted(self.whole.edges, key=lambda e: (e.source, e.target)):
            gate = self._evidence.gates.get(edge.key)
            link = link_of(edge, levels, gate)
            choice = slots[edge.key].choice
            if choice is not None:
                told = "" if gate is None else f"; gate {gate:.2f}"
                note = f"{edge.source} > {edge.target}: {self._tell(choice)}{told}"
                link = replace(link, label="", note=note)
            found.append(replace(link, mark=self._mark(edge.key in self._kept_edges)))
        return found

    def _mark(self, is_kept: bool) -> Mark:
        return "kept" if is_kept or not self._is_decided else "cut"

    def _leader(self, choice: str) -> str | None:
        """Return the candidate that was chosen, or that leads by now."""
        shares, first = self._evidence.choices[choice], self._chosen[choice]
        return first if self._is_decided or shares[first] * len(shares) >= LEADS else None

    def _shares(self, choice: str) -> dict[str, float]:
        """Return the share of every candidate, in the order of the space."""
        shares = self._evidence.choices[choice]
        return {name: shares[name] for name in self._space.choices[choice]}

    def _tell(self, choice: str) -> str:
        shares = self._shares(choice)
        ranked = sorted(shares, key=lambda name: (-shares[name], name))
        return ", ".join(f"{_spelled(name)} {shares[name]:.2f}" for name in ranked)


def _spelled(candidate: str) -> str:
    return printable(candidate.replace("_", " "))


def homes(space: Space) -> Mapping[str, list[str]]:
    """Return the choices that are drawn in each node, its own first."""
    found: dict[str, list[str]] = {
        node.id: [] if node.slot.choice is None else [node.slot.choice] for node in space.nodes
    }
    edges: dict[str, list[SpaceEdge]] = defaultdict(list)
    for edge in space.edges:
        if edge.slot.choice is not None:
            edges[edge.slot.choice].append(edge)
    for choice, those in sorted(edges.items()):
        sources = {edge.source for edge in those} - {INPUT}
        targets = {edge.target for edge in those} - {OUTPUT}
        for name in sources if len(sources) == 1 else targets:
            if choice not in found[name]:
                found[name].append(choice)
    return found
