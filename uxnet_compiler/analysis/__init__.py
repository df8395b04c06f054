"""Facts about a graph; nothing here rewrites one."""

from uxnet_compiler.analysis.cost import Cost, ValueCost, cost
from uxnet_compiler.analysis.liveness import (
    Peak,
    in_place,
    map_bytes,
    peak,
    together_or_apart,
    unit_image,
)
from uxnet_compiler.analysis.ordering import Ordering, best_order

__all__ = [
    "Cost",
    "Ordering",
    "Peak",
    "ValueCost",
    "best_order",
    "cost",
    "in_place",
    "map_bytes",
    "peak",
    "together_or_apart",
    "unit_image",
]
