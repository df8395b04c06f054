"""Made-up patients in which one thing is asked for: the organ, its vessels or its lesions.

Size and surroundings decide, not brightness. In `lesions`, bodies of 2 to 5 voxels in the organ
are asked for; the same outside it, and smaller and larger ones in it, look alike and are
background. In `vessels`, a tree of 1 to 2 voxels in the organ is asked for, and tubes outside are
not. A network that sees fine detail and wide surroundings together is needed for both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from uxnet_compiler.data.anatomy import (
    LABELS,
    LESION,
    ORGAN,
    VESSEL,
    Blob,
    Labels,
    Patient,
    Points,
    draw_blob,
    draw_body,
    draw_organ,
    draw_patient,
    grow_vessel,
    near,
    voxel_centres,
)

_ASKED_VOXELS = (2.0, 5.0)  # diameters
_OTHER_VOXELS = ((0.9, 1.3), (8.0, 11.0))
_MOST_LESIONS, _OUTSIDE, _OTHERS = 8, 6, 2
_TUBES = 4
_TRIALS = 100  # to find room for the lesions

Draw = Callable[[np.random.Generator, Sequence[int], Sequence[float]], Patient]


@dataclass(frozen=True)
class Scene:
    """What is drawn and what is asked for.

    Attributes:
        draw: Draws a patient on a grid.
        labels: Names of the classes.
        classes: The class of each tissue, in the order of `LABELS`.
        brightness: Of tissues whose contrast is lower than usual, per channel.
    """

    draw: Draw
    labels: tuple[str, ...]
    classes: tuple[int, ...]
    brightness: dict[int, tuple[float, float]]


def _lesions(random: np.random.Generator, size: Sequence[int], spacing: Sequence[float]) -> Patient:
    patient, organ, voxel, reach = _plain(random, size, spacing)
    inside = organ.depth(patient.points) < 0.9
    label, seen = patient.label, patient.look_alikes
    for _ in range(_OTHERS):
        for widths in _OTHER_VOXELS:
            other = _body_of(random, _within(random, organ, 0.75), voxel, widths)
            seen[other.inside(patient.points) & inside] = LESION
    for _ in range(_OUTSIDE):
        blob = _body_of(random, random.uniform(-0.8, 0.8, len(reach)) * reach, voxel, _ASKED_VOXELS)
        seen[blob.inside(patient.points) & (organ.depth(patient.points) > 1.1)] = LESION
    wanted = int(random.integers(2, _MOST_LESIONS + 1))
    for _ in range(_TRIALS):
        asked = _body_of(random, _within(random, organ, 0.8), voxel, _ASKED_VOXELS)
        where = asked.inside(patient.points) & inside
        # One that touches a look-alike would be of neither size.
        if where.any() and not seen[where].any():
            label[where] = LESION
            wanted -= 1
            if not wanted:
                break
    return patient


def _vessels(random: np.random.Generator, size: Sequence[int], spacing: Sequence[float]) -> Patient:
    patient, organ, voxel, reach = _plain(random, size, spacing)
    depth = organ.depth(patient.points)
    tree = [
        (voxel * max(1.0 - 0.15 * order, 0.6), line)
        for order, (_, line) in enumerate(sorted(grow_vessel(random, organ), key=_thickest_first))
    ]
    patient.label[near(tree, patient.points, voxel) & (depth < 1)] = VESSEL
    tubes = []
    for _ in range(_TUBES):
        ends = random.uniform(-0.85, 0.85, (2, len(reach))) * reach
        tubes.append((0.8 * voxel, ends[0] + np.linspace(0, 1, 200)[:, None] * (ends[1] - ends[0])))
    patient.look_alikes[near(tubes, patient.points, voxel) & (depth > 1.1)] = VESSEL
    return patient


def _thickest_first(branch: tuple[float, Points]) -> float:
    return -branch[0]


def _plain(
    random: np.random.Generator, size: Sequence[int], spacing: Sequence[float]
) -> tuple[Patient, Blob, float, Points]:
    """Draw a body with an organ and nothing else; return the organ, a voxel and the reach, too."""
    extent = np.multiply(size, spacing)
    reach = extent / extent.min()
    points = voxel_centres(size, reach)
    body, bones = draw_body(random, points, reach)
    organ = draw_organ(random, reach)
    label: Labels = np.where(organ.inside(points), ORGAN, 0).astype(np.uint8)
    patient = Patient(points, label, body, bones, np.zeros_like(label))
    return patient, organ, float((2 * reach / size).min()), reach


def _body_of(
    random: np.random.Generator, centre: Points, voxel: float, widths: tuple[float, float]
) -> Blob:
    """Draw a body that is so many voxels wide."""
    radii = np.full(len(centre), random.uniform(*widths) * voxel / 2)
    return replace(draw_blob(random, centre, radii, wobble=0.0), radii=radii)


def _within(random: np.random.Generator, organ: Blob, deepest: float) -> Points:
    while True:
        point = organ.centre + random.uniform(-1, 1, len(organ.centre)) * organ.radii
        if organ.depth(point) < deepest:
            return np.asarray(point)


SCENES = {
    "mixed": Scene(draw_patient, LABELS, (0, 1, 2, 3, 4), {}),
    "organ": Scene(draw_patient, ("background", "organ"), (0, 1, 1, 1, 1), {}),
    "lesions": Scene(_lesions, ("background", "lesion"), (0, 0, 0, 0, 1), {LESION: (0.68, 0.62)}),
    "vessels": Scene(_vessels, ("background", "vessel"), (0, 0, 0, 1, 0), {VESSEL: (0.72, 0.34)}),
}
