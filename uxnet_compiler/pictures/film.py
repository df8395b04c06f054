"""A search over time: what it believed at the steps that its diary tells of, and its decision."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from uxnet_compiler.errors import GenotypeError, RunError
from uxnet_compiler.runs.config import first_defect
from uxnet_compiler.runs.events import Value, read_events
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.schema import Evidence, Genotype, load

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Frame:
    """One moment of a search.

    Attributes:
        step: How many steps were made.
        gates: Strength of every gated edge.
        choices: Share of every candidate, by choice.
        loss: Of that step, where told.
        dice: Of the supernet, where told.
        decided: Whether this is what the search said in the end, not what it learned on the way.
    """

    step: int
    gates: Mapping[str, float]
    choices: Mapping[str, Mapping[str, float]]
    loss: float | None = None
    dice: float | None = None
    decided: bool = False

    @property
    def evidence(self) -> Evidence:
        """Return what is believed in the form of a document."""
        return Evidence(
            gates=dict(self.gates), choices={name: dict(c) for name, c in self.choices.items()}
        )


@dataclass(frozen=True)
class Film:
    """A search from its first recorded step to its decision.

    Attributes:
        frames: By step; the last one is the decision, unless the search has gone on since.
        tau: Gates from here on keep their edge.
        genotype: What the search wrote last.
    """

    frames: tuple[Frame, ...]
    tau: float
    genotype: Genotype


class _Summary(BaseModel):
    """The one number of a search's summary that is needed here."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    steps: int


def read_film(run: Path, most: int = 200) -> Film:
    """Read what a search believed while it went on.

    Args:
        run: Folder of a search that has ended, or was stopped.
        most: Frames at most, evenly over the time; the first and the last are among them.

    Raises:
        GenotypeError: Its genotype is damaged.
        RunError: It is no search, has told of no gates yet, has decided nothing yet, or its diary
            is damaged.
    """
    assert most >= 2, "a film has a beginning and an end"
    folder = RunFolder.open(run)
    told, numbers = _diary(folder)
    if not folder.genotype_path.is_file():
        raise RunError(f"{run}: no genotype.json in it yet; a search writes it when it ends")
    genotype = load(folder.genotype_path)
    final = genotype.evidence
    if genotype.space is None or final is None:
        why = "missing: not the genotype of this search"
        raise GenotypeError(str(folder.genotype_path), [("evidence", why)])
    frames = [_frame(each, final, numbers, folder) for each in _evenly(told, most - 1)]
    last = max(numbers)
    if last <= _steps_decided(folder, last):
        frames.append(Frame(last, final.gates, final.choices, *numbers[last], decided=True))
    return Film(tuple(frames), genotype.space.tau or 0.0, genotype)


Told = tuple[int, Value]
"""A step, and the evidence then as the diary has it."""

Numbers = dict[int, tuple[float | None, float | None]]
"""Loss and Dice by step."""


def _diary(folder: RunFolder) -> tuple[list[Told], Numbers]:
    """Return what is told of gates, and loss and Dice, both in the order of the steps."""
    path = folder.events_path
    events = read_events(path)
    told: list[Told] = []
    numbers: Numbers = {}
    for event in events:
        step = event["step"]
        if not isinstance(step, int) or isinstance(step, bool):
            raise RunError(f"{path}: {step!r} is not a step; steps are whole numbers")
        if event["kind"] == "search":
            # A search that goes on from a checkpoint makes the steps behind it again.
            while numbers and next(reversed(numbers)) >= step:
                numbers.popitem()
            numbers[step] = (_number(event.get("loss")), _number(event.get("dice")))
            while told and told[-1][0] >= step:
                told.pop()
        elif event["kind"] == "gates":
            told.append((step, event.get("evidence")))
    if not numbers:
        raise RunError(f"{folder.path}: not the run of a search (none is told of in {path.name})")
    if not told:
        raise RunError(
            f"{folder.path}: no gates in {path.name} yet; a search tells of them every few steps"
        )
    return told, numbers


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _evenly(things: Sequence[Thing], most: int) -> list[Thing]:
    """Leave out things so that at most `most` are left; the last one stays."""
    if len(things) <= most:
        return list(things)
    if most == 1:
        return [things[-1]]
    last = len(things) - 1
    return [things[round(index * last / (most - 1))] for index in range(most)]


def _frame(told: Told, final: Evidence, numbers: Numbers, folder: RunFolder) -> Frame:
    step, evidence = told
    where = f"{folder.events_path}: the gates of step {step}"
    try:
        seen = Evidence.model_validate(evidence)
    except ValidationError as error:
        raise RunError(f"{where} are damaged: {first_defect(error)}") from None
    if _names(seen) != _names(final):
        raise RunError(f"{where} are not those of {folder.genotype_path.name}")
    return Frame(step, seen.gates, seen.choices, *numbers.get(step, (None, None)))


def _names(evidence: Evidence) -> tuple[set[str], dict[str, set[str]]]:
    return set(evidence.gates), {name: set(c) for name, c in evidence.choices.items()}


def _steps_decided(folder: RunFolder, default: int) -> int:
    """Return after how many steps the genotype was written."""
    if not folder.summary_path.is_file():
        return default
    return folder.read(folder.summary_path, _Summary).steps
