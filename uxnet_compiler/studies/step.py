"""What a study is made of: named steps, each with a folder, in the order of the work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from uxnet_compiler.schema import Genotype
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.training.config import TrainConfig

GIVEN = "given"

Name = Annotated[str, StringConstraints(max_length=200, pattern=r"^\w[\w.+-]*(/\w[\w.+-]*)*$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Step(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    data: Name


class SearchStep(_Step):
    """Search a genotype."""

    kind: Literal["search"] = "search"
    config: SearchConfig

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the steps that come before."""
        return ()

    @property
    def device(self) -> str:
        """The device that it asks for."""
        return self.config.device


class PlainStep(_Step):
    """Write the U-Net of the frame that a search would have; nothing is searched."""

    kind: Literal["plain"] = "plain"
    config: SearchConfig

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the steps that come before."""
        return ()

    @property
    def device(self) -> str:
        """No other one is of use to it."""
        return "cpu"


class DeriveStep(_Step):
    """Read the evidence of a search again, at another threshold, within its limits."""

    kind: Literal["derive"] = "derive"
    search: Name
    tau: Annotated[float, Field(ge=0, le=1)]
    device: str = "auto"

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the steps that come before."""
        return (self.search,)


class TrainStep(_Step):
    """Train a genotype: that of another step, or `given/NAME`."""

    kind: Literal["train"] = "train"
    genotype: Name
    config: TrainConfig

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the steps that come before."""
        return () if self.genotype.startswith(f"{GIVEN}/") else (self.genotype,)

    @property
    def device(self) -> str:
        """The device that it asks for."""
        return self.config.device


class EvaluateStep(_Step):
    """Measure a training on the cases that it held out, with its own flips."""

    kind: Literal["evaluate"] = "evaluate"
    training: Name
    tta: bool = False
    device: str = "auto"

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the steps that come before."""
        return (self.training,)


Step = Annotated[
    SearchStep | PlainStep | DeriveStep | TrainStep | EvaluateStep, Field(discriminator="kind")
]


class Steps(BaseModel):
    """The steps of a study as its folder keeps them: no path, no case.

    Attributes:
        steps: All that were ever asked for.
        genotypes: Ids of the documents that steps call `given/NAME`.
        data: Digests of the data sets that steps have begun to work on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: tuple[Step, ...]
    genotypes: dict[Name, str] = {}
    data: dict[Name, Digest] = {}


@dataclass(frozen=True)
class Study:
    """Steps, and what they work on.

    Attributes:
        steps: Each after those that it needs.
        data: Folder of each data set, by the name that steps call it by.
        genotypes: Documents that steps call `given/NAME`.
    """

    steps: tuple[Step, ...]
    data: Mapping[str, Path]
    genotypes: Mapping[str, Genotype] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for step in self.steps:
            assert step.name not in seen, f"two steps {step.name}"
            assert set(step.needs) <= seen, f"{step.name} comes before what it needs"
            assert step.data in self.data, f"{step.name}: no data set {step.data}"
            seen.add(step.name)

    def document(self) -> Steps:
        """Return what the study's folder keeps."""
        ids = {name: genotype.id for name, genotype in sorted(self.genotypes.items())}
        return Steps(steps=self.steps, genotypes=ids)
