"""What `trust.json` says: how far the result of a search can be believed, in numbers and words."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Level = Literal["ok", "doubt", "bad"]
Share = Annotated[float, Field(ge=0, le=1)]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Verdict(_Document):
    """What one rule of `rules` makes of the numbers.

    Attributes:
        rule: Its name.
        level: `ok`, `doubt`, or `bad`.
        text: A sentence or two for people.
    """

    rule: str
    level: Level
    text: str


class Decision(_Document):
    """One gate or one choice of ops, as the search left it.

    Attributes:
        kind: `gate` of an edge, or `choice` among candidate ops.
        key: `source>target`, or the name of the choice.
        picked: `open` or `shut`, or the likeliest candidate.
        margin: Distance to the other decision: of a gate to tau, of a candidate to the next best.
        strength: How sure that is. What was measured: the distance of the mean over patches to
            the other decision, in standard errors. What was learned: `margin` in units of how far
            noise alone would have come. Below 2 it is weak, below 1 it is noise. None when there
            was nothing to measure it by.
        entropy: Of the candidates, divided by that of equal ones; of the gate in bits: 0 is
            decided, 1 is open.
        drift: Way from the first record: total variation of the candidates, or change of the gate.
    """

    kind: Literal["gate", "choice"]
    key: str
    picked: str
    margin: float
    strength: float | None
    entropy: Share
    drift: Share


class Band(_Document):
    """A number of all decisions of a kind over time: mean, 10th and 90th percentile."""

    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


class Course(_Document):
    """Entropy and drift at some steps; None where the search had no such decision.

    Attributes:
        steps: Steps of the search.
        choice_entropy: As in `Decision`.
        gate_entropy: As in `Decision`; gates relative to the strongest begin near 1, so that
            their entropy begins near 0.
        choice_drift: As in `Decision`.
        gate_drift: As in `Decision`.
    """

    steps: tuple[int, ...]
    choice_entropy: Band | None
    gate_entropy: Band | None
    choice_drift: Band | None
    gate_drift: Band | None


class Gap(_Document):
    """Dice on the same fixed patches, without augmentation, of networks that share weights.

    The patches are of the cases that decided the architecture; no weight of the supernet was
    trained on them. Dice is pooled over the patches, and a mean over the labels in them.

    Attributes:
        patches: How many.
        relaxed: The supernet as searched, everything mixed; None when its gates cut it off.
        one_hot: The found genotype, alone, with the supernet's weights.
        random: Random genotypes of the space that keep about as many edges, likewise.
        retrained: The found genotype trained from fresh weights; its training may have seen
            these cases.
    """

    patches: int
    relaxed: Share | None
    one_hot: Share
    random: tuple[Share, ...]
    retrained: Share | None = None


class Resources(_Document):
    """What the search took.

    Attributes:
        minutes: Time of searching, without reading the data.
        steps: Steps made.
        complete: Whether its budget was used up.
        devices: Processes that searched together.
        device_hours: `minutes` / 60 times `devices`.
        peak_bytes: Most memory the process held.
        peak_gpu_bytes: Most memory of tensors on the GPU; None without one.
        waiting: Part of the time in which the next patches were waited for; None when unknown.
    """

    minutes: float
    steps: int
    complete: bool
    devices: int
    device_hours: float
    peak_bytes: int
    peak_gpu_bytes: int | None
    waiting: Share | None


class Compared(_Document):
    """A network that was trained beside the searched one, under the same recipe and time.

    Attributes:
        name: `searched`, `unet`, or `random-<n>`.
        params: Trained numbers.
        macs: Multiply-accumulates for one image of `Comparison.image_size`.
        steps: Training steps made.
        dice: Mean over the held-out cases and labels, at the original voxels.
        labels: Mean Dice by label.
        behind: How much lower the Dice is than that of the searched one, case by case, mean.
        behind_error: Standard error of that mean over the cases.
    """

    name: str
    params: int
    macs: int
    steps: int
    dice: Share
    labels: dict[str, Share]
    behind: float
    behind_error: float


class Comparison(_Document):
    """Networks trained under one recipe, and evaluated on the same held-out cases.

    Attributes:
        minutes: Time of each training.
        cases: Held-out cases.
        seen_by_search: Whether the search had these cases, because it held none out.
        image_size: Voxels per axis (D, H, W) that multiply-accumulates are for.
        networks: The searched one first.
    """

    minutes: float
    cases: int
    seen_by_search: bool
    image_size: tuple[int, ...]
    networks: tuple[Compared, ...]


class Trust(_Document):
    """The trust report of a search: aggregates only, no case and no path.

    Attributes:
        genotype: Id of the architecture.
        tau: Threshold on the gates.
        edges: Edges of the network that could have been cut, and all such of the space.
        repaired: Edges kept against the threshold, so that the output is connected.
        verdicts: What the rules say.
        decisions: Every gate and choice, the weakest evidence first.
        course: Entropy and drift over time.
        gap: From the mixture to single networks; None when it could not be measured.
        resources: What the search took.
        rise: Of the mixture's loss without all edges that went, as a part of it; None when none
            went, or edges were not measured.
        singles: Dice of the random single networks in which ops are tried; None when ops were not
            measured.
        comparison: With trained networks, when that was asked for.
    """

    genotype: str
    tau: float
    edges: tuple[int, int]
    repaired: int
    verdicts: tuple[Verdict, ...]
    decisions: tuple[Decision, ...]
    course: Course
    gap: Gap | None
    resources: Resources
    rise: float | None = None
    singles: Share | None = None
    comparison: Comparison | None = None
