from __future__ import annotations

import pytest

from uxnet_compiler.machine.launch import Place, place


def test_a_process_that_was_started_alone_is_the_first_and_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    monkeypatch.setenv("RANK", "3")

    assert place() == Place(rank=0, count=1, local_rank=0, local_count=1)
    assert place().is_first


def test_the_place_is_what_torchrun_says(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4"}
    for name, value in ({"TORCHELASTIC_RUN_ID": "x"} | named).items():
        monkeypatch.setenv(name, value)

    assert place() == Place(rank=5, count=8, local_rank=1, local_count=4)
    assert not place().is_first
