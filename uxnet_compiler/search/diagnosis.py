"""Find out where a pass of a supernet stops being made of finite numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from uxnet_compiler.search.supernet import Supernet


def first_bad_layer(supernet: Supernet, image: Tensor, run: Callable[[], object]) -> str:
    """Return in words the first layer whose result is not finite when `run` is called again.

    Candidates are computed one by one for it, so that each can be told from the others.
    """
    if not bool(torch.isfinite(image).all()):
        return "the image"
    found = _watch(supernet, run) if supernet.share == 1 else None
    return found or _watch(supernet, run, merged=True) or "no layer when computed again"


@torch.no_grad()
def _watch(supernet: Supernet, run: Callable[[], object], *, merged: bool = False) -> str | None:
    found: list[str] = []

    def look(name: str, _module: nn.Module, _given: object, made: object) -> None:
        if isinstance(made, Tensor) and not found and not bool(torch.isfinite(made).all()):
            found.append(name)

    hooks = [
        module.register_forward_hook(partial(look, name))
        for name, module in supernet.slots.named_modules()
        if name
    ]
    supernet.merge(merged)
    try:
        run()
    finally:
        supernet.merge(True)
        for hook in hooks:
            hook.remove()
    return _words(found[0]) if found else None


def _words(name: str) -> str:
    """Return `n0_0, candidate conv5, conv` for `n0_0.candidates.conv5.conv`."""
    slot, *rest = name.split(".")
    if rest[:1] == ["candidates"] and len(rest) > 1:
        rest = [f"candidate {rest[1]}", *rest[2:]]
    return ", ".join([slot, *rest])
