"""Relaxations that draw a part of the space for each pass, and compute nothing else."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal

import torch
from torch import Tensor

from uxnet_compiler.search.chain import Factor
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.relaxation import Relaxation
from uxnet_compiler.search.supernet import Weights
from uxnet_compiler.spaces import Space

WARM, COLD = 5.0, 0.5
"""Temperature of draws at the start and the end of a search."""

TINY = 1e-9


class Drawing(Relaxation):
    """Draw candidates with a generator of its own, whose state is part of the search's."""

    def __init__(self, space: Space, gates: Literal["relative", "plain"], seed: int) -> None:
        super().__init__(space, gates, seed)
        self.generator = torch.Generator().manual_seed(seed)

    def draw(self, progress: float, *, searching: bool) -> Weights:
        """Draw the weights of a forward pass; uniformly where the parameters do not count."""
        temperature = WARM * (COLD / WARM) ** progress
        choices = {}
        for (name, candidates), alpha in zip(self.space.choices.items(), self.alphas, strict=True):
            logits = alpha / temperature if searching else torch.zeros(len(candidates))
            drawn = self._candidates(logits)
            choices[name] = {c: drawn.get(i, 0.0) for i, c in enumerate(candidates)}
        gates = self._gates(searching=searching)
        return Weights(choices, dict(zip(self.space.gates, gates, strict=True)))

    @abstractmethod
    def _candidates(self, logits: Tensor) -> dict[int, Factor]:
        """Draw some candidates of a choice, and their weights."""

    @abstractmethod
    def _gates(self, *, searching: bool) -> list[Factor]:
        """Draw the gates, in the order of the space."""

    def state(self) -> dict[str, Any]:
        """Return all that the next draw depends on, as plain data."""
        return super().state() | {"generator": self.generator.get_state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        super().restore(state)
        self.generator.set_state(state["generator"])


class Sampled(Drawing):
    """Draw one candidate a choice and some of the edges.

    Maths:
        candidate   i = argmax(alpha / T + Gumbel noise), so i ~ p = softmax(alpha / T)
                    w_i = p_i / stop(p_i), which is 1, with the gradient of log p_i
        edge        open with s = sigmoid(beta), w = s / stop(s); the strongest into each node
                    always, with 1, so that every draw connects the input to the output

        For a loss that is linear in the weights the expected gradient is exact, although what
        is not drawn is not computed: the division makes up for the draws that leave a part out.

    Source:
        Dong and Yang, "Searching for a Robust Neural Architecture in Four GPU Hours", CVPR 2019
        (GDAS), for the hard draw by Gumbel noise and the falling temperature. Its gradient is
        that of the noisy softmax, which is biased when the others are not computed; ours is not.
    """

    def _candidates(self, logits: Tensor) -> dict[int, Factor]:
        flat = logits.detach().cpu()
        noise = torch.empty_like(flat).exponential_(generator=self.generator).clamp_min(TINY)
        index = int((flat - noise.log()).argmax())
        if not logits.requires_grad:
            return {index: 1.0}
        p = torch.softmax(logits, 0)[index]
        return {index: p / p.detach()}

    def _gates(self, *, searching: bool) -> list[Factor]:
        noise = torch.rand(len(self.space.gates), generator=self.generator)
        chance = torch.sigmoid(self.beta) if searching else torch.full_like(noise, 0.5)
        ranks = chance if searching else torch.rand(len(noise), generator=self.generator)
        strongest = {group[int(ranks[group].argmax())] for group in self.groups}
        drawn: list[Factor] = []
        for index, opened in enumerate((noise < chance.detach().cpu()).tolist()):
            if index in strongest:
                drawn.append(1.0)
            elif not opened:
                drawn.append(0.0)
            elif chance.requires_grad:
                drawn.append(chance[index] / chance[index].detach())
            else:
                drawn.append(1.0)
        return drawn


class TwoPath(Drawing):
    """Draw two candidates a choice and weigh them against each other; all edges are open.

    Maths:
        {i, j} drawn without putting back from softmax(alpha / T); w = softmax(alpha_i, alpha_j)

    Source:
        Cai et al., "ProxylessNAS: Direct Neural Architecture Search on Target Task and
        Hardware", ICLR 2019, section 3.2.2. There one of the two flows; here both do, since a
        candidate alone in front of a norm has no scale to learn from.
    """

    def _candidates(self, logits: Tensor) -> dict[int, Factor]:
        chances = torch.softmax(logits.detach().cpu(), 0) + TINY
        count = min(2, len(chances))
        drawn = torch.multinomial(chances, count, generator=self.generator).tolist()
        if not logits.requires_grad:
            return dict.fromkeys(drawn, 1.0 / count)
        return dict(zip(drawn, torch.softmax(logits[drawn], 0).unbind(), strict=True))

    def _gates(self, *, searching: bool) -> list[Factor]:
        if not searching:
            return [1.0] * len(self.space.gates)
        return list(self.gates().unbind())


def make_relaxation(space: Space, config: SearchConfig) -> Relaxation:
    """Return the relaxation that a configuration names, at its start."""
    kinds = {"softmax": Relaxation, "partial": Relaxation, "sampled": Sampled, "two-path": TwoPath}
    return kinds[config.relaxation](space, config.gates, config.seed)
