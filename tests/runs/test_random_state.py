from __future__ import annotations

import random

import numpy as np
import torch

from uxnet_compiler.runs.random_state import random_state, restore_random_state, seed_everything


def draw() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(()))  # noqa: NPY002


def test_random_numbers_go_on_as_if_nothing_had_happened() -> None:
    draw()
    before = random_state()
    expected = draw(), draw()

    restore_random_state(before)

    assert (draw(), draw()) == expected


def test_a_seed_decides_all_random_numbers() -> None:
    seed_everything(2**40)
    expected = draw()
    draw()

    seed_everything(2**40)

    assert draw() == expected
