from __future__ import annotations

import random
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.checkpoint import load_checkpoint, save_checkpoint


def draw() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(()))  # noqa: NPY002


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    state = {"step": 3, "weights": {"a": torch.arange(4.0)}, "seen": [1, (2, "x")], "best": None}

    save_checkpoint(tmp_path / "c.pt", state)
    loaded = load_checkpoint(tmp_path / "c.pt")

    assert torch.equal(loaded["weights"]["a"], torch.arange(4.0))
    assert {key: loaded[key] for key in ("step", "seen", "best")} == {
        "step": 3,
        "seen": [1, (2, "x")],
        "best": None,
    }


def test_random_numbers_go_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    draw()
    save_checkpoint(tmp_path / "c.pt", {})
    expected = draw(), draw()

    load_checkpoint(tmp_path / "c.pt")

    assert (draw(), draw()) == expected


class Surprise:
    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (Path("executed"),)


def test_a_checkpoint_that_holds_code_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state": Surprise(), "random": {}}, tmp_path / "c.pt")

    with pytest.raises(RunError, match="damaged or not a checkpoint"):
        load_checkpoint(tmp_path / "c.pt")

    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a checkpoint"])
def test_a_damaged_checkpoint_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.pt").write_bytes(content)

    with pytest.raises(RunError, match=r"c\.pt: damaged"):
        load_checkpoint(tmp_path / "c.pt")


def test_a_missing_checkpoint_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be read"):
        load_checkpoint(tmp_path / "c.pt")


def test_a_full_disk_is_one_line_and_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    import resource

    save_checkpoint(tmp_path / "c.pt", {"step": 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, limits[1]))
    try:
        with pytest.raises(RunError, match=r"c\.pt: cannot be written: ") as caught:
            save_checkpoint(tmp_path / "c.pt", {"step": 2, "large": torch.zeros(2**18)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)

    assert "\n" not in str(caught.value)
    assert load_checkpoint(tmp_path / "c.pt") == {"step": 1}


def test_a_failed_save_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c.pt", {"step": 1})

    with pytest.raises((AttributeError, TypeError)):
        save_checkpoint(tmp_path / "c.pt", {"step": lambda: None})

    assert load_checkpoint(tmp_path / "c.pt") == {"step": 1}
