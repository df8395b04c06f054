from __future__ import annotations

import pytest
import torch

from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.memory import memory_errors


def test_a_tensor_too_large_for_the_machine_is_one_line() -> None:
    with (
        pytest.raises(RunError, match=r"^step 3: out of memory; take less$"),
        memory_errors("step 3", "take less"),
    ):
        torch.empty(2**62, dtype=torch.uint8)


def test_a_full_gpu_is_one_line() -> None:
    with (
        pytest.raises(RunError, match=r"^step 3: the GPU is out of memory; take less$"),
        memory_errors("step 3", "take less"),
    ):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.\n...")


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="shape"), memory_errors("step 3", "take less"):
        torch.zeros(2).reshape(3)
