"""What a difference between two architectures consists of, as plain data."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Relation = Literal["same", "renamed", "resized", "different"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Change(_Frozen):
    """One thing that is not what it was: what it was, and what it is."""

    what: str
    before: str
    after: str


class Part(_Frozen):
    """A node or an edge (`source>target`) that only one of the two has, and what it does."""

    id: str
    does: str


class ChangedPart(_Frozen):
    """A node or an edge that both have and that differs."""

    id: str
    changes: tuple[Change, ...]


class Parts(_Frozen):
    """The nodes, or the edges, that differ; sorted by id."""

    removed: tuple[Part, ...] = ()
    added: tuple[Part, ...] = ()
    changed: tuple[ChangedPart, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether any differ."""
        return bool(self.removed or self.added or self.changed)


class Side(_Frozen):
    """One of the two, and what it costs for one image.

    Attributes:
        name: Of the genotype.
        id: Identity of the architecture.
        image_size: Voxels per axis (D, H, W), for which the costs are.
        params: Trained numbers.
        macs: Multiply-accumulates of the convolutions.
        peak_bytes: Most bytes of float32 feature maps alive at once in inference.
    """

    name: str
    id: str
    image_size: tuple[int, ...]
    params: int
    macs: int
    peak_bytes: int


class Diff(_Frozen):
    """What differs between two architectures, parts without effect left out.

    Attributes:
        relation: `same` architecture; `renamed`: the same but for the names and columns of nodes;
            `resized`: the same but for widths and channels; or `different`.
        before: The first.
        after: The second.
        frame: Axes, channels, widths and strides that differ.
        nodes: By their ids.
        edges: By their ends; empty for `renamed`, where they follow from the nodes.
        apart: Parts of the documents that differ and are no part of an architecture.
    """

    relation: Relation
    before: Side
    after: Side
    frame: tuple[Change, ...]
    nodes: Parts
    edges: Parts
    apart: tuple[str, ...]
