"""The slot of a node or an edge with all its candidates, mixed by weights."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name everybody knows)

from uxnet_compiler.machine.layout import CHANNELS_LAST
from uxnet_compiler.ops import AvgPool, LayerOp, MaxPool, Resized, TensorType
from uxnet_compiler.search.chain import Chain, Factor, is_number, product
from uxnet_compiler.search.merged import common_dilation, mergeable, merged_conv
from uxnet_compiler.spaces import Slot

Pool = MaxPool | AvgPool


class Memo:
    """What several edges that leave a node need alike, computed once."""

    def __init__(self) -> None:
        self._found: dict[str, dict[LayerOp, Tensor]] = defaultdict(dict)

    def get(self, source: str, op: LayerOp, x: Tensor, module: nn.Module) -> Tensor:
        """Return the op of the value `x` of a node; a pool starts from the next finer one."""
        found = self._found[source]
        if op not in found:
            found[op] = _pool(op, x, found) if isinstance(op, Pool) else module(x)
        return found[op]

    def forget(self, source: str) -> None:
        """Let go of what nobody needs any more."""
        self._found.pop(source, None)


def _pool(op: Pool, x: Tensor, found: Mapping[LayerOp, Tensor]) -> Tensor:
    """Pool; over 4 voxels as over 2 and again over 2, when the first is there: it is the same."""
    factor = op.factor
    finer = [
        other
        for other in found
        if type(other) is type(op)
        and all(a % b == 0 for a, b in zip(factor, other.factor, strict=True))
    ]
    if finer:
        nearest = max(finer, key=lambda other: math.prod(other.factor))
        x = found[nearest]
        factor = tuple(a // b for a, b in zip(factor, nearest.factor, strict=True))
    # Autocast would compute it in float32, and keep that copy of a large map.
    with torch.autocast(x.device.type, enabled=False):
        if isinstance(op, MaxPool):
            return {2: F.max_pool2d, 3: F.max_pool3d}[op.axes](x, factor)
        if x.dtype == torch.bfloat16:
            return _mean(x, factor)
        return {2: F.avg_pool2d, 3: F.avg_pool3d}[op.axes](x, factor)


def _mean(x: Tensor, factor: tuple[int, ...]) -> Tensor:
    """Average as pooling does, for number formats in which torch cannot pool on a CPU."""
    parts = [n for size, f in zip(x.shape[2:], factor, strict=True) for n in (size // f, f)]
    made = x.reshape(*x.shape[:2], *parts).mean([3 + 2 * axis for axis in range(len(factor))])
    form = CHANNELS_LAST[len(factor)]
    last = x.is_contiguous(memory_format=form)
    return made.contiguous(memory_format=form) if last else made


class Total:
    """Add tensors up; in place from the second addition on, in memory that is its own."""

    def __init__(self) -> None:
        self.value: Tensor | None = None
        self._own = False

    def add(self, part: Tensor) -> None:
        """Add a tensor, and leave it as it is."""
        if self.value is None:
            self.value = part
        elif self._own:
            self.value += part
        else:
            self.value = self.value + part
            self._own = True


class Mixture(nn.Module):
    """The slot of a node or an edge with all its candidates.

    Maths:
        y = (1 - w_bare) after(sum_k w_k O_k(before(x)) / (1 - w_bare)) + sum_bare w_k O_k(...)

        where the first sum runs over the candidates that `after` applies to. With one norm
        behind the sum, a weighted sum of convolutions is itself one convolution. Behind a norm
        the scale of a candidate that is alone has no effect: its weight, 1 by value, multiplies
        what `after` makes of it instead, and so still learns.

    With `share` = K > 1 (Xu et al., "PC-DARTS", ICLR 2020) a node's candidates see 1/K of the
    channels; the others go by, and a shuffle mixes them in for the next slot.

    Attributes:
        merged: Whether candidates share kernels, and factors go where they cost least; without,
            each is computed and multiplied on its own, as the formula reads.
    """

    def __init__(
        self, slot: Slot, source: str, given: TensorType, width: int, *, share: int = 1
    ) -> None:
        super().__init__()
        self.merged = True
        self.choice = slot.choice
        self.bare = slot.bare
        self.source = source
        self.before = Chain(slot.before, given, width)
        inner = self.before.made
        parts = slot.choice is not None and inner.channels == width
        self.part = max(1, width // share) if parts and share > 1 else None
        if self.part is not None:
            inner = TensorType(self.part, inner.scale)
        self.candidates = nn.ModuleDict(
            {name: Chain(ops, inner, self.part or width) for name, ops in slot.candidates.items()}
        )
        self.groups: dict[int, tuple[str, ...]] = _groups(slot)
        # A candidate of one op without weights, on the bare input, is the same for every edge
        # that leaves a node with the same factor: it is computed once.
        self.shared: dict[str, LayerOp] = {
            name: ops[0]
            for name, ops in slot.candidates.items()
            if len(ops) == 1
            and not slot.before
            and self.part is None
            and not isinstance(ops[0], Resized)
        }
        for name, chain in self.candidates.items():
            assert isinstance(chain, Chain)
            if name not in slot.bare:
                inner = chain.made
        if self.part is not None:
            inner = TensorType(width, inner.scale)
        self.after = Chain(slot.after, inner, width)
        self.made = self.after.made

    def forward(
        self, x: Tensor, weights: Mapping[str, Factor] | None, factor: Factor, memo: Memo
    ) -> Tensor:
        """Return `factor` times the weighted sum; `weights` is None when nothing is to choose."""
        if not self.merged:
            return product(factor, self._plain(x, weights))  # type: ignore[return-value]  # a map
        if weights is None:
            if not len(self.after):
                return self.before.scaled(x, factor)
            return self.after.scaled(self.before.scaled(x, 1.0), factor)
        active = {name: weight for name, weight in weights.items() if not is_number(weight, 0.0)}
        if not len(self.after):
            active = {name: product(weight, factor) for name, weight in active.items()}
            factor = 1.0
        elif len(active) == 1:
            factor = product(next(iter(active.values())), factor)
            active = dict.fromkeys(active, 1.0)
        return self._mixed(self.before.scaled(x, 1.0), active, factor, memo)

    def _mixed(self, x: Tensor, active: dict[str, Factor], factor: Factor, memo: Memo) -> Tensor:
        """Sum up the candidates, those that `after` does not apply to apart."""
        if self.part is not None:
            total = self._sum(x[:, : self.part], active, memo)
            assert total is not None, "a choice without a candidate"
            whole = torch.cat([total, x[:, self.part :].to(total.dtype)], 1)
            return self.after.scaled(_shuffled(whole, self.part), factor)
        bare = {name: active.pop(name) for name in list(active) if name in self.bare}
        aside = self._sum(x, bare, memo)
        total = self._sum(x, active, memo)
        if total is None:
            assert aside is not None, "a choice without a candidate"
            return product(factor, aside)  # type: ignore[return-value]  # a map
        if aside is None:
            return self.after.scaled(total, factor)
        rest = 1.0 - sum(bare.values())
        made = aside + self.after.scaled(total / rest, rest)
        return product(factor, made)  # type: ignore[return-value]  # a map

    def _plain(self, x: Tensor, weights: Mapping[str, Factor] | None) -> Tensor:
        x = self.before(x)
        if weights is None:
            return self.after(x)  # type: ignore[no-any-return]  # nn.Module calls are untyped
        assert self.part is None, "partial channels have no plain form"
        active = {name: weight for name, weight in weights.items() if not is_number(weight, 0.0)}
        lone: Factor = 1.0
        if len(active) == 1:
            lone = next(iter(active.values()))
            active = dict.fromkeys(active, 1.0)
        made = {name: product(active[name], self.candidates[name](x)) for name in active}
        inside = [part for name, part in made.items() if name not in self.bare]
        aside = sum(part for name, part in made.items() if name in self.bare)
        if inside:
            rest = 1.0 - sum(active[name] for name in active if name in self.bare)
            total = sum(inside[1:], inside[0])
            aside = aside + rest * self.after(total / rest)
        return product(lone, aside)  # type: ignore[return-value]  # a map

    def _sum(self, x: Tensor, active: Mapping[str, Factor], memo: Memo) -> Tensor | None:
        """Compute what one kernel can do for several, then the others, and add up."""
        total, left = Total(), dict(active)
        for dilation, names in self.groups.items():
            chains = {name: self.candidates[name] for name in names if name in left}
            if len(chains) > 1 or (chains and dilation > 1):
                weights = {name: left.pop(name) for name in chains}
                total.add(merged_conv(x, chains, weights, dilation))
        for name, weight in left.items():
            total.add(self._candidate(name, x, weight, memo))
        return total.value

    def _candidate(self, name: str, x: Tensor, weight: Factor, memo: Memo) -> Tensor:
        chain = self.candidates[name]
        assert isinstance(chain, Chain)
        op = self.shared.get(name)
        if op is None:
            return chain.scaled(x, weight)
        return product(weight, memo.get(self.source, op, x, chain))  # type: ignore[return-value]


def _groups(slot: Slot) -> dict[int, tuple[str, ...]]:
    """Group the candidates that one kernel can compute, by dilation."""
    groups: dict[int, list[str]] = defaultdict(list)
    for name, ops in slot.candidates.items():
        if name not in slot.bare and mergeable(ops):
            groups[common_dilation(ops)].append(name)
    return {dilation: tuple(names) for dilation, names in sorted(groups.items())}


def _shuffled(x: Tensor, part: int) -> Tensor:
    """Deal the channels out, so that the next slot sees others in front."""
    channels = x.shape[1]
    groups = channels // part
    order = [c for start in range(groups) for c in range(start, channels, groups)]
    return x[:, order]
