"""What a search says in the end: what it learned, or what the trained supernet would miss."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from uxnet_compiler.data.patches import PAIR
from uxnet_compiler.machine.memory import memory_errors
from uxnet_compiler.machine.processes import from_first
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.runs.schedule import on_trial
from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.adaptation import STEPS, adapt
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.loop import Loop
from uxnet_compiler.search.measurement import Measurement, gates
from uxnet_compiler.search.perturbation import (
    Work,
    measure_edges,
    measure_ops,
)
from uxnet_compiler.search.probe import Probe
from uxnet_compiler.search.supernet import Weights, drawn_ops, one_hot
from uxnet_compiler.spaces import Space

MEASURED_FILE = "measured.json"

PATCHES = 16
"""An edge and an op are judged on so many, of cases that trained no weights."""

COMPUTED_AGAIN = 0.6
"""Part of the supernet that a variant computes anew, about: what lies before it is known."""

SEED = 4217  # of the patches, whatever the seed of the search: all searches see the same

TIMED = 4  # steps on single networks, since these differ


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


@dataclass(frozen=True)
class Expected:
    """Seconds that deciding will take: in any case, and for each step of the search."""

    fixed_s: float = 0.0
    step_s: float = 0.0


def measures(config: SearchConfig) -> bool:
    """Tell whether there is a mixture to take parts out of, and that is asked for."""
    return config.evidence == "measured" and config.strategy == "bilevel"


def decide(loop: Loop, work: Work, observer: Observer, *, complete: bool) -> Outcome:
    """Say what a search has found; to measure it, the weights are trained on.

    A search that was stopped tells what it has learned so far: measuring takes its time, and the
    supernet is not trained yet.

    Args:
        loop: After its last step.
        work: What parts of the work of the whole space mixtures take.
        observer: Hears how far it is.
        complete: Whether all steps were made.

    Raises:
        RunError: A loss is not finite.
    """
    learned = loop.strategy.evidence()
    if not complete or not measures(loop.task.config):
        return Outcome(learned, learned)
    space, start = loop.task.space, time.monotonic()
    observer.phase("measuring edges")
    with _probe(loop, PATCHES // PAIR) as probe:
        loss, edges = from_first(measure_edges(space, probe, learned, work, observer.tick))
    price, tau = loop.task.config.price, loop.task.config.tau
    kept = frozenset(key for key, gate in gates(edges, loss, price).items() if gate >= tau)
    steps = round(STEPS * loop.schedule.steps)
    observer.phase("training single networks")
    with _errors(loop):
        adapt(loop.strategy, kept, loop.train, steps, observer.tick)
    observer.phase("measuring ops")
    with _probe(loop, PATCHES // PAIR) as probe:
        alone, patches, candidates = from_first(
            measure_ops(space, probe, contexts(space, kept), work, observer.tick)
        )
    found = Measurement(
        price=price,
        patches=patches,
        loss=loss,
        edges=edges,
        adapted=steps,
        alone=alone,
        candidates=candidates,
    )
    return Outcome(found.evidence(learned), learned, found, time.monotonic() - start)


def contexts(space: Space, kept: frozenset[str]) -> list[Weights]:
    """Return networks in which ops are tried, one for each batch; the same in all searches."""
    return [
        one_hot(space, drawn_ops(space, random.Random(f"{SEED}:{number}")), kept)
        for number in range(PATCHES // PAIR)
    ]


def expected(loop: Loop) -> Expected:
    """Return how long deciding will take, from some passes and steps on trial."""
    space = loop.task.space
    if not measures(loop.task.config):
        return Expected()
    learned, every = loop.strategy.evidence(), frozenset(space.gates)
    mixture, single = Weights(learned.choices, learned.gates), contexts(space, every)[0]
    with _probe(loop, 1) as probe:
        edge_s = _timed(lambda: probe([mixture], [], lambda _: None))
        op_s = _timed(lambda: probe([single], [], lambda _: None))
    with _errors(loop), on_trial(loop.state, loop.restore):
        steps_s = _timed(lambda: adapt(loop.strategy, every, loop.train, TIMED))
    passes_s = edge_s * len(space.gates) + op_s * sum(map(len, space.choices.values()))
    return from_first(
        Expected(passes_s * PATCHES // PAIR * COMPUTED_AGAIN, STEPS * steps_s / TIMED)
    )


def _timed(do: Callable[[], object]) -> float:
    """Return the seconds that something takes, after a first time that makes kernels."""
    do()
    start = time.monotonic()
    do()
    return time.monotonic() - start


@contextmanager
def _errors(loop: Loop) -> Iterator[None]:
    """Say where training single networks failed."""
    where = f"{loop.folder.path}: training single networks"
    with memory_errors(where, "a smaller --batch-size or --memory may help"):
        yield


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
