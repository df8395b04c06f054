from __future__ import annotations

import signal
from pathlib import Path

import pytest
import torch

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.checkpoint import (
    last_checkpoint,
    load_checkpoint,
    previous_path,
    save_checkpoint,
)


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


def test_the_checkpoint_before_the_latest_is_kept(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        save_checkpoint(tmp_path / "c.pt", {"step": step})

    assert load_checkpoint(tmp_path / "c.pt") == {"step": 3}
    assert load_checkpoint(previous_path(tmp_path / "c.pt")) == {"step": 2}
    assert {path.name for path in tmp_path.iterdir()} == {"c.pt", "c.previous.pt"}


def test_one_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    save_checkpoint(path, {"weights": torch.full((64,), 0.5)})
    content = bytearray(path.read_bytes())
    content[content.index(torch.full((64,), 0.5).numpy().tobytes()) + 100] ^= 1
    path.write_bytes(content)

    with pytest.raises(RunError, match="damaged"):
        load_checkpoint(path)


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_the_one_before_stands_in_for_a_latest_that_is_damaged_or_missing(
    tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "c.pt"
    notes: list[str] = []
    for step in (1, 2):
        save_checkpoint(path, {"step": step})
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    else:
        path.unlink()

    assert last_checkpoint(path, notes.append) == {"step": 1}

    assert len(notes) == 1
    assert "going on from c.previous.pt" in notes[0]
    save_checkpoint(path, {"step": 2})
    assert load_checkpoint(previous_path(path)) == {"step": 1}


def test_two_damaged_checkpoints_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    path.write_bytes(b"x")
    previous_path(path).write_bytes(b"x")

    with pytest.raises(RunError, match="damaged") as caught:
        last_checkpoint(path, lambda _: None)

    assert "\n" not in str(caught.value)
    assert path.exists()
