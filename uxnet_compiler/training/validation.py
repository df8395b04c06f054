"""Look at held-out cases while a network is being trained."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from uxnet_compiler.data.cases import LoadedCase
from uxnet_compiler.training.inference import Segmenter
from uxnet_compiler.training.scores import dice
from uxnet_compiler.training.task import Task


def held_out_dice(
    segmenter: Segmenter, cases: Sequence[LoadedCase], task: Task
) -> dict[str, float]:
    """Return the mean Dice over whole cases, per name of label, on the plan's grid."""
    scores: dict[str, list[float]] = {name: [] for name in task.foreground}
    for case in cases:
        found = segmenter.probabilities(case["image"]).argmax(dim=0).numpy()
        truth = case["label"][0].numpy()
        for value, name in enumerate(task.foreground, start=1):
            scores[name].append(dice(found == value, truth == value))
    return {name: fmean(values) for name, values in scores.items()}


def some_of(ids: Sequence[str], count: int) -> list[str]:
    """Choose ids evenly spread over a list."""
    count = min(count, len(ids))
    return [ids[index * len(ids) // count] for index in range(count)]
