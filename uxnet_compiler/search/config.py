"""Everything that a search can be told, with limits; the command line has an option for each."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

DEFAULT_MINUTES = 10.0

Rate = Annotated[float, Field(gt=0, le=10)]
Share = Annotated[float, Field(ge=0, le=1)]


class SearchConfig(BaseModel):
    """Configure a search. Those marked paper are from UXNet, all others are ours.

    Attributes:
        steps: Steps of the bi-level loop; with minutes too, whichever are fewer.
        minutes: Wall time of the search; 10 when neither is given. Steps and measuring are timed
            on trial, and as many are planned as fit; all of these are made, so that the result
            does not depend on the clock: it takes longer on a machine that turns slower, and
            says so.
        seed: Of everything random.
        device: `auto`, `cpu`, `cuda`, `cuda:1`.
        precision: `auto` asks the machine's self-test.
        folds: Search only on the training cases of a fold, so that its others stay unseen.
        fold: Which one, from 0 on.
        family: Search space family.
        levels: Most resolutions; fewer when the images are small.
        width: Channels at level 0; they double with each level, up to 320.
        batch_size: Patches per half-step.
        mirror: Flip patches at random; not where a label depends on the side.
        memory: GiB that a step may take; the patch shrinks to fit.
        tau: Threshold on gates when the genotype is read (paper: 0.75).
        search_ops: Search the ops of the blocks (SBB, paper); otherwise those of U-Net.
        search_edges: Search the aggregation (MSSA, paper); otherwise the edges of U-Net.
        gates: `relative`: a gate is divided by the strongest into the same node (ours);
            `plain`: as in the paper.
        evidence: What decides in the end. `measured`: edges that the trained supernet misses when
            they are taken out, ops that do better than U-Net's in single networks (ours, for
            `bilevel`); `learned`: gates and preferences as they are after the last step (paper).
        price: Of the work of the whole space (half MACs, half feature maps), as a part of the loss,
            where parts are measured: an edge, or an op that takes more than U-Net's, has to be
            worth it (ours).
        warmup: Part of the search in which only weights are trained.
        weight_lr: AdamW, cosine down to zero.
        alpha_lr: Adam on the ops' preferences.
        beta_lr: Length of a step on all gates together.
        strategy: `bilevel` (paper): gradients on gates and preferences; `random` and `evolution`:
            the warm-up trains the supernet on networks drawn uniformly, what follows scores
            random or evolved ones with its weights; a warm-up of 0.7 suits these (ours).
        order: Of the architecture's gradient: `first`, or `second` as in DARTS, through a step
            of the weights, which takes three times as long (ours).
        relaxation: What flows: `softmax`, every candidate; `sampled`, one a choice and some
            edges; `two-path`, two a choice; `partial`, every candidate on some channels (ours).
        partial_channels: K: `partial` sends 1/K of the channels through candidates.
        auxiliary_skip: Add each block's input to its result, less and less (ours, DARTS-).
        score_batches: Held-out batches that score a network, the same for all.
        population: Networks among which `evolution` picks parents; the oldest goes.
        tournament: How many of them compete to be the next parent.
        pressure: Weight of the mean gate: what an edge has to earn to stay open. Gates that the
            data do not decide drift shut under it.
        polarise: Final weight of the family's regulariser, ramped up after the warm-up; UXNet's
            is J = -(gate - 0.5)^2 (paper).
        max_params: Most trained numbers of the network that is found, such as 1.5M.
        max_macs: Most multiply-accumulates for one patch, such as 20G.
        max_memory: Most memory in inference: weights, and the feature maps of one patch.
        max_training_memory: Most memory of a training step with --batch-size patches.
        max_latency: Most milliseconds for one patch on this machine, as the sum of its ops.
        cost_pressure: Weight of the expected MACs, as a part of those of the whole space: each
            edge has to earn its own price.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    minutes: Annotated[float, Field(gt=0, le=100_000)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    device: Annotated[str, Field(max_length=32)] = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    folds: Annotated[int, Field(ge=2, le=100)] | None = None
    fold: Annotated[int, Field(ge=0, le=99)] = 0
    family: Annotated[str, Field(max_length=64)] = "uxnet"
    levels: Annotated[int, Field(ge=2, le=6)] = 4
    width: Annotated[int, Field(ge=1, le=512)] = 16
    batch_size: Annotated[int, Field(ge=1, le=512)] = 2
    mirror: bool = False
    memory: Annotated[float, Field(gt=0, le=10_000)] = 8.0
    tau: Share = 0.75
    search_ops: bool = True
    search_edges: bool = True
    gates: Literal["relative", "plain"] = "relative"
    evidence: Literal["measured", "learned"] = "measured"
    price: Annotated[float, Field(ge=0, le=1000)] = 0.5
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.3
    weight_lr: Rate = 2e-3
    alpha_lr: Rate = 2e-2
    beta_lr: Rate = 0.05
    strategy: Literal["bilevel", "random", "evolution"] = "bilevel"
    order: Literal["first", "second"] = "first"
    relaxation: Literal["softmax", "sampled", "two-path", "partial"] = "softmax"
    partial_channels: Annotated[int, Field(ge=2, le=64)] = 4
    auxiliary_skip: bool = False
    score_batches: Annotated[int, Field(ge=1, le=1000)] = 4
    population: Annotated[int, Field(ge=1, le=10_000)] = 16
    tournament: Annotated[int, Field(ge=1, le=10_000)] = 4
    pressure: Annotated[float, Field(ge=0, le=1000)] = 0.0
    polarise: Annotated[float, Field(ge=0, le=1000)] = 0.05
    max_params: Annotated[int, Field(ge=1, le=10**15)] | None = None
    max_macs: Annotated[int, Field(ge=1, le=10**18)] | None = None
    max_memory: Annotated[float, Field(gt=0, le=10_000)] | None = None
    max_training_memory: Annotated[float, Field(gt=0, le=10_000)] | None = None
    max_latency: Annotated[float, Field(gt=0, le=1e9)] | None = None
    cost_pressure: Annotated[float, Field(ge=0, le=1000)] = 0.0

    @model_validator(mode="before")
    @classmethod
    def _end(cls, values: Any) -> Any:
        if isinstance(values, dict) and all(
            values.get(name) is None for name in ("steps", "minutes")
        ):
            return {**values, "minutes": DEFAULT_MINUTES}
        return values

    @model_validator(mode="after")
    def _scores_mean_something(self) -> Self:
        if self.strategy != "bilevel" and self.warmup == 0:
            raise ValueError(f"{self.strategy} scores what the warm-up trained; it cannot be 0")
        return self

    @model_validator(mode="after")
    def _fold_exists(self) -> Self:
        if self.fold >= (self.folds or 1):
            raise ValueError(f"fold {self.fold}: there are {self.folds or 'no'} folds")
        return self
