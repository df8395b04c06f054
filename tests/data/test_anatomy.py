"""Made-up patients."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, binary_erosion, binary_opening

from uxnet_compiler.data.anatomy import CORE, LESION, ORGAN, SKIN, VESSEL, draw_patient


@pytest.mark.parametrize("size", [(32, 32, 32), (20, 40, 48), (64, 64)])
def test_the_anatomy_is_nested(size: tuple[int, ...]) -> None:
    lesions = 0
    for seed in range(8):
        patient = draw_patient(np.random.default_rng(seed), size, (1.0,) * len(size))
        label = patient.label
        organ = label > 0

        assert {ORGAN, CORE, VESSEL} <= set(np.unique(label))
        assert not organ[patient.body > SKIN].any()
        # the core lies within the organ: at most single voxels of it touch the outside
        core = label == CORE
        assert core[~binary_erosion(organ)].sum() < 0.1 * core.sum()
        assert (patient.look_alikes[label == ORGAN] == 0).all()
        counts = np.bincount(label.ravel(), minlength=5)
        assert counts[ORGAN] > counts[CORE] > 0
        lesions += counts[LESION] > 0
    assert lesions >= 3  # four in five patients have some


@pytest.mark.parametrize("seed", range(4))
def test_twigs_are_a_voxel_thick(seed: int) -> None:
    patient = draw_patient(np.random.default_rng(seed), (48, 48, 48), (1.0, 1.0, 1.0))
    vessel = patient.label == VESSEL
    trunk = binary_opening(vessel)  # what a cross of three voxels fits into

    twigs = vessel & ~binary_dilation(trunk)
    thick = twigs & binary_erosion(twigs, np.ones((2, 2, 2)))

    assert twigs.sum() > 0.15 * vessel.sum()
    assert thick.sum() < 0.05 * twigs.sum()
    assert (vessel & ~binary_erosion(vessel)).sum() > 0.75 * vessel.sum()
