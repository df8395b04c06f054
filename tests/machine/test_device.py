from __future__ import annotations

import pytest
import torch

from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.device import pick_device


def test_the_cpu_is_always_there() -> None:
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:99", "mps", "meta", "cpu:3"])
def test_a_device_that_is_not_there_is_one_line(name: str) -> None:
    with pytest.raises(RunError, match="device") as caught:
        pick_device(name)

    assert "\n" not in str(caught.value)
