"""Facts about a graph; nothing here rewrites one."""

from uxnet_compiler.analysis.cost import Cost, ValueCost, cost
from uxnet_compiler.analysis.liveness import Peak, in_place, peak

__all__ = ["Cost", "Peak", "ValueCost", "cost", "in_place", "peak"]
