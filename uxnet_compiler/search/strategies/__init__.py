"""Ways to search: how the weights of a supernet and the evidence on its choices come about."""

from lightning_fabric import Fabric

from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.strategies.base import Penalty, Step, Strategy
from uxnet_compiler.search.strategies.batches import Batch, Batches
from uxnet_compiler.search.strategies.bilevel import BiLevel
from uxnet_compiler.search.strategies.evolution import Evolution
from uxnet_compiler.search.strategies.one_shot import RandomSearch
from uxnet_compiler.spaces import Space

STRATEGIES: dict[str, type[BiLevel] | type[RandomSearch] | type[Evolution]] = {
    "bilevel": BiLevel,
    "random": RandomSearch,
    "evolution": Evolution,
}


def make_strategy(
    space: Space,
    config: SearchConfig,
    fabric: Fabric,
    precision: Precision,
    *,
    penalty: Penalty | None = None,
) -> Strategy:
    """Return the strategy that a configuration names, at its start."""
    return STRATEGIES[config.strategy](space, config, fabric, precision, penalty=penalty)


__all__ = ["Batch", "Batches", "Penalty", "Step", "Strategy", "make_strategy"]
