from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch

from uxnet_compiler.machine.fabric import make_fabric
from uxnet_compiler.machine.selftest import Precision

PLAIN = Precision("float32", channels_last=False, reason="asked for")


@pytest.fixture(autouse=True)
def srun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Be on a machine of Slurm, outside of any job."""
    (tmp_path / "srun").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("SLURM_NTASKS", raising=False)


def test_tasks_of_a_scheduler_are_nothing_to_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_NTASKS", "4")
    monkeypatch.setenv("SLURM_JOB_NAME", "sweep")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fabric = make_fabric(torch.device("cpu"), PLAIN)

    assert fabric.world_size == 1


def test_a_login_node_hears_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_fabric(torch.device("cpu"), PLAIN)
