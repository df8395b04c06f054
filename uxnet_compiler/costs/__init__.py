"""What each node and each edge of a network costs, counted and measured."""

from uxnet_compiler.costs.compare import Comparison, compare, ratio
from uxnet_compiler.costs.count import Costs, PartCosts, common_size, count
from uxnet_compiler.costs.rows import Row, ranked

__all__ = [
    "Comparison",
    "Costs",
    "PartCosts",
    "Row",
    "common_size",
    "compare",
    "count",
    "ranked",
    "ratio",
]
