"""What the CPU is and can, read from what Linux tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from uxnet_compiler.machine import hardware as room
from uxnet_compiler.machine.hardware import hardware, read_cpu

XEON = "model name\t: Intel(R) Xeon(R) CPU\nflags\t\t: fpu avx2 avx512f amx_bf16 amx_tile\n"


def test_model_and_flags_are_read() -> None:
    assert read_cpu(XEON) == (
        "Intel(R) Xeon(R) CPU",
        {"fpu", "avx2", "avx512f", "amx_bf16", "amx_tile"},
    )
    assert read_cpu("") == ("", set())


@pytest.mark.parametrize(
    ("facts", "status", "units"),
    [
        (XEON, "ok", "AVX2 AVX-512 AMX BF16"),
        ("model name : Old\nflags : avx2\n", "note", "AVX2"),
        ("Features : asimd bf16\n", "ok", "BF16"),
    ],
)
def test_what_it_can_is_told(
    facts: str, status: str, units: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(facts)
    monkeypatch.setattr(room, "CPU_FACTS", path)

    found = next(iter(hardware()))

    assert (found.name, found.status) == ("CPU", status)
    assert found.text.endswith(f" GiB, {units}")
    assert ("slow" in found.hint) == (status == "note")


def test_a_machine_that_tells_nothing_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "CPU_FACTS", Path("/nonexistent"))

    assert next(iter(hardware())).name == "CPU"
