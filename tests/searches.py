"""The folder of a search, written in a moment and told of as by a real one."""

from __future__ import annotations

import json
from pathlib import Path

from uxnet_compiler.runs.events import EventLog
from uxnet_compiler.schema import Evidence, dump
from uxnet_compiler.spaces import FAMILIES, Space
from uxnet_compiler.spaces.uxnet import UXNetOptions, space

TAU = 0.6
GATES_EVERY = 10


def uxnet_space(levels: int, dims: int = 3) -> Space:
    """Return a narrow space of UXNet with three classes."""
    return space(
        UXNetOptions(
            spatial_dims=dims,
            out_channels=3,
            widths=tuple(range(2, 2 + levels)),
            strides=((1,) * dims, *[(2,) * dims] * (levels - 1)),
        )
    )


SPACE = uxnet_space(3)


def evidence(step: int, frame: Space = SPACE) -> Evidence:
    """Return what is believed after so many steps: from all alike to a firm opinion."""
    firm = 1 - 0.95 ** (step / 10)
    gates = {key: 1 - firm * (index % 4) / 3.5 for index, key in enumerate(sorted(frame.gates))}
    choices = {}
    for number, (name, candidates) in enumerate(frame.choices.items()):
        alike = (1 - firm) / len(candidates)
        chosen = number % len(candidates)
        choices[name] = {each: alike + firm * (at == chosen) for at, each in enumerate(candidates)}
    return Evidence(gates=gates, choices=choices)


def write_search(run: Path, steps: int, frame: Space = SPACE, name: str = "searched") -> Path:
    """Write the folder of a search that was decided after its last step; return the folder."""
    run.mkdir(parents=True)
    (run / "config.json").write_text('{"family": "uxnet"}\n')
    with EventLog(run) as log:
        for step in range(1, steps + 1):
            dice = step / 100 if step >= steps / 2 else None
            log.emit("search", step, loss=1 / step, architecture_loss=None, dice=dice)
            if step % GATES_EVERY == 0:
                told = evidence(step, frame).model_dump(mode="json")
                log.emit("gates", step, edges=0, evidence=told)
    final = evidence(100 * steps, frame)
    genotype = FAMILIES["uxnet"].genotype(frame, final, name=name, tau=TAU)
    dump(genotype, run / "genotype.json")
    (run / "summary.json").write_text(json.dumps({"steps": steps, "complete": True}))
    return run
