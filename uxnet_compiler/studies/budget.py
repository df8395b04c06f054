"""What a study changes in the configurations that it is given: budgets, folds, seeds, devices."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.config import first_defect
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.training.config import TrainConfig

Config = TypeVar("Config", SearchConfig, TrainConfig)


class Overrides(BaseModel):
    """Options that win over the configurations; None leaves them as they are.

    Attributes:
        search_steps: Steps of each search.
        search_minutes: Minutes of each search.
        train_steps: Steps of each training.
        train_minutes: Minutes of each training.
        seed: Of everything random.
        device: `auto`, `cpu`, `cuda` ...
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    search_steps: int | None = Field(default=None, ge=1)
    search_minutes: float | None = Field(default=None, gt=0)
    train_steps: int | None = Field(default=None, ge=1)
    train_minutes: float | None = Field(default=None, gt=0)
    seed: int | None = Field(default=None, ge=0, lt=2**31)
    device: str | None = Field(default=None, max_length=20)

    def search(self, config: SearchConfig) -> SearchConfig:
        """Return the configuration of a search with these options."""
        return self._apply(config, self.search_steps, self.search_minutes)

    def train(self, config: TrainConfig) -> TrainConfig:
        """Return the configuration of a training with these options."""
        return self._apply(config, self.train_steps, self.train_minutes)

    def _apply(self, config: Config, steps: int | None, minutes: float | None) -> Config:
        changes: dict[str, Any] = {"seed": self.seed, "device": self.device}
        given = {name: value for name, value in changes.items() if value is not None}
        if steps is not None or minutes is not None:
            given |= {"steps": steps, "minutes": minutes}
        return changed(config, **given)


def changed(config: Config, **values: Any) -> Config:
    """Return a configuration with other values, checked again.

    Raises:
        RunError: A value is out of its limits.
    """
    try:
        return type(config).model_validate(config.model_dump() | values)
    except ValidationError as error:
        raise RunError(f"configuration: {first_defect(error)}") from None


def chosen_folds(folds: int, wanted: tuple[int, ...] | None) -> tuple[int, ...]:
    """Return which folds to hold out in turn: all of them, or those that are wanted.

    Raises:
        RunError: There is no such fold.
    """
    if wanted is None:
        return tuple(range(folds))
    for fold in wanted:
        if not 0 <= fold < folds:
            raise RunError(f"fold {fold}: there are {folds} folds, 0 to {folds - 1}")
    return tuple(dict.fromkeys(wanted))
