"""A search space: an architecture in which ops and edges are still choices."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.ops import LayerOp, Scale
from uxnet_compiler.schema import Architecture, Edge, Node, SpaceRef

Ops = tuple[LayerOp, ...]


@dataclass(frozen=True)
class Selection:
    """All choices of a space made.

    Attributes:
        chosen: Candidate for each choice.
        kept: Keys of the gated edges that stay.
        repaired: Those of them that stay only because the output would be cut off.
    """

    chosen: Mapping[str, str]
    kept: frozenset[str]
    repaired: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Slot:
    """The ops of a node or an edge, with at most one choice among candidates.

    Several slots may name the same choice: they decide together (the edges that leave a node by
    the same kind of resampling; the cells of one type in NAS-Unet).

    Attributes:
        choice: Name of the choice; `None` when there is nothing to choose.
        candidates: Ops by candidate, in the order of the paper.
        before: Ops ahead of the candidates.
        after: Ops behind the candidates.
        bare: Candidates that `after` does not apply to.
        reference: Candidate that the others have to beat, such as U-Net's; the first when empty.
    """

    choice: str | None = None
    candidates: Mapping[str, Ops] = field(default_factory=dict)
    before: Ops = ()
    after: Ops = ()
    bare: frozenset[str] = frozenset()
    reference: str = ""

    def ops(self, candidate: str | None) -> Ops:
        """Return all ops of the slot once its candidate is chosen."""
        if candidate is None:
            return self.before + self.after
        after = () if candidate in self.bare else self.after
        return self.before + self.candidates[candidate] + after

    def candidate(self, ops: Ops) -> str | None:
        """Return the candidate with which the slot has these ops; `None` when none gives them."""
        return next((name for name in self.candidates if self.ops(name) == ops), None)


@dataclass(frozen=True)
class SpaceNode:
    """A node whose ops are a slot."""

    id: str
    stage: int
    level: int
    slot: Slot
    merge: Literal["sum", "concat"] = "sum"


@dataclass(frozen=True)
class SpaceEdge:
    """An edge whose ops are a slot; `gated` edges may be switched off."""

    source: str
    target: str
    slot: Slot = Slot()
    gated: bool = True

    @property
    def key(self) -> str:
        """Return `source>target`, the name of its gate."""
        return f"{self.source}>{self.target}"


@dataclass(frozen=True)
class Space:
    """A graph whose edges and ops are still choices; the frame is fixed.

    Attributes:
        ref: Family, version and options: enough to build the same space again.
        spatial_dims: 2 or 3.
        in_channels: Channels of the image.
        out_channels: Classes, background included.
        widths: Channels per level.
        strides: Per level, per axis (D, H, W).
        nodes: In the order of computation.
        edges: Sorted by source and target.
    """

    ref: SpaceRef
    spatial_dims: Literal[2, 3]
    in_channels: int
    out_channels: int
    widths: tuple[int, ...]
    strides: tuple[tuple[int, ...], ...]
    nodes: tuple[SpaceNode, ...]
    edges: tuple[SpaceEdge, ...]

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """Return the candidates of every choice, sorted by choice."""
        slots = [node.slot for node in self.nodes] + [edge.slot for edge in self.edges]
        found = {s.choice: tuple(s.candidates) for s in slots if s.choice is not None}
        return dict(sorted(found.items()))

    @property
    def references(self) -> dict[str, str]:
        """Return the candidate of every choice that the others have to beat, sorted by choice."""
        slots = [node.slot for node in self.nodes] + [edge.slot for edge in self.edges]
        found = {
            s.choice: s.reference or next(iter(s.candidates)) for s in slots if s.choice is not None
        }
        return dict(sorted(found.items()))

    @property
    def gates(self) -> tuple[str, ...]:
        """Return the keys of the edges that may be switched off."""
        return tuple(edge.key for edge in self.edges if edge.gated)

    def select(self, chosen: Mapping[str, str], kept: Collection[str]) -> Architecture:
        """Return the architecture in which the choices are made; dead parts are still in it.

        Args:
            chosen: Candidate for each choice.
            kept: Keys of the gated edges that stay.
        """

        def ops(slot: Slot) -> Ops:
            return slot.ops(None if slot.choice is None else chosen[slot.choice])

        return Architecture(
            spatial_dims=self.spatial_dims,
            in_channels=self.in_channels,
            out_channels=self.out_channels,
            widths=self.widths,
            strides=self.strides,
            nodes=tuple(
                Node(id=n.id, stage=n.stage, level=n.level, merge=n.merge, ops=ops(n.slot))
                for n in self.nodes
            ),
            edges=tuple(
                Edge(source=e.source, target=e.target, ops=ops(e.slot))
                for e in self.edges
                if not e.gated or e.key in kept
            ),
        )

    def chosen(self, architecture: Architecture, *, source: str = "genotype") -> dict[str, str]:
        """Return the candidates that an architecture of the space has: `select` backwards.

        Choices that only parts decide which it does not have are not among them.

        Args:
            architecture: Its edges may carry their gates.
            source: Where it comes from, for messages.

        Raises:
            GenotypeError: It is not of this space.
        """
        slots = {node.id: node.slot for node in self.nodes}
        slots |= {edge.key: edge.slot for edge in self.edges}
        gated = set(self.gates)
        parts = [(node.id, node.ops) for node in architecture.nodes]
        parts += [
            (edge.key, edge.ops[:-1] if edge.key in gated and _gate(edge) else edge.ops)
            for edge in architecture.edges
        ]
        found = {}
        for name, ops in parts:
            slot = slots.get(name)
            candidate = None if slot is None else slot.candidate(ops)
            if slot is None or (slot.choice is not None and candidate is None):
                raise GenotypeError(
                    source, [("architecture", f"{name} is not as its search space offers it")]
                )
            if slot.choice is not None and candidate is not None:
                found[slot.choice] = candidate
        return found

    def kept(self, architecture: Architecture) -> dict[str, float]:
        """Return the gated edges that an architecture has, with the gates that they carry, or 1."""
        gated = set(self.gates)
        found = {edge.key: _gate(edge) for edge in architecture.edges if edge.key in gated}
        return {key: 1.0 if scale is None else scale.factor for key, scale in found.items()}

    def soften(self, architecture: Architecture, gates: Mapping[str, float]) -> Architecture:
        """Return an architecture of the space whose edges carry their gates.

        A gate is a `scale@1` behind the other ops of its edge: that is where a supernet
        multiplies, and where the pass `prune-gates` looks for it.
        """
        gated = set(self.gates)
        return architecture.model_copy(
            update={
                "edges": tuple(
                    edge.model_copy(update={"ops": (*edge.ops, Scale(factor=gates[edge.key]))})
                    if edge.key in gated
                    else edge
                    for edge in architecture.edges
                )
            }
        )


def _gate(edge: Edge) -> Scale | None:
    last = edge.ops[-1] if edge.ops else None
    return last if isinstance(last, Scale) else None
