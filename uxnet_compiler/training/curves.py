"""Draw what happened during a training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from uxnet_compiler.files import replacing
from uxnet_compiler.runs.events import Event, read_events

POINTS = 100  # the loss is averaged to so many points


def draw_curves(events: Path, path: Path) -> None:
    """Draw loss, learning rate and held-out Dice of a diary as a PNG.

    Does nothing when no step was made yet.
    """
    diary = read_events(events)
    steps, losses = _series(diary, "train", "loss")
    if not steps.size:
        return
    figure = Figure(figsize=(8, 6), layout="constrained")
    FigureCanvasAgg(figure)
    top, bottom = figure.subplots(2, 1, sharex=True)
    top.plot(steps, losses, color="0.85", linewidth=0.8, label="each step")
    top.plot(*_smooth(steps, losses), color="tab:blue", label="mean")
    top.set_ylim(*np.percentile(losses, (0, 99)) + np.array((-0.05, 0.05)))
    top.set_ylabel("training loss")
    rate = top.twinx()
    rate.plot(*_series(diary, "train", "lr"), color="tab:orange", linewidth=1, linestyle=":")
    rate.set_ylabel("learning rate (dotted)")
    rate.set_ylim(bottom=0)
    top.legend(loc="upper right")
    for name in sorted({key for event in diary if event["kind"] == "validate" for key in event}):
        if name == "dice" or name.startswith("dice_"):
            style = {"color": "black"} if name == "dice" else {"linewidth": 1.0}
            label = "mean" if name == "dice" else name.removeprefix("dice_")
            bottom.plot(*_series(diary, "validate", name), marker="o", label=label, **style)
    bottom.set_xlabel("step")
    bottom.set_ylabel("held-out Dice")
    if bottom.lines:
        # Beside the curves: they may be anywhere between 0 and 1.
        bottom.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    else:
        bottom.set_yticks([])
        bottom.text(0.5, 0.5, "no held-out cases", transform=bottom.transAxes, ha="center")
    bottom.grid(alpha=0.3)
    with replacing(path) as draft:
        figure.savefig(draft, dpi=120, metadata={"Software": None})


def _series(diary: list[Event], kind: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    found = [(e["step"], e[name]) for e in diary if e["kind"] == kind and e.get(name) is not None]
    array = np.array(found, dtype=float).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def _smooth(steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    parts = min(POINTS, len(steps))
    pieces = zip(np.array_split(steps, parts), np.array_split(values, parts), strict=True)
    means = np.array([(step.mean(), value.mean()) for step, value in pieces])
    return means[:, 0], means[:, 1]
