"""What an export says of itself: numbers alone, no dates and no paths."""

from __future__ import annotations

import math
from collections.abc import Iterable
from importlib.metadata import version

from pydantic import BaseModel, ConfigDict

from uxnet_compiler.analysis import Cost
from uxnet_compiler.backends.target import Target
from uxnet_compiler.validation import PassRecord


class Costs(BaseModel):
    """What a network takes for one image.

    Attributes:
        params: Trained numbers.
        macs: Multiply-accumulates of the convolutions.
        peak_bytes: Most bytes of float32 feature maps alive at once in inference.
    """

    model_config = ConfigDict(frozen=True)

    params: int
    macs: int
    peak_bytes: int

    @classmethod
    def of(cls, cost: Cost) -> Costs:
        """Take the totals."""
        return cls(params=cost.params, macs=cost.macs, peak_bytes=cost.peak_bytes)


class PassReport(BaseModel):
    """What a pass did.

    Attributes:
        name: The pass, spelled with its options.
        rewrites: Rewrites made.
        largest_difference: Between outputs before and after in float64, relative to the larger
            of 1 and the largest output; `None` when nothing was rewritten.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    rewrites: int
    largest_difference: float | None

    @classmethod
    def of(cls, record: PassRecord) -> PassReport:
        """Leave out what differs from run to run."""
        return cls(
            name=record.name,
            rewrites=record.rewrites,
            largest_difference=two_digits(record.largest_difference),
        )


class TargetReport(BaseModel):
    """What was written of one target.

    Attributes:
        files: Names in the folder.
        largest_difference: Between its logits and those of the document's network in float64,
            relative to the larger of 1 and the largest logit; `None` when it was not run.
    """

    model_config = ConfigDict(frozen=True)

    files: tuple[str, ...]
    largest_difference: float | None


class Report(BaseModel):
    """What was written, in numbers.

    Attributes:
        name: Name of the genotype.
        id: Identity of the architecture.
        structure_id: The same up to the names of nodes.
        in_channels: Channels of the image.
        out_channels: Classes, background included.
        divisor: Image sizes are multiples of it, per axis (D, H, W).
        image_size: What the costs are for, per axis.
        lowered: Costs of the document's network before any pass.
        optimised: Costs after the passes.
        pipeline: The passes, spelled as `--passes` reads them.
        passes: What each of them did, in their order.
        targets: What was written, by target.
        software: Versions of what wrote the files.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    id: str
    structure_id: str
    in_channels: int
    out_channels: int
    divisor: tuple[int, ...]
    image_size: tuple[int, ...]
    lowered: Costs
    optimised: Costs
    pipeline: str
    passes: tuple[PassReport, ...]
    targets: dict[str, TargetReport]
    software: dict[str, str]


def two_digits(number: float | None) -> float | None:
    """Round up: what follows the second digit says nothing."""
    if not number:
        return number
    unit = 10.0 ** (math.floor(math.log10(number)) - 1)
    return float(f"{math.ceil(number / unit) * unit:.1e}")


def software(targets: Iterable[Target]) -> dict[str, str]:
    """Return the versions of the packages that have a part in the files."""
    names = {"uxnet-compiler", "torch", "safetensors"}
    for target in targets:
        names |= set(target.packages)
    return {name: version(name) for name in sorted(names)}
