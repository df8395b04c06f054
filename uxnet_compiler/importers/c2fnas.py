"""C2FNAS: the network that the paper found on MSD Pancreas, from its description.

There is no code of the authors. Topology and ops follow the figure of the paper, as two
independent re-implementations read it. Where the readings differ, the one is taken that costs what
the paper says, 17.0 M parameters and 151 G multiply-accumulates for 96^3 voxels: the 2-D kernel
stands at the deepest level, a cell with two inputs has an op for each, and the output is brought
to the full grid behind its last 3x3x3 convolution, not before it (193 G).

Source:
    Yu et al., "C2FNAS: Coarse-to-Fine Neural Architecture Search for 3D Medical Image
    Segmentation", CVPR 2020 (arXiv 1912.09628).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from uxnet_compiler.importers.draft import Draft, Layer
from uxnet_compiler.ops import Conv, InstanceNorm, LayerOp, Relu, Upsample
from uxnet_compiler.schema import INPUT, OUTPUT, Genotype, Provenance

PAPER = (
    "Yu, Yang, Roth, Bai, Zhang, Yuille, Xu: C2FNAS: Coarse-to-Fine Neural Architecture Search for"
    " 3D Medical Image Segmentation. CVPR 2020, arXiv 1912.09628"
)
WIDTHS = (32, 64, 128, 256, 512)

POINT, TWO, CUBE = (1, 1, 1), (2, 2, 2), (3, 3, 3)
PLANE, LINE = (1, 3, 3), (3, 1, 1)  # D, H, W: a plane is a slice


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        level: Of its result; the image's is 0.
        op: The kernel that it has for each input.
        skip: The second node that it reads, beside the one before.
    """

    level: int
    op: Literal["2d", "3d", "p3d"]
    skip: str | None = None


PANCREAS = (
    *(Cell(1, "2d"), Cell(1, "p3d", "stem"), Cell(2, "3d"), Cell(2, "3d")),
    *(Cell(3, "3d"), Cell(4, "2d"), Cell(3, "3d", "cell5"), Cell(3, "3d")),
    *(Cell(2, "p3d", "cell4"), Cell(1, "3d", "cell2"), Cell(1, "2d"), Cell(1, "3d", "cell10")),
)
"""C2FNAS-Panc, which the paper uses for all ten tasks."""

OPS: dict[str, tuple[LayerOp, ...]] = {
    "2d": (Conv(kernel=PLANE),),
    "3d": (Conv(kernel=CUBE),),
    "p3d": (Conv(kernel=PLANE), Conv(kernel=LINE)),
}


def genotype(
    *, in_channels: int = 1, out_channels: int = 3, widths: tuple[int, ...] = WIDTHS
) -> Genotype:
    """Return the document of C2FNAS-Panc.

    A cell brings each input to its level and width, applies its op to each, adds them up and ends
    with a 1x1x1 convolution; every convolution stands between an activation and a norm.

    Args:
        in_channels: Channels of the image.
        out_channels: Classes, background included.
        widths: Per level, the image's first: five.
    """
    draft = Draft()
    draft.node("image", 0, 0)
    draft.edge(INPUT, "image", *_layers(Conv(kernel=CUBE), InstanceNorm(), Relu()))
    draft.node("stem", 1, 1)
    draft.edge("image", "stem", *_layers(Conv(kernel=CUBE, stride=TWO), InstanceNorm()))
    before = "stem"
    for index, cell in enumerate(PANCREAS, start=1):
        name = draft.node(f"cell{index}", index + 1, cell.level, *_unit(Conv(kernel=POINT)))
        for source in (before, cell.skip):
            if source is not None:
                step = cell.level - draft.nodes[source].level
                draft.edge(source, name, *_arrive(step), *_unit(*OPS[cell.op]))
        before = name
    stage = len(PANCREAS) + 2
    draft.node("joined", stage, 1, *_unit(Conv(kernel=CUBE)), concat=True)
    for source in ("cell11", "cell12"):
        draft.edge(source, "joined")
    draft.node("final", stage + 1, 0)
    draft.edge("joined", "final", *_unit(Conv(kernel=CUBE)), *_layers(Upsample(factor=TWO)))
    draft.edge("final", OUTPUT, *_layers(Relu(), Conv(kernel=POINT)))
    architecture = draft.architecture(
        in_channels=in_channels,
        out_channels=out_channels,
        widths=widths,
        strides=(POINT, TWO, TWO, TWO, TWO),
    )
    provenance = Provenance(
        origin="rebuilt from the paper and checked by its costs; no weights exist",
        paper=PAPER,
        license="Apache-2.0",
    )
    return Genotype(name="c2fnas", architecture=architecture, provenance=provenance)


def _layers(*ops: LayerOp) -> tuple[Layer, ...]:
    return tuple((op, "") for op in ops)


def _unit(*convolutions: LayerOp) -> tuple[Layer, ...]:
    return _layers(Relu(), *convolutions, InstanceNorm())


def _arrive(step: int) -> tuple[Layer, ...]:
    """Return what brings an input to a cell one level deeper, one level up, or on its own."""
    if step > 0:
        return _unit(Conv(kernel=CUBE, stride=TWO))
    rise = _layers(Upsample(factor=TWO)) if step < 0 else ()
    return *rise, *_unit(Conv(kernel=POINT))
