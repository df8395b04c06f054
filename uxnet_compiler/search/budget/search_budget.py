"""The budget of one search: refuse what is impossible, press while searching, fit at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from uxnet_compiler.costs.latency import Latencies
from uxnet_compiler.machine.processes import from_first
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import Genotype, Limits
from uxnet_compiler.search.budget.fit import require_possible, within
from uxnet_compiler.search.budget.limits import Wish
from uxnet_compiler.search.budget.meter import Meter
from uxnet_compiler.search.budget.penalty import Budget
from uxnet_compiler.search.budget.prices import slot_prices
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.perturbation import Work
from uxnet_compiler.search.supernet import Weights
from uxnet_compiler.search.task import Task

LATENCY_FILE = "latency.json"


@dataclass(frozen=True)
class SearchBudget:
    """What a search may find.

    Attributes:
        work: What parts of the work of the whole space mixtures take.
        limits: Of the network; `None` when there are none.
        latencies: Times of ops; `None` when the latency is not limited.
        penalty: What to add to the architecture's loss; `None` when nothing is asked for.
    """

    work: Work
    limits: Limits | None = None
    latencies: Latencies | None = None
    penalty: Callable[[Weights], Tensor] | None = None

    def remember(self, folder: RunFolder) -> None:
        """Write down what a search needs to go on within the same budget."""
        if self.latencies is not None:
            self.latencies.remember(folder.path / LATENCY_FILE)

    def apply(self, genotype: Genotype) -> Genotype:
        """Return a decoded genotype within the limits."""
        found = within(genotype, self.limits, self.latencies)
        if self.latencies is not None:
            self.latencies.keep()
        return found


def search_budget(
    task: Task, device: torch.device, observer: Observer, folder: RunFolder
) -> SearchBudget:
    """Prepare the budget that a search was given; times of ops are measured here.

    They are prices in the loss of the architecture, so a search that goes on takes those that it
    was begun with, from its folder.

    Raises:
        RunError: No network of the space is within the limits.
    """
    config, size = task.config, task.plan.patch_size
    latencies = None
    if config.max_latency is not None:
        observer.phase("measuring ops")
        latencies = Latencies(device, task.precision)
        latencies.recall(folder.path / LATENCY_FILE)
    limits = wish(config).limits(
        size, config.batch_size, None if latencies is None else latencies.machine
    )
    if limits is None:
        prices = slot_prices(task.space, size)
        pressure = config.cost_pressure
        budget = Budget(task.space, prices, cost_pressure=pressure)
        return SearchBudget(budget.share, penalty=budget.penalty if pressure else None)
    meter = Meter(task.space, limits, latencies)
    require_possible(meter)
    if latencies is not None:
        # Every process has to take the same steps.
        latencies.times = from_first(latencies.times)
        latencies.keep()
        meter = Meter(task.space, limits, latencies)
    budget = Budget(task.space, meter.prices, limits, config.cost_pressure)
    return SearchBudget(budget.share, limits, latencies, budget.penalty)


def wish(config: SearchConfig) -> Wish:
    """Return the limits that a search was given, as they were said."""
    return Wish(
        params=config.max_params,
        macs=config.max_macs,
        memory=config.max_memory,
        training_memory=config.max_training_memory,
        latency=config.max_latency,
    )
