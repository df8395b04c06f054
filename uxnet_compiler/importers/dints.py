"""DiNTS: the architecture codes that MONAI's search writes, and the weights of its networks.

Source:
    He et al., "DiNTS: Differentiable Neural Network Topology Search for 3D Medical Image
    Segmentation", CVPR 2021 (arXiv 2103.15954), as MONAI builds it: `monai.networks.nets.DiNTS`
    around a `TopologyInstance`, with `use_downsample`, ReLU and instance norm. Axes keep MONAI's
    order, also where its images are x, y, z and ours are D, H, W.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from uxnet_compiler.errors import DataError
from uxnet_compiler.importers.dints_code import NUM_OPS, Cell, Code, read_code
from uxnet_compiler.importers.draft import Draft, Layer
from uxnet_compiler.ops import Conv, Downsample, InstanceNorm, Relu, Upsample
from uxnet_compiler.schema import INPUT, OUTPUT, Genotype, Provenance, told_as

if TYPE_CHECKING:
    from torch import Tensor

WIDTH = 32  # of level 0, at channel_mul 1
MAX_WIDTH = 65536
MAX_LEVELS = 16
PAPER = (
    "He, Yang, Roth, Zhao, Xu: DiNTS: Differentiable Neural Network Topology Search for 3D Medical"
    " Image Segmentation. CVPR 2021, arXiv 2103.15954"
)

__all__ = ["Code", "genotype", "read_code", "stored_names", "stored_weights"]


def genotype(
    code: Code,
    *,
    in_channels: int = 1,
    out_channels: int = 3,
    channel_mul: float = 1.0,
    spatial_dims: int = 3,
    name: str = "dints",
) -> Genotype:
    """Return the document of a code.

    Level 0 is the image's grid, the space lies on levels 1 to `depths`. Node `b3_1` is the sum
    that block 3 leaves on level 1, block 0 being the stems; those of the last block also add up
    what the coarser levels say. What no path from image to logits needs is left out, such as a
    stem that no cell reads.

    Args:
        code: As `read_code` returns it.
        in_channels: Channels of the image.
        out_channels: Classes, background included.
        channel_mul: MONAI's factor: 32, 64, 128 ... channels at 1; the paper searches at 0.5 and
            trains at 1.
        spatial_dims: 2 or 3.
        name: Of the genotype.

    Raises:
        DataError: The code has ops that a 2-D network has not, too many levels, or a level without
            channels.
        GenotypeError: The network is beyond the limits of a document.
    """
    if code.depths >= MAX_LEVELS:
        raise DataError(
            f"{name}: {code.depths} levels below the image; {MAX_LEVELS - 1} are possible"
        )
    widths = tuple(int(WIDTH * 2**level * channel_mul) for level in range(code.depths + 1))
    if not 2 <= widths[0] <= widths[-1] <= MAX_WIDTH:
        raise DataError(
            f"{name}: channel_mul {channel_mul:g} makes levels of {widths[0]} to {widths[-1]}"
            f" channels; 2 to {MAX_WIDTH} are possible"
        )
    with told_as(name):
        architecture = _draft(code, spatial_dims, name).architecture(
            in_channels=in_channels,
            out_channels=out_channels,
            widths=widths,
            strides=((1,) * spatial_dims, *((2,) * spatial_dims for _ in range(code.depths))),
        )
        origin = "architecture code of a DiNTS search, as monai.networks.nets.DiNTS builds it"
        provenance = Provenance(origin=origin, paper=PAPER, license="Apache-2.0")
        return Genotype(name=name, architecture=architecture, provenance=provenance)


def stored_names(code: Code) -> dict[str, str]:
    """Return, for every tensor of the document's network, its key in MONAI's state dict.

    MONAI also builds stems that no cell reads; their tensors have no name here.
    """
    return _draft(code, 3, "dints").stored_names(genotype(code).architecture)


def stored_weights(
    code: Code, state: Mapping[str, Tensor], *, source: str = "weights"
) -> dict[str, Tensor]:
    """Return the tensors of MONAI's state dict under the document's names.

    Raises:
        DataError: One is missing.
    """
    names = stored_names(code)
    for name in names.values():
        if name not in state:
            raise DataError(f"{source}: {name} is missing; a DiNTS network of this code has it")
    return {ours: state[theirs] for ours, theirs in names.items()}


def _draft(code: Code, dims: int, name: str) -> Draft:
    used = max(cell.op for cell in code.cells())
    if used >= NUM_OPS[dims]:
        raise DataError(f"{name}: op {used} of a cell is for 3-D images; 2-D has 0 and 1 alone")
    draft, make = Draft(), _Layers(dims)
    for depth, active in enumerate(code.node_a[0]):
        if active:
            stem = draft.node(f"stem{depth}", 0, depth)
            draft.edge(INPUT, stem, *make.stem(depth))
            draft.edge(stem, draft.node(f"b0_{depth + 1}", 1, depth + 1), *make.entry(depth))
    for cell in code.cells():
        _add(draft, make, cell)
    last = code.blocks
    deepest = max(cell.target for cell in code.cells() if cell.block == last)
    for level in reversed(range(1, deepest)):
        if f"b{last}_{level}" not in draft.nodes:
            draft.node(f"b{last}_{level}", 2 * last + 1, level)
        draft.edge(f"b{last}_{level + 1}", f"b{last}_{level}", *make.exit(level))
    home = "stem_finals"
    draft.node("final", 2 * last + 2, 0, make.relu, *make.conv_norm(f"{home}.0", make.cube))
    draft.edge(f"b{last}_1", "final", *make.exit(0))
    draft.edge("final", OUTPUT, (Conv(kernel=make.point, bias=True), f"{home}.1"))
    return draft


def _add(draft: Draft, make: _Layers, cell: Cell) -> None:
    """Add a cell, and the sum that it ends in when it is the first there."""
    before, after = f"b{cell.block - 1}_{cell.source}", f"b{cell.block}_{cell.target}"
    stage, level = 2 * cell.block, cell.target
    if after not in draft.nodes:
        draft.node(after, stage + 1, level)
    if cell.target <= cell.source:
        draft.edge(before, after, *make.rise(cell), *make.op(cell))
        return
    # A concat reads in the order of names, and the shifted half comes second.
    down, shift = (f"{part}{cell.block}_{cell.target}" for part in ("down", "shift"))
    home = f"{cell.home}.preprocess"
    norm = InstanceNorm(), f"{home}.norm"
    draft.node(down, stage, level, norm, *make.op(cell), concat=True)
    draft.node(shift, stage, level)
    half = Conv(kernel=make.point, stride=make.two, channels="half")
    rest = Conv(kernel=make.point, stride=make.two, offset=make.one, channels="rest")
    draft.edge(before, down, make.relu, (half, f"{home}.conv_1"))
    draft.edge(before, shift, make.relu, (rest, f"{home}.conv_2"))
    draft.edge(shift, down)
    draft.edge(down, after)


class _Layers:
    """The layers of DiNTS for images of 2 or 3 axes, with MONAI's names."""

    def __init__(self, dims: int) -> None:
        self.dims = dims
        self.point = self.one = (1,) * dims
        self.two = (2,) * dims
        self.cube = (3,) * dims
        self.relu: Layer = (Relu(), "")
        self.twice: Layer = (Upsample(factor=self.two, align_corners=True), "")

    def conv_norm(self, home: str, kernel: tuple[int, ...]) -> tuple[Layer, Layer]:
        """Return a convolution and its norm."""
        return (Conv(kernel=kernel), f"{home}.conv"), (InstanceNorm(), f"{home}.norm")

    def stem(self, depth: int) -> tuple[Layer, ...]:
        """Return what makes features of the image on a level of the image's pyramid."""
        home = f"stem_down.{depth}.mod"
        shrink = Downsample(factor=(2**depth,) * self.dims, align_corners=True)
        layers: tuple[Layer, ...] = (
            (Conv(kernel=self.cube), f"{home}.1"),
            (InstanceNorm(), f"{home}.2"),
            self.relu,
        )
        return ((shrink, ""), *layers) if depth else layers

    def entry(self, depth: int) -> tuple[Layer, ...]:
        """Return the way from a stem to the level below, where the space is."""
        home = f"stem_down.{depth}.mod"
        conv = Conv(kernel=self.cube, stride=self.two)
        return (conv, f"{home}.4"), (InstanceNorm(), f"{home}.5")

    def exit(self, level: int) -> tuple[Layer, ...]:
        """Return the way up to a level behind the last block."""
        home = f"stem_up.{level}.mod"
        conv = Conv(kernel=self.cube)
        return self.relu, (conv, f"{home}.1"), (InstanceNorm(), f"{home}.2"), self.twice

    def rise(self, cell: Cell) -> tuple[Layer, ...]:
        """Return what brings a map to the level of its cell, one up or none."""
        if cell.target == cell.source:
            return ()
        return self.twice, self.relu, *self.conv_norm(f"{cell.home}.preprocess", self.point)

    def op(self, cell: Cell) -> tuple[Layer, ...]:
        """Return the op of a cell: none, a full kernel, or a plane and then a line."""
        home = f"{cell.home}.op.ops.0"
        if cell.op == 0:
            return ()
        if cell.op == 1:
            return self.relu, *self.conv_norm(home, self.cube)
        flat = 4 - cell.op  # the axis that the plane leaves out: the last one for op 2
        plane, line = (
            tuple(size if axis == flat else 4 - size for axis in range(3)) for size in (1, 3)
        )
        return (
            self.relu,
            (Conv(kernel=plane, channels="input"), f"{home}.conv"),
            (Conv(kernel=line), f"{home}.conv_1"),
            (InstanceNorm(), f"{home}.norm"),
        )
