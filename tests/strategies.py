"""What the property tests draw from: genotypes of random spaces, and broken documents."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

from uxnet_compiler.schema import Genotype
from uxnet_compiler.spaces.uxnet import UXNET, UXNetOptions, space


@st.composite
def options(draw: st.DrawFn, max_levels: int = 4, identity: bool | None = None) -> UXNetOptions:
    """Draw the frame of a UXNet space: 2-D or 3-D, isotropic or not, with narrow levels."""
    dims = draw(st.sampled_from((2, 3)))
    levels = draw(st.integers(2, max_levels))
    stride = st.tuples(*[st.sampled_from((1, 2))] * dims)
    return UXNetOptions(
        spatial_dims=dims,
        in_channels=draw(st.integers(1, 3)),
        out_channels=draw(st.integers(2, 4)),
        widths=tuple(draw(st.integers(1, 6)) for _ in range(levels)),
        strides=((1,) * dims, *(draw(stride) for _ in range(levels - 1))),
        identity=draw(st.booleans()) if identity is None else identity,
    )


@st.composite
def genotypes(draw: st.DrawFn, max_levels: int = 4) -> Genotype:
    """Draw a genotype of a random UXNet space, sparse or dense."""
    frame = space(draw(options(max_levels)))
    return UXNET.sample(frame, draw(st.integers(0, 2**32)), tau=draw(st.floats(0.1, 0.95)))


def document() -> dict[str, Any]:
    """Return a small sound document as plain data."""
    point = {"op": "conv@1", "kernel": [1, 1]}
    return {
        "format": "uxnet-genotype",
        "version": 1,
        "name": "small",
        "architecture": {
            "spatial_dims": 2,
            "in_channels": 1,
            "out_channels": 3,
            "widths": [4, 8],
            "strides": [[1, 1], [2, 2]],
            "nodes": [
                {"id": "a0", "stage": 0, "level": 0, "ops": [{"op": "conv@1", "kernel": [3, 3]}]},
                {"id": "b0", "stage": 0, "level": 1, "ops": [{"op": "relu@1"}]},
                {"id": "c0", "stage": 1, "level": 0},
            ],
            "edges": [
                {"source": "input", "target": "a0"},
                {"source": "a0", "target": "b0", "ops": [{"op": "max_pool@1", "factor": [2, 2]}]},
                {"source": "a0", "target": "c0"},
                {
                    "source": "b0",
                    "target": "c0",
                    "ops": [point, {"op": "upsample@1", "factor": [2, 2]}],
                },
                {"source": "c0", "target": "output", "ops": [point | {"bias": True}]},
            ],
        },
        "evidence": {"gates": {"a0>b0": 0.9}, "choices": {"a0.normal": {"conv3": 1.0}}},
        "provenance": {"seed": 7, "data": {"cases": 12}},
    }


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(-2, 5)
    | st.floats()
    | st.sampled_from(("", "input", "output", "a0", "b0", "conv@1", "group_norm@1", "node", "\x1b"))
    | st.text(max_size=8)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@st.composite
def broken_documents(draw: st.DrawFn) -> str:
    """Draw the text of the small document after a few random edits; some stay sound."""
    data = document()
    for _ in range(draw(st.integers(1, 3))):
        spots = list(_spots(data))
        holder, key = draw(st.sampled_from(spots))
        _edit(draw, holder, key)
    return json.dumps(data)


def _spots(value: Any) -> list[tuple[Any, Any]]:
    """Return every place in plain data as the container and the key in it."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    found = []
    for key in keys:
        found.append((value, key))
        if isinstance(value[key], dict | list):
            found += _spots(value[key])
    return found


def _edit(draw: st.DrawFn, holder: Any, key: Any) -> None:
    action = draw(st.sampled_from(("replace", "remove", "repeat", "borrow", "nudge")))
    if action == "remove":
        del holder[key]
    elif action == "repeat" and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif action == "borrow":
        donors = [at[name] for at, name in _spots(document())]
        holder[key] = copy.deepcopy(draw(st.sampled_from(donors)))
    elif action == "nudge" and type(holder[key]) is int:
        holder[key] += draw(st.sampled_from((-1, 1, 2)))
    else:
        holder[key] = draw(VALUES)
