"""What one network of a space costs, exactly, by the names of its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from uxnet_compiler.analysis import Cost, cost
from uxnet_compiler.ir import Graph
from uxnet_compiler.lowering import lower
from uxnet_compiler.passes import INFERENCE, TRAINING, Pass, run_passes
from uxnet_compiler.schema import Architecture, Limits, drop_dead
from uxnet_compiler.search.budget.limits import (
    MAP_COPIES,
    TRAINING_COPIES,
    WEIGHT_BYTES,
    limit_values,
)
from uxnet_compiler.search.budget.prices import slot_prices
from uxnet_compiler.spaces import Selection, Space

if TYPE_CHECKING:
    from uxnet_compiler.costs.latency import Latencies

Values = Mapping[str, float]
"""Costs by the name of a limit; those that are not limited are left out."""


class Meter:
    """Count what networks of a space cost, as far as they are limited.

    Parameters, MACs and memory are the larger of two counts: of the network that is trained and
    of the one that is run, so that both are within their limits. Latency is the sum of the
    measured times of the ops of the one that is run.
    """

    def __init__(
        self,
        space: Space,
        limits: Limits,
        latencies: Latencies | None = None,
        *,
        gates: Mapping[str, float] | None = None,
    ) -> None:
        """Prepare to count.

        Args:
            space: Of all networks.
            limits: Say what to count, and for which image.
            latencies: Times of ops, when the latency is limited.
            gates: What the edges carry; `None` when they carry nothing.
        """
        assert (latencies is not None) == (limits.latency_ms is not None)
        self.space = space
        self.limits = limits
        self.latencies = latencies
        self.limit_values = limit_values(limits)
        self.gates = gates
        self.prices = slot_prices(space, limits.size, latencies, soft=gates is not None)
        self._known: dict[Architecture, Values] = {}

    def architecture(self, selection: Selection) -> Architecture:
        """Return the living architecture of a selection."""
        hard = drop_dead(self.space.select(selection.chosen, selection.kept))
        return hard if self.gates is None else self.space.soften(hard, self.gates)

    def rough(self, selection: Selection) -> Values:
        """Return the costs of the document as it stands, before any pass."""
        graph = lower(self.architecture(selection))
        return self._values(cost(graph, self.limits.size), graph)

    def exact(self, selection: Selection) -> Values:
        """Return the costs of the compiled networks."""
        architecture = self.architecture(selection)
        if architecture not in self._known:
            self._known[architecture] = self._exact(lower(architecture))
        return self._known[architecture]

    def fits(self, selection: Selection) -> bool:
        """Say whether the compiled networks are within all limits."""
        return self.within(self.exact(selection))

    def within(self, values: Values) -> bool:
        """Say whether costs are within all limits."""
        return all(values[name] <= limit for name, limit in self.limit_values.items())

    def _exact(self, document: Graph) -> Values:
        trained = self._compiled(document, TRAINING)
        run = self._compiled(document, INFERENCE)
        found = {name: max(trained[name], run[name]) for name in trained}
        if "training_bytes" in found:
            found["training_bytes"] = trained["training_bytes"]
        if "latency_ms" in found:
            found["latency_ms"] = run["latency_ms"]
        return found

    def _compiled(self, document: Graph, passes: Sequence[Pass]) -> Values:
        graph = run_passes(document, passes)
        return self._values(cost(graph, self.limits.size), graph)

    def _values(self, found: Cost, graph: Graph) -> Values:
        weight_bytes = WEIGHT_BYTES * found.params
        maps = MAP_COPIES * self.limits.batch_size * found.map_bytes
        every: dict[str, float] = {
            "params": found.params,
            "macs": found.macs,
            "memory_bytes": weight_bytes + found.peak_bytes,
            "training_bytes": TRAINING_COPIES * weight_bytes + maps,
        }
        if self.latencies is not None:
            every["latency_ms"] = self.latencies.network_ms(graph, self.limits.size)
        return {name: every[name] for name in self.limit_values}
