"""Ways to search: how the weights of a supernet and the evidence on its choices come about."""

from lightning_fabric import Fabric

from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.strategies.base import Batch, Batches, Penalty, Step, Strategy
from uxnet_compiler.search.strategies.bilevel import BiLevel
from uxnet_compiler.spaces import Space


def make_strategy(
    space: Space,
    config: SearchConfig,
    fabric: Fabric,
    precision: Precision,
    *,
    penalty: Penalty | None = None,
) -> Strategy:
    """Return the strategy that a configuration names, at its start."""
    return BiLevel(space, config, fabric, precision, penalty=penalty)


__all__ = ["Batch", "Batches", "BiLevel", "Penalty", "Step", "Strategy", "make_strategy"]
