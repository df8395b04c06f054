"""The words for a difference that all its forms share: text, markdown, drawing and page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from uxnet_compiler.diff.model import Change, Diff, Relation
from uxnet_compiler.ops import LayerOp, spell
from uxnet_compiler.wording import mebibytes, short

VERDICTS: Mapping[Relation, str] = {
    "same": "the same architecture",
    "renamed": "the same architecture but for the names and columns of nodes",
    "resized": "the same architecture but for widths and channels",
    "different": "different architectures",
}


def in_full(op: LayerOp) -> str:
    """Spell an op with all attributes that its label may leave out."""
    given = op.model_dump(mode="json", exclude_defaults=True)
    values = (
        f"{key}={spell(tuple(value)) if isinstance(value, list) else value}"
        for key, value in sorted(given.items())
        if key != "op"
    )
    return f"{op.kind}({', '.join(values)})"


@dataclass(frozen=True)
class CostRow:
    """One kind of cost of both, in words; `change` is the share, empty when nothing changed."""

    name: str
    before: str
    after: str
    change: str


def cost_rows(found: Diff) -> tuple[CostRow, ...]:
    """Spell the costs before and after."""
    old, new = found.before, found.after
    return (
        _cost_row("parameters", old.params, new.params, short),
        _cost_row("MACs", old.macs, new.macs, short),
        _cost_row("peak memory", old.peak_bytes, new.peak_bytes, mebibytes),
    )


def _cost_row(name: str, old: int, new: int, spelled: Callable[[float], str]) -> CostRow:
    change = f"{100 * (new - old) / old:+.1f} %" if old and new != old else ""
    return CostRow(name, spelled(old), spelled(new), change)


def sizes(found: Diff) -> str:
    """Say for which image the costs are, or for which two when the axes differ."""
    both = (spell(found.before.image_size), spell(found.after.image_size))
    return " -> ".join(dict.fromkeys(both))


def spell_change(change: Change) -> str:
    """Say what a part was and is; for ops, nobody needs to be told that they are ops."""
    text = f"{change.before} -> {change.after}"
    return text if change.what == "ops" else f"{change.what} {text}"
