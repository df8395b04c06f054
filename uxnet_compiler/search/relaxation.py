"""The continuous form of the choices: softmax over candidates, one gate an edge."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Literal

import torch
from torch import Tensor, nn

from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.supernet import Weights, all_open
from uxnet_compiler.spaces import Space


class Relaxation(nn.Module):
    """Hold the architecture parameters of a space, and say what flows in a forward pass.

    This one is exact: every candidate of every choice flows. Others draw some of them.

    Maths:
        candidates  w = softmax(alpha), per choice (ours; the paper writes alpha alone)
        plain       g_e = sigmoid(beta_e) (paper, Eq. 1)
        relative    g_e = sigmoid(beta_e) / max over the edges into the same node (ours)

        With one norm behind a node's sum, the common scale of its gates has no effect, so
        nothing but noise and the regulariser would decide it. Relative gates take that freedom
        away, and the strongest edge of every node stays open: the output cannot be cut off.

    `beta` starts small and random, since J has no gradient at 0.
    """

    def __init__(self, space: Space, gates: Literal["relative", "plain"], seed: int) -> None:
        super().__init__()
        self.space = space
        self.relative = gates == "relative"
        generator = torch.Generator().manual_seed(seed)
        self.alphas = nn.ParameterList(
            1e-3 * torch.randn(len(candidates), generator=generator)
            for candidates in space.choices.values()
        )
        self.beta = nn.Parameter(1e-2 * torch.randn(len(space.gates), generator=generator))
        groups: dict[str, list[int]] = defaultdict(list)
        for index, key in enumerate(space.gates):
            groups[key.partition(">")[2]].append(index)
        self.groups = list(groups.values())

    def gates(self) -> Tensor:
        """Return the strength of every gate, in the order of the space."""
        strength = torch.sigmoid(self.beta)
        if not self.relative:
            return strength
        strongest = torch.ones_like(strength)
        for group in self.groups:
            strongest = strongest.index_fill(
                0, torch.tensor(group, device=strength.device), 0.0
            ).index_add(
                0,
                torch.tensor(group, device=strength.device),
                strength[group].amax().expand(len(group)),
            )
        return strength / strongest

    def weights(self) -> Weights:
        """Return all weights as they stand, with gradients to the parameters."""
        choices = {
            name: dict(zip(candidates, torch.softmax(alpha, 0).unbind(), strict=True))
            for (name, candidates), alpha in zip(
                self.space.choices.items(), self.alphas, strict=True
            )
        }
        return Weights(choices, dict(zip(self.space.gates, self.gates().unbind(), strict=True)))

    def draw(self, progress: float, *, searching: bool) -> Weights:
        """Return the weights of a forward pass, with gradients to the parameters.

        Args:
            progress: Of the search, 0 to 1.
            searching: Whether the parameters count; without, in the warm-up, all are alike.
        """
        del progress
        return self.weights() if searching else all_open(self.space)

    def state(self) -> dict[str, Any]:
        """Return all that the next draw depends on, as plain data."""
        return {"parameters": self.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.load_state_dict(state["parameters"])

    @torch.no_grad()
    def evidence(self) -> Evidence:
        """Return all gates and preferences as they stand, rounded to six digits."""
        weights = self.weights()
        return Evidence(
            gates={key: round(float(gate), 6) for key, gate in weights.gates.items()},
            choices={
                name: {candidate: round(float(w), 6) for candidate, w in candidates.items()}
                for name, candidates in weights.choices.items()
            },
        )
