"""Made-up patients in which one thing is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from uxnet_compiler.data.anatomy import LESION, ORGAN, VESSEL
from uxnet_compiler.data.fingerprint import fingerprint, read_case
from uxnet_compiler.data.phantom import write_phantom
from uxnet_compiler.data.scenes import SCENES
from uxnet_compiler.data.sources import open_dataset

SIZES = [((28, 36, 36), (1.0, 1.0, 1.0)), ((64, 64), (1.0, 1.0))]


@pytest.mark.parametrize("scene", ["organ", "lesions", "vessels"])
@pytest.mark.parametrize("size", [(24, 24, 24), (48, 48)])
def test_a_scene_asks_for_one_thing(scene: str, size: tuple[int, ...], tmp_path: Path) -> None:
    write_phantom(tmp_path / "x", cases=3, size=size, scene=scene)
    dataset = open_dataset(tmp_path / "x")

    assert dataset.labels == SCENES[scene].labels
    assert len(dataset.labels) == 2
    assert 0 < fingerprint(dataset).class_fractions[1] < (0.6 if scene == "organ" else 0.1)
    for case in dataset.cases:
        read_case(dataset, case)


@pytest.mark.parametrize(("size", "spacing"), SIZES)
def test_lesions_are_small_and_in_the_organ_among_others_that_look_alike(
    size: tuple[int, ...], spacing: tuple[float, ...]
) -> None:
    alike_inside = alike_outside = 0
    for seed in range(4):
        patient = SCENES["lesions"].draw(np.random.default_rng(seed), size, spacing)
        found, count = ndimage.label(patient.label == LESION)

        assert count >= 1
        around = ndimage.binary_dilation(found > 0) & (found == 0)
        assert (patient.label[around] == ORGAN).mean() > 0.8
        assert not (patient.look_alikes[found > 0] == LESION).any()
        sides = [max(s.stop - s.start for s in box) for box in ndimage.find_objects(found)]
        assert min(sides) <= 5  # two may touch
        alike = patient.look_alikes == LESION
        alike_inside += int((alike & (patient.label == ORGAN)).sum())
        alike_outside += int((alike & (patient.label == 0)).sum())
    assert min(alike_inside, alike_outside) > 20


@pytest.mark.parametrize(("size", "spacing"), SIZES)
def test_vessels_are_thin_and_tubes_outside_look_alike(
    size: tuple[int, ...], spacing: tuple[float, ...]
) -> None:
    for seed in range(2):
        patient = SCENES["vessels"].draw(np.random.default_rng(seed), size, spacing)
        vessel = patient.label == VESSEL

        depth = ndimage.distance_transform_edt(vessel)
        assert vessel.sum() > 10
        assert np.quantile(depth[vessel], 0.9) < 2
        assert ((patient.look_alikes == VESSEL) & (patient.label == 0)).sum() > 10
