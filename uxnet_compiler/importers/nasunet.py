"""NAS-Unet: the genotypes that its search prints, as the authors' code builds networks of them.

Source:
    Weng et al., "NAS-Unet: Neural Architecture Search for Medical Image Segmentation", IEEE
    Access 7, 2019. The authors' code has no licence; what follows re-implements what it computes.
    One thing differs: their transposed convolutions make 2n - 1 pixels of n and resize by nearest
    neighbour to 2n, ours make 2n at once. The parameters are the same.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from uxnet_compiler.errors import DataError
from uxnet_compiler.importers.draft import Draft
from uxnet_compiler.ops import (
    AvgPool,
    Conv,
    GroupNorm,
    LayerOp,
    MaxPool,
    Relu,
    SqueezeExcite,
    TransposedConv,
)
from uxnet_compiler.schema import INPUT, OUTPUT, Genotype, Provenance, told_as

Choice = tuple[str, int]
"""An op and the state of the cell that it reads: 0 and 1 are the inputs, 2 the first node."""

Ops = dict[str, tuple[LayerOp, ...]]
"""What the names of ops stand for."""

MAX_BYTES = 65536
MAX_NODES = 7
STEM_FACTOR = 4  # the stems are that many times wider than a node of a cell
PAPER = (
    "Weng, Zhou, Li, Qiu: NAS-Unet: Neural Architecture Search for Medical Image Segmentation."
    " IEEE Access 7:44247, 2019"
)

TWO, CUBE, POINT = (2, 2), (3, 3), (1, 1)
END: tuple[LayerOp, ...] = (GroupNorm(size=16), Relu())
DEPTHWISE: tuple[LayerOp, ...] = (
    Conv(kernel=CUBE, groups="input", channels="input"),
    Conv(kernel=POINT),
    *END,
)

SAME: Ops = {
    "identity": (),
    "cweight": (SqueezeExcite(),),
    "conv": (Conv(kernel=CUBE), *END),
    "shuffle_conv": (Conv(kernel=CUBE), *END),  # with one group there is nothing to shuffle
    "dil_conv": (Conv(kernel=CUBE, dilation=TWO), *END),
    "dep_conv": DEPTHWISE,
}
COARSER: Ops = {
    "avg_pool": (AvgPool(factor=TWO),),
    "max_pool": (MaxPool(factor=TWO),),
    "down_cweight": (SqueezeExcite(), Conv(kernel=CUBE, stride=TWO), END[0]),
    "down_conv": (Conv(kernel=CUBE, stride=TWO), *END),
    "down_dil_conv": (Conv(kernel=CUBE, stride=TWO, dilation=TWO), *END),
    "down_dep_conv": (
        Conv(kernel=CUBE, stride=TWO, groups="input", channels="input"),
        *DEPTHWISE[1:],
    ),
}
FINER: Ops = {
    "up_cweight": (SqueezeExcite(), TransposedConv(kernel=CUBE, stride=TWO), END[0]),
    "up_conv": (TransposedConv(kernel=CUBE, stride=TWO), *END),
    "up_dil_conv": (TransposedConv(kernel=CUBE, stride=TWO, dilation=TWO), *END),
    "up_dep_conv": (
        TransposedConv(kernel=CUBE, stride=TWO, groups="input", channels="input"),
        *DEPTHWISE[1:],
    ),
}


@dataclass(frozen=True)
class Code:
    """What a NAS-Unet search found: two choices a node, for the cells down and for those up.

    Attributes:
        down: For the cells that make the grid coarser.
        up: For those that make it finer; state 0 is the horizontal input, 1 the coarser one.
    """

    down: tuple[Choice, ...]
    up: tuple[Choice, ...]


V2 = Code(
    down=(
        *(("down_conv", 1), ("down_dep_conv", 0)),
        *(("down_cweight", 1), ("down_dil_conv", 0)),
        *(("down_dil_conv", 1), ("down_conv", 0)),
    ),
    up=(
        *(("identity", 0), ("up_cweight", 1)),
        *(("identity", 2), ("up_cweight", 1)),
        *(("cweight", 3), ("up_conv", 1)),
    ),
)
"""The authors' NAS_UNET_V2, searched on PASCAL VOC."""


def read_code(path: Path) -> Code:
    """Read a genotype as the search prints it: `Genotype(down=[('down_conv', 1), ...], ...)`.

    The text is parsed, never executed. Every node must be part of the result, as in all published
    genotypes, so the ranges in `down_concat` and `up_concat` are not read.

    Raises:
        DataError: The file is no such text, or one that makes no network.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise DataError(f"{path}: more than the {MAX_BYTES} bytes that a genotype may have")
        calls = [node for node in ast.walk(ast.parse(content)) if isinstance(node, ast.Call)]
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise DataError(f"{path}: not the text of a genotype of NAS-Unet") from None
    found = [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "Genotype"]
    if len(found) != 1:
        raise DataError(f"{path}: has {len(found)} times Genotype(...); one is needed")
    given = {keyword.arg: keyword.value for keyword in found[0].keywords}
    code = Code(*(_choices(given.get(name), f"{path}: {name}") for name in ("down", "up")))
    _check(code, str(path))
    return code


def _choices(node: ast.expr | None, where: str) -> tuple[Choice, ...]:
    try:
        value = ast.literal_eval(node) if node is not None else None
    except (ValueError, TypeError, RecursionError, MemoryError):
        value = None
    if not isinstance(value, list | tuple):
        raise DataError(f"{where}: needs a list of ('op', index)")
    choices = []
    for item in value:
        match item:
            case (str(op), int(index)) if not isinstance(index, bool):
                choices.append((op, index))
            case _:
                raise DataError(f"{where}[{len(choices)}]: needs ('op', index)")
    return tuple(choices)


def _check(code: Code, where: str) -> None:
    for name, choices in (("down", code.down), ("up", code.up)):
        if not 2 <= len(choices) <= 2 * MAX_NODES or len(choices) % 2:
            raise DataError(
                f"{where}: {name} has {len(choices)} choices; needs two for each of 1 to"
                f" {MAX_NODES} nodes"
            )
        for position, (op, index) in enumerate(choices):
            at = f"{where}: {name}[{position}]"
            if not 0 <= index < 2 + position // 2:
                raise DataError(f"{at}: reads state {index}; there are {2 + position // 2} so far")
            fitting = _ops(name, index)
            if op not in fitting:
                raise DataError(f"{at}: {op[:40]!r} on state {index}; needs {', '.join(fitting)}")
            if position % 2 and index == choices[position - 1][1]:
                raise DataError(f"{at}: reads state {index} as the one before; needs another")


def _ops(cell: str, index: int) -> Ops:
    """Return the ops that bring a state to the grid of a cell's result."""
    if cell == "down":
        return COARSER if index < 2 else SAME
    return FINER if index == 1 else SAME


def genotype(
    code: Code,
    *,
    in_channels: int = 1,
    out_channels: int = 2,
    channels: int = 48,
    depth: int = 5,
    name: str = "nasunet",
) -> Genotype:
    """Return the document of a code: as many cells down as `depth` says, and one more up.

    Nodes of cell `up2` are `up2_2`, `up2_3` ..., its projected inputs `up2_0` (horizontal) and
    `up2_1` (coarser). Every level has the same width; only the two stems are wider.

    Args:
        code: As `read_code` returns it.
        in_channels: Channels of the image.
        out_channels: Classes, background included.
        channels: Of every node of a cell.
        depth: Number of cells down; image sizes are multiples of 2 ** (depth + 1).
        name: Of the genotype.

    Raises:
        DataError: The code, its channels or its depth make no network.
    """
    _check(code, name)
    if not 2 <= depth <= 9 or not 1 <= channels <= 4096:
        raise DataError(f"{name}: needs a depth of 2 to 9 and 1 to 4096 channels")
    draft = Draft()
    skips = [draft.node(f"stem{level}", level, level) for level in (0, 1)]
    wide = STEM_FACTOR * channels
    stems = Conv(kernel=POINT, channels=wide), Conv(kernel=CUBE, stride=TWO, channels=wide)
    for stem, conv in zip(skips, stems, strict=True):
        draft.edge(INPUT, stem, (conv, ""), (END[0], ""))
    for level in range(2, depth + 2):
        skips.append(_add_down(draft, f"down{level - 1}", code.down, skips[-2:], level))
    below = skips.pop()
    for level in reversed(range(depth + 1)):
        inputs = [skips.pop(), below]
        below = _add_up(draft, f"up{depth + 1 - level}", code.up, inputs, level)
    draft.edge(below, OUTPUT, (Conv(kernel=POINT), ""))
    with told_as(name):
        architecture = draft.architecture(
            in_channels=in_channels,
            out_channels=out_channels,
            widths=(channels,) * (depth + 2),
            strides=((1, 1), *(TWO for _ in range(depth + 1))),
        )
        provenance = Provenance(
            origin="genotype of a NAS-Unet search; transposed convolutions make 2n pixels of n at"
            " once",
            paper=PAPER,
            license="Apache-2.0",
        )
        return Genotype(name=name, architecture=architecture, provenance=provenance)


def _add_down(
    draft: Draft, name: str, choices: tuple[Choice, ...], inputs: list[str], level: int
) -> str:
    """Add a cell that ends on a level; its first input lies two levels above."""
    stage = _next_stage(draft)
    for index, (source, stride) in enumerate(zip(inputs, (TWO, None), strict=True)):
        _project(draft, source, draft.node(f"{name}_{index}", stage, level - 1), stride)
    return _add_nodes(draft, name, choices, COARSER, level)


def _add_up(
    draft: Draft, name: str, choices: tuple[Choice, ...], inputs: list[str], level: int
) -> str:
    """Add a cell that ends on a level; its second input lies one level below."""
    stage = _next_stage(draft)
    for index, source in enumerate(inputs):
        _project(draft, source, draft.node(f"{name}_{index}", stage, level + index), None)
    return _add_nodes(draft, name, choices, FINER, level)


def _project(draft: Draft, source: str, target: str, stride: tuple[int, int] | None) -> None:
    conv = Conv(kernel=POINT, stride=stride)
    draft.edge(source, target, (Relu(), ""), (conv, ""), (END[0], ""))


def _add_nodes(draft: Draft, name: str, choices: tuple[Choice, ...], moves: Ops, level: int) -> str:
    for position, (op, index) in enumerate(choices):
        node = f"{name}_{2 + position // 2}"
        if node not in draft.nodes:
            draft.node(node, _next_stage(draft), level)
            draft.edge(node, name)
        layers = (SAME | moves)[op]
        draft.edge(f"{name}_{index}", node, *((layer, "") for layer in layers))
    return draft.node(name, _next_stage(draft), level, concat=True)


def _next_stage(draft: Draft) -> int:
    return 1 + max(node.stage for node in draft.nodes.values())
