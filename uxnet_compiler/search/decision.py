"""What a search says in the end: what it learned, or what the trained supernet would miss."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from monai.losses.dice import DiceCELoss
from numpy.typing import NDArray
from torch import Tensor

from uxnet_compiler.data.patches import PAIR
from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.layout import channels_last
from uxnet_compiler.machine.processes import from_first
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.loop import Loop
from uxnet_compiler.search.perturbation import Measurement, perturb
from uxnet_compiler.search.supernet import Supernet, Weights

MEASURED_FILE = "measured.json"

PATCHES = 16
"""An edge is judged on so many, of cases that trained no weights."""

WORST = 100.0
"""Loss of a variant that overflows."""

COMPUTED_AGAIN = 0.6
"""Part of the supernet that a variant computes anew, about: what lies before it is known."""

SEED = 4217  # of the patches, whatever the seed of the search: all searches see the same


class Probe:
    """The loss of a trained supernet's mixtures on fixed patches.

    Of a variant only those nodes are computed that see another weight than in the base.

    Args:
        supernet: With trained weights, on any device.
        batches: Patches and their labels.
        precision: That it was trained in.
    """

    def __init__(
        self, supernet: Supernet, batches: Sequence[tuple[Tensor, Tensor]], precision: Precision
    ) -> None:
        self._supernet = supernet
        self._batches = batches
        self._precision = precision
        self._loss = DiceCELoss(softmax=True, to_onehot_y=True, include_background=False)

    @torch.inference_mode()
    def __call__(
        self, base: Weights, variants: Sequence[Weights], told: Callable[[float], None]
    ) -> NDArray[np.float64]:
        """Return the loss of each patch, of the base in the first row; see `Losses`.

        Raises:
            RunError: The loss of the base is not a number.
        """
        device = next(self._supernet.parameters()).device
        changed = [self._changed(base, variant) for variant in variants]
        columns = []
        for number, (image, label) in enumerate(self._batches):
            given, truth = image.to(device), label.to(device)
            if self._precision.channels_last:
                given = channels_last(given, self._supernet.space.spatial_dims)
            values: dict[str, Tensor] = {}
            rows = [self._losses(given, truth, base, keep=values)]
            if not np.isfinite(rows).all():
                raise RunError(
                    "the trained supernet's loss is not a number on held-out patches; try"
                    " --precision float32"
                )
            for index, (variant, names) in enumerate(zip(variants, changed, strict=True)):
                known = {name: value for name, value in values.items() if name not in names}
                rows.append(self._losses(given, truth, variant, known=known))
                told((number + (index + 1) / len(variants)) / len(self._batches))
            columns.append(np.array(rows))
        losses: NDArray[np.float64] = np.concatenate(columns, axis=1)
        losses[~np.isfinite(losses)] = WORST
        return losses

    def _losses(
        self, image: Tensor, label: Tensor, weights: Weights, **values: Mapping[str, Tensor]
    ) -> list[float]:
        low = self._precision.dtype == "bfloat16"
        with torch.autocast(image.device.type, torch.bfloat16, enabled=low):
            logits = self._supernet(image, weights, **values).float()
        return [float(self._loss(logits[[i]], label[[i]])) for i in range(len(label))]

    def _changed(self, base: Weights, variant: Weights) -> set[str]:
        """Return the nodes that compute something else in a variant."""
        gates = {key for key, gate in base.gates.items() if variant.gates[key] != gate}
        choices = {name for name, each in base.choices.items() if variant.choices[name] != each}
        names: set[str] = set()
        for node in self._supernet.space.nodes:
            into = self._supernet.incoming[node.id]
            if node.slot.choice in choices or any(
                edge.key in gates or edge.slot.choice in choices or edge.source in names
                for edge in into
            ):
                names.add(node.id)
        return names


@dataclass(frozen=True)
class Outcome:
    """What a search ends with.

    Attributes:
        evidence: For the document.
        learned: Gates and preferences after the last step.
        measurement: What the evidence is made of; `None` when it is what was learned.
        seconds: That measuring took.
    """

    evidence: Evidence
    learned: Evidence
    measurement: Measurement | None = None
    seconds: float = 0.0


def decide(loop: Loop, observer: Observer, *, complete: bool) -> Outcome:
    """Say what a search has found.

    A search that was stopped tells what it has learned so far: measuring takes its time, and the
    supernet is not trained yet.

    Args:
        loop: After its last step.
        observer: Hears how far it is.
        complete: Whether all steps were made.
    """
    learned, config = loop.strategy.evidence(), loop.task.config
    if not complete or not _measures(config):
        return Outcome(learned, learned)
    observer.phase("measuring edges and ops")
    start = time.monotonic()
    with _probe(loop, PATCHES // PAIR) as probe:
        found = perturb(loop.task.space, probe, learned, tau=config.tau, observer=observer)
    found = from_first(found)  # all processes measure the same, up to rounding
    return Outcome(found.evidence(learned), learned, found, time.monotonic() - start)


def expected_s(loop: Loop) -> float:
    """Return how many seconds measuring will take at the end, from one pass on trial."""
    space = loop.task.space
    if not _measures(loop.task.config):
        return 0.0
    variants = len(space.gates) + sum(map(len, space.choices.values()))
    base = loop.strategy.evidence()
    mixture = Weights(base.choices, base.gates)
    with _probe(loop, 1) as probe:
        probe(mixture, [], lambda _: None)  # the first pass makes kernels
        start = time.monotonic()
        probe(mixture, [], lambda _: None)
        pass_s = time.monotonic() - start
    return from_first(pass_s * variants * PATCHES // PAIR * COMPUTED_AGAIN)


def _measures(config: SearchConfig) -> bool:
    """Tell whether there is a mixture to take parts out of, and that is asked for."""
    return config.evidence == "measured" and config.strategy == "bilevel"


@contextmanager
def _probe(loop: Loop, num_batches: int) -> Iterator[Probe]:
    """Lend the supernet, as it is in prediction, with patches of the half that trained nothing."""
    supernet = loop.strategy.network
    batches = list(islice(loop.held_out.unvaried(SEED), num_batches))
    training = supernet.training
    supernet.eval()
    try:
        yield Probe(supernet, batches, loop.task.precision)
    finally:
        supernet.train(training)
