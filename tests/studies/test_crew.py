from __future__ import annotations

import os
import signal
import sys
from unittest.mock import Mock

import pytest

from uxnet_compiler.errors import BackendError
from uxnet_compiler.studies.crew import Crew, import_ray, session


def cluster(**resources: float) -> Mock:
    ray = Mock()
    ray.cluster_resources.return_value = resources
    return ray


def test_without_ray_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)

    with pytest.raises(BackendError, match=r"uxnet-compiler\[ray\]") as error:
        import_ray()

    assert "\n" not in str(error.value)


def test_a_ray_that_does_not_start_is_one_line() -> None:
    ray = Mock()
    ray.init.side_effect = Exception("The current node timed out during startup.\nSee its log.")

    with pytest.raises(BackendError) as error, session(ray, Crew(), gpus=False):
        pass

    assert str(error.value) == "Ray on this machine: The current node timed out during startup."


@pytest.mark.parametrize(
    ("crew", "gpus", "workers"),
    [
        (Crew(workers=3), True, 3),
        (Crew(address="10.0.0.1:6379"), True, 2),
        (Crew(address="10.0.0.1:6379"), False, 16),
        (Crew(address="10.0.0.1:6379", threads=4), False, 4),
        (Crew(address="10.0.0.1:6379", threads=32), False, 1),
    ],
)
def test_as_many_work_as_are_asked_for_or_as_there_are_gpus_or_threads(
    crew: Crew, gpus: bool, workers: int
) -> None:
    ray = cluster(CPU=16.0, GPU=2.0)

    with session(ray, crew, gpus=gpus) as count:
        assert count == workers

    ray.shutdown.assert_called_once_with()


def test_a_scheduler_stops_a_sweep_as_ctrl_c_does() -> None:
    before, ray = signal.getsignal(signal.SIGTERM), cluster(CPU=4.0)

    with pytest.raises(KeyboardInterrupt), session(ray, Crew(), gpus=False):
        signal.raise_signal(signal.SIGTERM)

    ray.shutdown.assert_called_once_with()
    assert signal.getsignal(signal.SIGTERM) == before


def test_only_a_ray_of_ones_own_is_told_how_many_threads_it_has() -> None:
    here, there = cluster(CPU=4.0), cluster(CPU=4.0)

    with (
        session(here, Crew(workers=50), gpus=False),
        session(there, Crew(address="a:1"), gpus=True),
    ):
        pass

    assert here.init.call_args.kwargs["num_cpus"] >= max(50, len(os.sched_getaffinity(0)))
    assert "num_cpus" not in there.init.call_args.kwargs
