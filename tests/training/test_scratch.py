from __future__ import annotations

from pathlib import Path

import pytest
import torch

from uxnet_compiler.errors import RunError
from uxnet_compiler.training.scratch import Scratch


@pytest.mark.parametrize("on_disk", [False, True])
def test_an_array_begins_with_zeros_and_keeps_what_is_written(
    on_disk: bool, tmp_path: Path
) -> None:
    room = Scratch(tmp_path if on_disk else None)
    array = room.zeros((3, 5000))
    assert not array.any()

    array[1] += torch.arange(5000)
    room.release()

    assert torch.equal(array[1], torch.arange(5000.0))
    assert not array[0].any()


def test_an_array_outlives_the_room(tmp_path: Path) -> None:
    array = Scratch(tmp_path).zeros((4,))
    array += 1

    assert torch.equal(array, torch.ones(4))
    assert not list(tmp_path.iterdir())


def test_more_than_the_disk_has_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"cannot hold 4294967296\.00 GiB for a while: ") as caught:
        Scratch(tmp_path).zeros((2**60,))
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
