from __future__ import annotations

from pathlib import Path

import pytest
import torch

from uxnet_compiler.errors import RunError
from uxnet_compiler.machine import memory
from uxnet_compiler.machine.memory import (
    available_bytes,
    memory_errors,
    physical_bytes,
    resident_bytes,
)


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


def test_this_process_holds_something_and_less_than_there_is() -> None:
    assert 2**20 < resident_bytes() < physical_bytes()
    assert 0 < available_bytes() <= physical_bytes()


def test_what_is_available_is_what_the_system_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = tmp_path / "meminfo"
    facts.write_text("MemTotal:       9 kB\nMemAvailable:    7 kB\n", encoding="ascii")
    monkeypatch.setattr(memory, "_FACTS", facts)
    assert available_bytes() == 7 * 1024

    monkeypatch.setattr(memory, "_FACTS", tmp_path / "none")
    monkeypatch.setattr(memory, "_OWN_PAGES", tmp_path / "none")
    assert available_bytes() == physical_bytes()
    assert resident_bytes() == 0
