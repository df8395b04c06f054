"""What differs between two architectures, as data, as text and as markdown."""

from uxnet_compiler.diff.compare import diff
from uxnet_compiler.diff.markdown import to_markdown
from uxnet_compiler.diff.model import Change, ChangedPart, Diff, Part, Parts, Relation, Side
from uxnet_compiler.diff.text import Line, to_lines
from uxnet_compiler.diff.words import VERDICTS, CostRow, cost_rows, in_full, sizes, spell_change

__all__ = [
    "VERDICTS",
    "Change",
    "ChangedPart",
    "CostRow",
    "Diff",
    "Line",
    "Part",
    "Parts",
    "Relation",
    "Side",
    "cost_rows",
    "diff",
    "in_full",
    "sizes",
    "spell_change",
    "to_lines",
    "to_markdown",
]
