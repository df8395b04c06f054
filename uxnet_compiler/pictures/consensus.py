"""Draw what several searches believe, and their consensus, as heat maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from uxnet_compiler.errors import BackendError
from uxnet_compiler.pictures.figure import Figure, Panel, Words
from uxnet_compiler.pictures.heat import scale
from uxnet_compiler.pictures.render import require_format, save
from uxnet_compiler.pictures.shapes import Rect, around
from uxnet_compiler.pictures.themes import Theme, theme_called
from uxnet_compiler.pictures.typography import shortened, text_width
from uxnet_compiler.schema import Genotype
from uxnet_compiler.wording import counted, one_line

MARGIN, GAP, BLOCK_GAP = 14.0, 12.0, 36.0
CELL_GAP = 2.6  # in widths of a border
ROW, PADDING = 1.95, 1.8  # height of a row, room around the text of a cell; in sizes of its text
LONGEST = 14.0  # of a name, in sizes of its text
SHARE = 4.0  # length of the bar of a share, likewise
MOST_ROWS, MOST_COLUMNS = 400, 60
SCALE = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Cell:
    """What one search believes: its text, how strongly, and whether that is kept."""

    text: str
    share: float
    kept: bool


@dataclass(frozen=True)
class Block:
    """A heat map: a row per gate or choice, a column per search, and what share of them agree."""

    title: str
    last: str
    rows: tuple[tuple[str, tuple[Cell, ...], float | None], ...]
    alike: str


def draw_consensus(
    searches: Sequence[tuple[str, Genotype]], agreed: Genotype, path: Path, theme: str = "paper"
) -> None:
    """Draw every gate and every choice (rows) of every search and the consensus (columns).

    Gates are sorted by their mean, choices by how many searches pick the same candidate; what is
    kept is framed. The bytes carry no date.

    Args:
        searches: Name and genotype of each, with evidence of the same space.
        agreed: Their consensus.
        path: File to write; the suffix names the format.
        theme: Name of a theme.

    Raises:
        BackendError: The suffix is no format, there is too much to draw, or Graphviz is missing.
        RunError: The folder cannot be written.
        UnknownNameError: There is no such theme.
    """
    require_format(path)
    assert agreed.evidence is not None, "a consensus carries its evidence"
    rows = max(len(agreed.evidence.gates), len(agreed.evidence.choices))
    columns = len(searches) + 1
    if rows > MOST_ROWS or columns > MOST_COLUMNS:
        raise BackendError(
            f"{path}: {rows} rows and {columns} columns are too many to draw;"
            f" the limits are {MOST_ROWS} and {MOST_COLUMNS}"
        )
    save(consensus_figure(searches, agreed, theme), path)


def consensus_figure(
    searches: Sequence[tuple[str, Genotype]], agreed: Genotype, theme: str = "paper"
) -> Figure:
    """Return the picture; see `draw_consensus`."""
    painter = _Painter([*(name for name, _ in searches), "consensus"], theme_called(theme))
    genotypes = [*(genotype for _, genotype in searches), agreed]
    blocks = [block for block in (_gates(genotypes), _choices(genotypes)) if block.rows]
    told = [counted(len(searches), "search"), *(block.alike for block in blocks)]
    return painter.figure(one_line(agreed.name), " \u00b7 ".join(told), blocks)


def _gates(genotypes: Sequence[Genotype]) -> Block:
    believed = [each.evidence.gates for each in genotypes if each.evidence is not None]
    taus = [_tau(each) for each in genotypes]
    mean = believed[-1]
    rows = []
    for key in sorted(mean, key=lambda key: (-mean[key], key)):
        gates = [each[key] for each in believed]
        kept = [
            (gate >= tau or key in each.provenance.repaired) and key not in each.provenance.closed
            for gate, tau, each in zip(gates, taus, genotypes, strict=True)
        ]
        cells = (Cell(f"{gate:.2f}", gate, k) for gate, k in zip(gates, kept, strict=True))
        rows.append((key, tuple(cells), _share(kept[:-1])))
    alike = sum(share in {0.0, 1.0} for *_, share in rows)
    told = f"alike on {alike} of {len(rows)} gates"
    return Block("Gates (framed: kept)", "kept by", tuple(rows), told)


def _choices(genotypes: Sequence[Genotype]) -> Block:
    believed = [each.evidence.choices for each in genotypes if each.evidence is not None]
    rows = []
    for key in sorted(believed[-1]):
        picked = [
            _picked(key, each[key], genotype.provenance.replaced)
            for genotype, each in zip(genotypes, believed, strict=True)
        ]
        same = [name == picked[-1] for name in picked]
        cells = (
            Cell(one_line(name), each[key][name], agrees)
            for name, each, agrees in zip(picked, believed, same, strict=True)
        )
        rows.append((key, tuple(cells), _share(same[:-1])))
    rows.sort(key=lambda row: (-(row[2] or 0.0), row[0]))
    alike = sum(share == 1.0 for *_, share in rows)
    told = f"alike on {alike} of {len(rows)} choices"
    return Block("Choices (framed: as the consensus)", "agree", tuple(rows), told)


def _tau(genotype: Genotype) -> float:
    return (genotype.space.tau if genotype.space else None) or 0.0


def _share(held: Sequence[bool]) -> float | None:
    return sum(held) / len(held) if held else None


def _picked(choice: str, candidates: Mapping[str, float], replaced: Mapping[str, str]) -> str:
    """Return the likeliest candidate, or what was taken instead to stay within limits."""
    other = replaced.get(choice, "")
    return other if other in candidates else max(candidates, key=lambda name: candidates[name])


class _Painter:
    """Places and paints the blocks from left to right, all with the same columns."""

    def __init__(self, heads: Sequence[str], theme: Theme) -> None:
        self.theme, self.metrics = theme, theme.metrics
        self.size = theme.metrics.link_text
        self.fill = scale(theme)
        self.gap = CELL_GAP * theme.border.width
        self.line = ROW * self.size
        self.heads = [self._brief(head) for head in heads]
        self.panels: list[Panel] = []
        self.words: list[Words] = []

    def figure(self, title: str, subtitle: str, blocks: Sequence[Block]) -> Figure:
        x = bottom = 0.0
        for index, block in enumerate(blocks):
            right, low = self._block(f"b{index}", block, x)
            x, bottom = right + BLOCK_GAP, min(bottom, low)
        self._legend(bottom - 2 * self.line)
        top = self.line + 3.2 * self.metrics.title_text
        self._say(title, 0, top, self.metrics.title_text)
        below = top - 0.8 * self.metrics.title_text - 0.7 * self.metrics.subtitle_text
        self._say(subtitle, 0, below, self.metrics.subtitle_text, self.theme.faint)
        return Figure(
            title=title,
            frame=self._frame(),
            background=self.theme.paper,
            frames=(),
            strokes=(),
            panels=tuple(self.panels),
            words=tuple(self.words),
        )

    def _brief(self, text: str) -> str:
        return shortened(one_line(text), self.size, LONGEST * self.size)

    def _block(self, name: str, block: Block, left: float) -> tuple[float, float]:
        """Add a heat map whose upper left corner is there; return its right and its lower end."""
        names = [self._brief(key) for key, _, _ in block.rows]
        cells = [cell.text for _, row, _ in block.rows for cell in row]
        wide = max(text_width(t, self.size) for t in [*cells, *self.heads]) + PADDING * self.size
        first = left + max((text_width(t, self.size) for t in names), default=0) + GAP
        xs = [first + (at + 0.5) * (wide + self.gap) for at in range(len(self.heads))]
        xs[-1] += GAP  # the consensus stands apart
        last = xs[-1] + wide / 2 + GAP
        self._say(block.title, left, self.line, self.metrics.row_text)
        for x, head in zip(xs, self.heads, strict=True):
            self._say(head, x, 0, self.size, self.theme.faint, middle=True)
        self._say(block.last, last, 0, self.size, self.theme.faint)
        for index, (key, row, share) in enumerate(block.rows):
            y = -(index + 1) * self.line
            self._say(names[index], left, y, self.size)
            for at, (x, cell) in enumerate(zip(xs, row, strict=True)):
                note = f"{key}, {self.heads[at]}: {cell.text}, {cell.share:.2f}"
                self._cell(
                    f"{name}_{index}_{at}", Rect(x, y, wide, self.line - self.gap), cell, note
                )
            if share is not None:
                self._share(f"{name}_{index}_share", last, y, share)
        end = last + max((SHARE + 3.5) * self.size, text_width(block.last, self.size))
        return end, -(len(block.rows) + 0.5) * self.line

    def _cell(self, name: str, rect: Rect, cell: Cell, note: str = "") -> None:
        pen = self.theme.border
        self.panels.append(
            Panel(
                name,
                rect,
                fill=self.fill(cell.share),
                stroke=pen.colour if cell.kept else None,
                width=1.5 * pen.width,
                lines=(cell.text,) if cell.text else (),
                size=self.size,
                ink=self.theme.ink,
                tooltip=note,
                group="kept" if cell.kept else "cell",
            )
        )

    def _share(self, name: str, left: float, y: float, share: float) -> None:
        full = SHARE * self.size
        for part, length in ((False, full), (True, share * full)):
            rect = Rect(left + length / 2, y, length, 0.6 * self.size)
            fill = self.theme.bars[True] if part else self.theme.frame
            if length:
                self.panels.append(Panel(f"{name}_{part:d}", rect, fill=fill, group="share"))
        self._say(f"{share:.0%}", left + full + 0.4 * self.size, y, self.size, self.theme.faint)

    def _legend(self, y: float) -> None:
        wide, x = 3 * self.size, 0.0
        for index, share in enumerate(SCALE):
            rect = Rect(x + wide / 2, y, wide, self.line - self.gap)
            self._cell(f"_scale{index}", rect, Cell(f"{share:g}", share, kept=False))
            x += wide + self.gap
        text = "strength of a gate, or share of the candidate in the belief"
        self._say(text, x + GAP / 2, y, self.metrics.legend_text)

    def _say(
        self, text: str, x: float, y: float, size: float, ink: str = "", *, middle: bool = False
    ) -> None:
        colour = ink or self.theme.ink
        anchor: Literal["start", "middle"] = "middle" if middle else "start"
        self.words.append(Words(text, x, y, size, colour, anchor, "caption"))

    def _frame(self) -> Rect:
        rects = [panel.rect for panel in self.panels]
        for words in self.words:
            width = text_width(words.text, words.size)
            x = words.x if words.anchor == "middle" else words.x + width / 2
            rects.append(Rect(x, words.y, width, 1.2 * words.size))
        inner = around(rects)
        return Rect(inner.x, inner.y, inner.width + 2 * MARGIN, inner.height + 2 * MARGIN)
