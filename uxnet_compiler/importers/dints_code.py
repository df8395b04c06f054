"""The architecture codes of DiNTS: which edges a search kept, and the op on each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from uxnet_compiler.errors import DataError
from uxnet_compiler.importers.plain_pickle import read_arrays

Rows = tuple[tuple[int, ...], ...]

NUM_OPS = {2: 2, 3: 5}  # skip and 3x3; skip, 3x3x3 and three factorised ones


@dataclass(frozen=True)
class Code:
    """What a DiNTS search found.

    Attributes:
        node_a: Whether a feature map is in use, (blocks + 1, depths); row 0 are the stems.
        arch_code_a: Whether an edge is in use, (blocks, 3 depths - 2).
        arch_code_c: Which op the cell of an edge has, of the same shape.
    """

    node_a: Rows
    arch_code_a: Rows
    arch_code_c: Rows

    @property
    def blocks(self) -> int:
        """Return the number of blocks."""
        return len(self.arch_code_a)

    @property
    def depths(self) -> int:
        """Return the number of resolutions of the space."""
        return len(self.node_a[0])

    def cells(self) -> Iterator[Cell]:
        """Yield the edges in use, block by block, in MONAI's order: by target, then source."""
        ends = [
            (source, target)
            for target in range(1, self.depths + 1)
            for source in range(max(1, target - 1), min(self.depths, target + 1) + 1)
        ]
        for block in range(1, self.blocks + 1):
            for index, (source, target) in enumerate(ends):
                if self.arch_code_a[block - 1][index]:
                    op = self.arch_code_c[block - 1][index]
                    yield Cell(block, index, source, target, op)


@dataclass(frozen=True)
class Cell:
    """One edge in use: the cell on the way from a level to the same or a neighbouring one.

    Attributes:
        block: From 1.
        index: Of the edge in its block.
        source: Level that it reads; the image's is 0, so the space begins at 1.
        target: Level that it writes.
        op: 0 for a skip, 1 for a full kernel, 2 to 4 for the factorised ones.
    """

    block: int
    index: int
    source: int
    target: int
    op: int

    @property
    def home(self) -> str:
        """Return the prefix of its tensors in MONAI."""
        return f"dints_space.cell_tree.({self.block - 1}, {self.index})"


def read_code(path: Path) -> Code:
    """Read an architecture code as `torch.save` wrote it; nothing in the file is executed.

    Old files call the arrays `code_a` and `code_c`, newer ones `arch_code_a` and `arch_code_c`.

    Raises:
        DataError: The file is no architecture code, or one that makes no network.
    """
    arrays = read_arrays(path)
    found = []
    for names in (("node_a",), ("arch_code_a", "code_a"), ("arch_code_c", "code_c")):
        name = next((name for name in names if name in arrays), None)
        if name is None:
            raise DataError(f"{path}: no array {' or '.join(names)}; a DiNTS code has one")
        found.append(_rows(arrays[name], f"{path}: {name}"))
    code = Code(*found)
    _check(code, str(path))
    return code


def _rows(array: np.ndarray, where: str) -> Rows:
    if array.ndim != 2 or not 1 <= array.size <= 4096:
        shape = "x".join(map(str, array.shape)) or "a number"
        raise DataError(f"{where} is {shape}; needs two axes, blocks and edges or levels")
    if not np.isin(array, range(NUM_OPS[3])).all():
        raise DataError(f"{where} holds other numbers than 0 to {NUM_OPS[3] - 1}")
    return tuple(tuple(int(number) for number in row) for row in array)


def _check(code: Code, where: str) -> None:
    edges = 3 * code.depths - 2
    for name, rows, shape in (
        ("node_a", code.node_a, (code.blocks + 1, code.depths)),
        ("arch_code_a", code.arch_code_a, (code.blocks, edges)),
        ("arch_code_c", code.arch_code_c, (code.blocks, edges)),
    ):
        found = (len(rows), len(rows[0]))
        if found != shape:
            raise DataError(
                f"{where}: {name} is {found[0]}x{found[1]}; {code.blocks} blocks and"
                f" {code.depths} levels need {shape[0]}x{shape[1]}"
            )
        if name != "arch_code_c" and max(chain(*rows)) > 1:
            raise DataError(f"{where}: {name} holds other numbers than 0 and 1")
    written = {(0, level + 1) for level, used in enumerate(code.node_a[0]) if used}
    for cell in code.cells():
        if (cell.block - 1, cell.source) not in written:
            raise DataError(
                f"{where}: arch_code_a[{cell.block - 1}][{cell.index}] reads level"
                f" {cell.source - 1} of block {cell.block - 1}, which nothing writes"
            )
        written.add((cell.block, cell.target))
    if not any(block == code.blocks for block, _ in written):
        raise DataError(f"{where}: arch_code_a: no edge reaches the last block")
