"""Everything that decides how a network is trained, with its limits."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

DEFAULT_STEPS = 4000

Finite = Annotated[float, Field(allow_inf_nan=False)]


class TrainConfig(BaseModel):
    """Options of `uxnet train`; the defaults suit a short budget on a CPU.

    Attributes:
        steps: Optimiser steps at most.
        minutes: Minutes of training, reading the data not counted. The first steps are timed on
            trial, and as many are planned as fit; all of these are made, so that the result does
            not depend on the clock: it takes longer on a machine that turns slower, and says so.
            With both, the fewer steps count; with neither, it is 4000.
        folds: Split the cases in so many folds and hold one out; none: train on all cases.
        fold: The fold that is held out.
        seed: For the fresh weights, the patches and the augmentation.
        device: `auto`, `cpu`, `cuda` or `cuda:1`.
        precision: `auto` tries what is right and fast on the device.
        batch_size: Patches a step.
        memory: GiB that a step may take; the patch is shrunk to fit.
        optimiser: `adamw`, or `sgd` with Nesterov momentum 0.99.
        lr: Highest learning rate; 0.002 (adamw) or 0.01 (sgd) when not given.
        weight_decay: Decay of the weights.
        warmup: Part of the budget in which the learning rate rises; then it falls as a cosine.
        average: Decay of the running average of the weights that is kept as the result.
        clip: Largest norm of the gradient.
        deep_supervision: Also train predictions of the coarser levels.
        augment: Vary patches at random.
        mirror: Flip them, too. Helps where mirrored anatomy has the same labels, harms where a
            label depends on the side: left, right, anterior, posterior.
        validations: How often the held-out fold is looked at.
        validation_cases: Held-out cases that are looked at then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int | None = Field(default=None, ge=1, le=10_000_000)
    minutes: Finite | None = Field(default=None, gt=0, le=1_000_000)
    folds: int | None = Field(default=None, ge=2, le=1000)
    fold: int = Field(default=0, ge=0, le=999)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    device: str = Field(default="auto", max_length=20)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    batch_size: int = Field(default=2, ge=1, le=512)
    memory: Finite = Field(default=8.0, gt=0, le=10_000)
    optimiser: Literal["adamw", "sgd"] = "adamw"
    lr: Finite | None = Field(default=None, gt=0, le=10)
    weight_decay: Finite = Field(default=3e-5, ge=0, le=1)
    warmup: Finite = Field(default=0.05, ge=0, le=0.9)
    average: Finite = Field(default=0.995, ge=0, lt=1)
    clip: Finite = Field(default=12.0, gt=0, le=1e6)
    deep_supervision: bool = False
    augment: bool = True
    mirror: bool = False
    validations: int = Field(default=10, ge=1, le=1000)
    validation_cases: int = Field(default=4, ge=0, le=10_000)

    @model_validator(mode="before")
    @classmethod
    def _fill_budget(cls, values: Any) -> Any:
        """Give a configuration without a budget the default one, and keep it with the run."""
        if isinstance(values, dict) and all(
            values.get(name) is None for name in ("steps", "minutes")
        ):
            return values | {"steps": DEFAULT_STEPS}
        return values

    @model_validator(mode="after")
    def _check_fold(self) -> Self:
        if self.folds is None and self.fold:
            raise ValueError("fold: needs folds, the number of folds to split into")
        if self.folds is not None and self.fold >= self.folds:
            raise ValueError(
                f"fold: {self.fold} of {self.folds} folds; they are counted from 0 to "
                f"{self.folds - 1}"
            )
        return self

    @property
    def highest_lr(self) -> float:
        """The highest learning rate."""
        return self.lr or {"adamw": 2e-3, "sgd": 1e-2}[self.optimiser]
