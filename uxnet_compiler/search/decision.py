"""What a search says in the end: what it learned, or what the trained supernet would miss."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from itertools import islice

from uxnet_compiler.data.patches import PAIR
from uxnet_compiler.machine.processes import any_of_all, from_first
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.runs.schedule import on_trial
from uxnet_compiler.runs.stopping import Stopper
from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.adaptation import STEPS, adapt
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.loop import Loop
from uxnet_compiler.search.measurement import Measurement, Missed, chance, unsure
from uxnet_compiler.search.perturbation import (
    Work,
    living,
    measure_edges,
    measure_edges_again,
    measure_ops,
)
from uxnet_compiler.search.probe import Probe
from uxnet_compiler.search.supernet import Weights, drawn_ops, one_hot
from uxnet_compiler.spaces import Space

MEASURED_FILE = "measured.json"

PATCHES = 16
"""An edge and an op are judged on so many, of cases that trained no weights."""

ASKED = 0.1
"""Dice of single networks from which on they are asked about ops: of those that find next to
nothing, none is better than another."""

COMPUTED_AGAIN = 0.6
"""Part of the supernet that a variant computes anew, about: what lies before it is known."""

ASKED_AGAIN = 0.5
"""Part of the edges that are asked again, about; each computes the whole supernet."""

SEED = 4217  # of the patches, whatever the seed of the search: all searches see the same

TIMED = 4  # steps on single networks, since these differ


@dataclass(frozen=True)
class Outcome:
    """What a search ends with.

    Attributes:
        evidence: For the document.
        learned: Gates and preferences after the last step.
        complete: Whether the search came to its end; one that was stopped can be resumed.
        measurement: What the evidence is made of; `None` when it is what was learned.
        seconds: That measuring took.
    """

    evidence: Evidence
    learned: Evidence
    complete: bool
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


def decide(
    loop: Loop, work: Work, observer: Observer, stopper: Stopper, *, complete: bool
) -> Outcome:
    """Say what a search has found; to measure it, the weights are trained on.

    A search that was stopped tells what it has learned so far, with the weights of its last step:
    one that was stopped here is measured from the start when it is resumed.

    Args:
        loop: After its last step.
        work: What parts of the work of the whole space mixtures take.
        observer: Hears how far it is.
        stopper: Asked between two passes; a stop that was requested in the last step counts.
        complete: Whether all steps were made.

    Raises:
        RunError: A loss is not finite, or memory ran out.
    """
    learned = loop.strategy.evidence()
    if not complete or not measures(loop.task.config):
        return Outcome(learned, learned, complete)
    network, start = loop.strategy.network, time.monotonic()
    before = deepcopy(network.state_dict())
    try:
        with loop.errors("measuring"):
            found = _measure(loop, learned, work, observer, partial(_tell, observer, stopper))
    except _StoppedError:
        network.load_state_dict(before)
        return Outcome(learned, learned, complete=False, seconds=time.monotonic() - start)
    seconds = time.monotonic() - start
    return Outcome(found.evidence(learned), learned, True, found, seconds)


def _measure(
    loop: Loop, learned: Evidence, work: Work, observer: Observer, told: Callable[[float], None]
) -> Measurement:
    """Ask the supernet about edges, train it on for single networks, and ask them about ops."""
    space, config = loop.task.space, loop.task.config
    observer.phase("measuring edges")
    probe = _probe(loop, PATCHES // PAIR)
    loss, edges = from_first(measure_edges(space, probe, learned, work, told))

    def stays(missed: Missed) -> bool:
        return chance(missed, loss, config.price) >= config.tau

    observer.phase("measuring edges again")
    asked = unsure(edges, loss, config.price, config.tau)
    again = from_first(measure_edges_again(asked, stays, probe, learned, work, told))
    gone = {key for key, missed in again.items() if not stays(missed)}
    kept = frozenset(space.gates) - gone
    steps = round(STEPS * loop.schedule.steps) if space.choices else 0
    if steps:
        observer.phase("training single networks")
        adapt(loop.strategy, kept, loop.train, steps, told)
    observer.phase("measuring ops")
    probe, networks = _probe(loop, PATCHES // PAIR), contexts(space, kept)
    dice = from_first(probe.dice(networks))
    if space.choices and dice < ASKED:
        observer.note(
            f"single networks find next to nothing (Dice {dice:.2f}): they are not asked about ops,"
            " the reference ops stay"
        )
    tried = {
        choice: space.choices[choice] if dice >= ASKED else (space.references[choice],)
        for choice in space.chosen(living(space, kept))
    }
    alone, candidates = from_first(measure_ops(space, probe, networks, tried, work, told))
    return Measurement(
        price=config.price,
        patches=PATCHES,
        loss=loss,
        edges=edges,
        again=again,
        adapted=steps,
        dice=dice,
        alone=alone,
        candidates=candidates,
    )


class _StoppedError(Exception):
    """A stop was requested; raised between two passes or steps."""


def _tell(observer: Observer, stopper: Stopper, done: float) -> None:
    """Tell how far measuring is, and end it when a stop is requested in any process."""
    if any_of_all(stopper.requested):
        raise _StoppedError
    observer.tick(done)


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
    probe = _probe(loop, 1)
    steps_s = 0.0
    with loop.errors("timing steps"):
        edge_s = _timed(lambda: probe([mixture], [], lambda _: None))
        op_s = _timed(lambda: probe([single], [], lambda _: None))
        if space.choices:
            with on_trial(loop.state, loop.restore):
                steps_s = _timed(lambda: adapt(loop.strategy, every, loop.train, TIMED))
    passes_s = edge_s * len(space.gates) * (COMPUTED_AGAIN + ASKED_AGAIN)
    passes_s += op_s * sum(map(len, space.choices.values())) * COMPUTED_AGAIN
    return from_first(Expected(passes_s * PATCHES / PAIR, STEPS * steps_s / TIMED))


def _timed(do: Callable[[], object]) -> float:
    """Return the seconds that something takes, after a first time that makes kernels."""
    do()
    start = time.monotonic()
    do()
    return time.monotonic() - start


def _probe(loop: Loop, num_batches: int) -> Probe:
    """Return what asks the supernet, with patches of the half that trained no weights."""
    batches = list(islice(loop.held_out.unvaried(SEED), num_batches))
    return Probe(loop.strategy.network, batches, loop.task.precision)
