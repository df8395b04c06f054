"""Draw one made-up patient: nested organs, a vessel tree and small lesions in a body.

Lengths are in units of half the shortest side of the image, so a patient looks the same at any
size. What makes scale matter: lesions, the core and even the organ have look-alikes outside the
organ, told apart only by what surrounds them, and the twigs of the vessel are a voxel thick.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

ORGAN, CORE, VESSEL, LESION = 1, 2, 3, 4
LABELS = ("background", "organ", "core", "vessel", "lesion")
SKIN = 0.93  # depth in the body from which on there is fat
_TRUNK_RADIUS = {2: 0.05, 3: 0.1}
_STEP = 0.02
_LARGEST_ORDER = {2: 2, 3: 4}  # how often the vessel divides; in 2-D it would fill the organ

Points = NDArray[np.float64]
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Waves:
    """A smooth random field with mean 0: a few waves with random directions and phases."""

    vectors: Points
    phases: Points
    height: float

    @classmethod
    def draw(
        cls, random: np.random.Generator, dims: int, *, height: float, pitch: float = 2.5
    ) -> Waves:
        """Draw the waves: `height` is the deviation of the field, `pitch` the typical radians."""
        return cls(random.normal(0, pitch, (6, dims)), random.uniform(0, 2 * np.pi, 6), height)

    def __call__(self, points: Points) -> Points:
        """Evaluate the field at points (..., dims)."""
        waves = np.sin(points @ self.vectors.T + self.phases).sum(axis=-1)
        return np.asarray(self.height * waves / np.sqrt(3.0))


@dataclass(frozen=True)
class Blob:
    """A deformed ellipsoid, perhaps with a notch: its inside is where `depth` is below 1."""

    centre: Points
    radii: Points
    waves: Waves
    notch: Points | None = None

    def depth(self, points: Points) -> Points:
        """Evaluate how far out points (..., dims) are, about 0 at the centre."""
        scaled = (points - self.centre) / self.radii
        depth = np.sqrt((scaled**2).sum(axis=-1)) + self.waves(points)
        if self.notch is not None:
            squared = ((points - self.notch) ** 2).sum(axis=-1)
            depth = depth + 0.9 * np.exp(-squared / (2 * 0.13**2))
        return np.asarray(depth)

    def inside(self, points: Points) -> NDArray[np.bool_]:
        """Say which points (..., dims) are inside."""
        return np.asarray(self.depth(points) < 1)


@dataclass(frozen=True)
class Patient:
    """Where everything is.

    Shape:
        points       (*spatial, dims), the voxel centres
        label        (*spatial), values of `LABELS`
        body         (*spatial), the depth: below 1 inside the body, above `SKIN` in the fat
        bones        (*spatial), whether there is bone
        look_alikes  (*spatial), the label of what a voxel outside the organ looks like, or 0
    """

    points: Points
    label: Labels
    body: Points
    bones: NDArray[np.bool_]
    look_alikes: Labels


def draw_patient(
    random: np.random.Generator, size: Sequence[int], spacing: Sequence[float]
) -> Patient:
    """Draw the anatomy of one patient on a grid of voxels."""
    extent = np.multiply(size, spacing)
    reach = extent / extent.min()
    voxel = float((2 * reach / size).min())
    points = voxel_centres(size, reach)
    body, bones = draw_body(random, points, reach)
    organ = draw_organ(random, reach)
    depth = organ.depth(points)
    label = np.zeros(tuple(size), dtype=np.uint8)
    label[depth < 1] = ORGAN
    core_at = organ.centre + random.uniform(-0.08, 0.08, len(reach))
    core = draw_blob(random, core_at, 0.5 * organ.radii, wobble=0.15, pitch=5.0)
    label[core.inside(points) & (depth < 0.85)] = CORE
    for lesion in _lesions(random, organ, voxel):
        label[lesion.inside(points) & (label > 0)] = LESION
    label[near(grow_vessel(random, organ), points, voxel)] = VESSEL
    label[body > SKIN] = 0
    return Patient(points, label, body, bones, _look_alikes(random, points, organ, reach, voxel))


def voxel_centres(size: Sequence[int], reach: Points) -> Points:
    """Return where the voxels of a grid are that reaches as far from the middle on each axis."""
    axes = [side * ((np.arange(n) + 0.5) * 2 / n - 1) for n, side in zip(size, reach, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def draw_blob(
    random: np.random.Generator,
    centre: Points,
    radii: Points,
    *,
    wobble: float,
    pitch: float = 2.5,
) -> Blob:
    """Draw a deformed ellipsoid; `wobble` says how much, `pitch` how finely."""
    dims = len(radii)
    radii = radii * random.uniform(0.88, 1.12, dims)
    return Blob(centre, radii, Waves.draw(random, dims, height=wobble, pitch=pitch))


def draw_organ(random: np.random.Generator, reach: Points) -> Blob:
    """Draw the organ left of the middle, with a notch where the vessel enters."""
    dims = len(reach)
    centre = random.uniform(-0.07, 0.07, dims) + np.array([0.0, -0.05, -0.2])[-dims:] * reach
    radii = np.array([0.62, 0.5, 0.46])[-dims:] * reach * random.uniform(0.88, 1.12, dims)
    notch = centre.copy()
    notch[-1] += radii[-1]
    return Blob(centre, radii, Waves.draw(random, dims, height=0.11, pitch=4.0), notch)


def _lesions(random: np.random.Generator, organ: Blob, voxel: float) -> list[Blob]:
    """Place up to four lesions of a few voxels in the organ; one patient in five has none."""
    if random.random() < 0.2:
        return []
    return [
        draw_blob(random, _somewhere(random, organ), _small(random, organ, voxel), wobble=0.15)
        for _ in range(int(random.integers(1, 5)))
    ]


def _somewhere(random: np.random.Generator, organ: Blob) -> Points:
    while True:
        point = organ.centre + random.uniform(-1, 1, len(organ.centre)) * organ.radii
        if organ.depth(point) < 0.85:
            return np.asarray(point)


def _small(random: np.random.Generator, organ: Blob, voxel: float) -> Points:
    return np.full(len(organ.radii), max(random.uniform(0.08, 0.15), 1.2 * voxel))


def _look_alikes(
    random: np.random.Generator, points: Points, organ: Blob, reach: Points, voxel: float
) -> Labels:
    """Place bodies that look like organ, core or lesion, but lie outside the organ."""
    seen = np.zeros(points.shape[:-1], dtype=np.uint8)
    for value, factor in ((ORGAN, 2.2), (CORE, 1.6), *((LESION, 1.0),) * 3):
        centre = random.uniform(-0.8, 0.8, len(reach)) * reach
        blob = draw_blob(random, centre, factor * _small(random, organ, voxel), wobble=0.15)
        seen[blob.inside(points)] = value
    seen[organ.depth(points) < 1.15] = 0
    return seen


def draw_body(
    random: np.random.Generator, points: Points, reach: Points
) -> tuple[Points, NDArray[np.bool_]]:
    """Draw the trunk, longer than the image along D, and a spine with its canal at the back."""
    dims = len(reach)
    radii = np.array([2.5, 0.86, 0.94])[-dims:] * reach
    body = draw_blob(random, np.zeros(dims), radii, wobble=0.03).depth(points)
    spine = np.hypot(points[..., -2] - 0.62 * reach[-2], points[..., -1] - 0.05)
    return body, np.asarray((spine < 0.16) & (spine > 0.06))


def grow_vessel(random: np.random.Generator, organ: Blob) -> list[tuple[float, Points]]:
    """Grow a tree into the notch of the organ: per branch, its radius and its centre line."""
    assert organ.notch is not None
    dims = len(organ.centre)
    inwards = np.zeros(dims)
    inwards[-1] = -1.0
    root = organ.notch - 0.25 * inwards
    # The trunk passes the notch (0.25 on) and ends where the organ begins.
    branches: list[tuple[float, Points]] = []
    growing = [(root, inwards, 0)]
    while growing:
        point, heading, order = growing.pop()
        line = [point]
        for _ in range(int(random.integers(14, 22)) if order else 26):
            depth = float(organ.depth(point))
            if order and depth > 1:
                break
            if order and depth > 0.75:  # twigs turn back below the surface
                homewards = organ.centre - point
                heading = heading + 0.15 * homewards / np.linalg.norm(homewards)
            heading = heading + random.normal(0, 0.07, dims)
            heading /= np.linalg.norm(heading)
            point = point + _STEP * heading
            line.append(point)
        branches.append((_TRUNK_RADIUS[dims] * 0.78**order, np.array(line)))
        if order < _LARGEST_ORDER[dims] and (not order or organ.depth(point) < 1):
            across = random.normal(0, 1, dims)
            across -= (across @ heading) * heading
            across *= random.uniform(0.6, 1.0) / np.linalg.norm(across)
            growing += [(point, heading + across, order + 1), (point, heading - across, order + 1)]
    return branches


def near(branches: list[tuple[float, Points]], points: Points, voxel: float) -> NDArray[np.bool_]:
    """Say which points are within the branches; the thinnest is kept about a voxel thick."""
    mask = np.zeros(points.shape[:-1], dtype=bool)
    for radius in sorted({radius for radius, _ in branches}):
        line = np.concatenate([line for thickness, line in branches if thickness == radius])
        thick = max(radius, 0.7 * voxel)
        distance, _ = cKDTree(line).query(points, distance_upper_bound=thick)
        mask |= distance < thick
    return mask
