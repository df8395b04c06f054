"""Networks that people know as points of UXNet's space: gates of 0 and 1 (paper, Fig. 1).

Every one uses `identity` as the normal op of the nodes that only pass a feature on, and sums
where its paper concatenates, because the space sums. What else the space cannot say stands with
each network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from uxnet_compiler.registry import Registry
from uxnet_compiler.schema import Evidence, Genotype, Provenance
from uxnet_compiler.spaces.uxnet import UXNET, UXNetOptions, space
from uxnet_compiler.spaces.uxnet.space import node_id

Place = tuple[int, int]
"""Stage and level of a node."""


@dataclass(frozen=True)
class Wiring:
    """Which edges are on and what the nodes do; nodes not named pass their sum on.

    Attributes:
        edges: Source and target of every gate that is 1.
        blocks: Normal op of every node that computes.
        expansion: How every node goes up.
    """

    edges: frozenset[tuple[Place, Place]]
    blocks: dict[Place, str]
    expansion: str = "linear"


@dataclass(frozen=True)
class Known:
    """One network that people know.

    Attributes:
        name: In the zoo.
        summary: What it is, in one line.
        paper: Where it was published.
        wire: Gates and ops for a number of levels.
        default: Frame of the bundled document.
    """

    name: str
    summary: str
    paper: str
    wire: Callable[[int], Wiring]
    default: UXNetOptions

    def evidence(self, options: UXNetOptions) -> Evidence:
        """Return the gates and choices, all 0 or 1, for a space that admits `identity`."""
        wiring = self.wire(options.levels)
        frame = space(options)
        on = {f"{node_id(*a)}>{node_id(*b)}" for a, b in wiring.edges}
        assert on <= set(frame.gates), f"{self.name}: {sorted(on - set(frame.gates))}"
        picked = {node_id(*place): op for place, op in wiring.blocks.items()}
        choices = {}
        for choice, candidates in frame.choices.items():
            node, _, kind = choice.partition(".")
            default = {"reduction": "max_pool", "expansion": wiring.expansion}
            pick = default.get(kind) or picked.get(node, "identity")
            choices[choice] = {c: float(c == pick) for c in candidates}
        return Evidence(gates={key: float(key in on) for key in frame.gates}, choices=choices)

    def genotype(self, options: UXNetOptions | None = None) -> Genotype:
        """Decode the network for a frame: channels, levels, widths, strides."""
        frame = (options or self.default).model_copy(update={"identity": True})
        return UXNET.genotype(
            space(frame),
            self.evidence(frame),
            name=self.name,
            provenance=Provenance(origin=self.summary, paper=self.paper, license="Apache-2.0"),
        )


def unet(levels: int) -> Wiring:
    """Wire a U-Net: two convolutions a block, skips within a level, transposed convolutions up.

    The block of level j > 0 on the way up is N[L-1-j, j]; the nodes N[i, j] to its left carry
    the skip.
    """
    return Wiring(_ladder(levels), _ladder_blocks(levels), expansion="transposed_conv")


def resunet(levels: int) -> Wiring:
    """Wire a residual U-Net: a shortcut steps over every block but the first and the last.

    A node reads the stage before it (the encoder: finer levels), never its own level within the
    encoder; so a shortcut ends one level further than the block it steps over, projected as at
    the stride of a ResNet. On the way up it passes through a node that carries a skip.
    """
    return Wiring(_ladder(levels) | _shortcuts(levels, reach=2), _ladder_blocks(levels))


def denseunet(levels: int) -> Wiring:
    """Wire a dense U-Net: every block sees all earlier blocks of its way, down and up.

    The space connects blocks; the dense connections inside a block of the paper are not in it.
    """
    return Wiring(_ladder(levels) | _shortcuts(levels, reach=levels), _ladder_blocks(levels))


def unetpp(levels: int) -> Wiring:
    """Wire a U-Net++: the whole triangle computes, each node from its level and the one below.

    An edge spans one stage, so a node sees its left neighbour and not those further left.
    """
    edges = set(_encoder(levels))
    for stage in range(1, levels):
        for level in range(levels - stage):
            edges |= {((stage - 1, level + rise), (stage, level)) for rise in (0, 1)}
    blocks = {(i, j): "conv3_twice" for i in range(levels) for j in range(levels - i)}
    return Wiring(frozenset(edges), blocks)


def dla(levels: int) -> Wiring:
    """Wire iterative deep aggregation: from the finest feature on, merge the next coarser one.

    N[i, 0] merges N[i-1, 0] with the encoder's level i, which has risen one level a stage.
    """
    edges = set(_encoder(levels))
    for stage in range(1, levels):
        edges.add(((stage - 1, 0), (stage, 0)))
        edges |= {((stage - 1, j + 1), (stage, j)) for j in range(levels - stage)}
    blocks = {(0, j): "conv3_twice" for j in range(levels)}
    blocks |= {(i, 0): "conv3" for i in range(1, levels)}
    return Wiring(frozenset(edges), blocks)


def _encoder(levels: int) -> frozenset[tuple[Place, Place]]:
    return frozenset(((0, j - 1), (0, j)) for j in range(1, levels))


def _ladder(levels: int) -> frozenset[tuple[Place, Place]]:
    """Return the edges of a U-Net: down, across, up."""
    across = {((i - 1, j), (i, j)) for j in range(levels - 1) for i in range(1, levels - j)}
    up = {((levels - 2 - j, j + 1), (levels - 1 - j, j)) for j in range(levels - 1)}
    return _encoder(levels) | across | up


def _ladder_blocks(levels: int) -> dict[Place, str]:
    down = {(0, j): "conv3_twice" for j in range(levels)}
    return down | {(levels - 1 - j, j): "conv3_twice" for j in range(levels - 1)}


def _shortcuts(levels: int, reach: int) -> frozenset[tuple[Place, Place]]:
    """Return the edges from each block to those that follow two to `reach` blocks later."""
    pairs = [(j, k) for j in range(levels) for k in range(j + 2, min(levels, j + reach + 1))]
    down = {((0, j), (0, k)) for j, k in pairs}
    up = {((levels - 1 - k, k), (levels - k, j)) for j, k in pairs}
    return frozenset(down | up)


_VOLUME = UXNetOptions(
    widths=(32, 64, 128, 256), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2), (2, 2, 2)), identity=True
)
_PICTURE = UXNetOptions(
    spatial_dims=2,
    widths=(32, 64, 128, 256, 512),
    strides=((1, 1), (2, 2), (2, 2), (2, 2), (2, 2)),
    identity=True,
)

KNOWN: Registry[Known] = Registry(
    "known network",
    [
        Known(
            "unet",
            "U-Net with summed skips",
            "Cicek et al., 3D U-Net: Learning Dense Volumetric Segmentation from Sparse"
            " Annotation, MICCAI 2016, arXiv 1606.06650",
            unet,
            _VOLUME,
        ),
        Known(
            "resunet",
            "U-Net with a residual shortcut over every block",
            "Zhang et al., Road Extraction by Deep Residual U-Net, IEEE GRSL 2018,"
            " arXiv 1711.10684",
            resunet,
            _VOLUME,
        ),
        Known(
            "denseunet",
            "U-Net in which every block sees all earlier ones of its way",
            "Li et al., H-DenseUNet: Hybrid Densely Connected UNet for Liver and Tumor"
            " Segmentation from CT Volumes, IEEE TMI 2018, arXiv 1709.07330",
            denseunet,
            _VOLUME,
        ),
        Known(
            "unetpp",
            "U-Net++: the nested triangle of blocks",
            "Zhou et al., UNet++: A Nested U-Net Architecture for Medical Image Segmentation,"
            " DLMIA 2018, arXiv 1807.10165",
            unetpp,
            _VOLUME,
        ),
        Known(
            "dla",
            "iterative deep aggregation at full resolution",
            "Yu et al., Deep Layer Aggregation, CVPR 2018, arXiv 1707.06484",
            dla,
            _VOLUME,
        ),
        Known(
            "unet2d",
            "U-Net with summed skips for 2-D images",
            "Ronneberger et al., U-Net: Convolutional Networks for Biomedical Image"
            " Segmentation, MICCAI 2015, arXiv 1505.04597",
            unet,
            _PICTURE,
        ),
    ],
)
"""All of them, by the name they have in the zoo."""
