from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from unittest.mock import Mock

import pytest

from uxnet_compiler.errors import BackendError
from uxnet_compiler.studies.crew import Crew, import_ray, session


def cluster(*machines: float, **resources: float) -> Mock:
    """Return a Ray with these resources in all, on machines of so many CPUs."""
    ray = Mock()
    ray.cluster_resources.return_value = resources
    ray.nodes.return_value = [
        {"Alive": True, "Resources": {"CPU": cpus} if cpus else {}}
        for cpus in machines or (resources["CPU"],)
    ]
    return ray


@pytest.fixture
def listening() -> Iterator[str]:
    """Yield an address where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


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
        (Crew(address="auto"), True, 2),
        (Crew(address="auto"), False, 16),
        (Crew(address="auto", threads=4), False, 4),
        (Crew(address="auto", threads=16), False, 1),
    ],
)
def test_as_many_work_as_are_asked_for_or_as_there_are_gpus_or_threads(
    crew: Crew, gpus: bool, workers: int
) -> None:
    ray = cluster(CPU=16.0, GPU=2.0)

    with session(ray, crew, gpus=gpus) as count:
        assert count == workers

    ray.shutdown.assert_called_once_with()


@pytest.mark.parametrize(
    ("ray", "most"),
    [(cluster(8.0, 4.0, CPU=12.0), 8), (cluster(0.0, GPU=1.0), 0), (cluster(0.0), 0)],
)
def test_steps_that_fit_no_machine_are_refused_before_they_wait_for_ever(
    ray: Mock, most: int
) -> None:
    crew = Crew(address="auto", threads=9)

    with pytest.raises(BackendError) as error, session(ray, crew, gpus=True):
        pass

    assert str(error.value) == (
        f"Ray on auto: no machine has 9 CPUs, the largest has {most};"
        " ask for fewer --threads or start a larger one"
    )
    ray.shutdown.assert_called_once_with()


def test_machines_that_are_gone_do_not_count() -> None:
    ray = cluster(8.0, 16.0, CPU=8.0)
    ray.nodes.return_value[1]["Alive"] = False

    with (
        pytest.raises(BackendError, match="the largest has 8"),
        session(ray, Crew(address="auto", threads=16), gpus=False),
    ):
        pass


def test_a_scheduler_stops_a_sweep_as_ctrl_c_does() -> None:
    before, ray = signal.getsignal(signal.SIGTERM), cluster(CPU=4.0)

    with pytest.raises(KeyboardInterrupt), session(ray, Crew(), gpus=False):
        signal.raise_signal(signal.SIGTERM)

    ray.shutdown.assert_called_once_with()
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_a_cluster_that_is_not_there_is_one_line_before_ray_tries_for_minutes(
    listening: str, scheme: str
) -> None:
    ray, address = cluster(CPU=4.0), scheme + listening
    with session(ray, Crew(address=address), gpus=False):
        pass
    assert ray.init.call_args.kwargs["address"] == address
    ray.init.reset_mock()

    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = f"{scheme}127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(BackendError) as error, session(ray, Crew(address=closed), gpus=False):
        pass

    assert str(error.value) == (
        f"no Ray cluster at {closed}: Connection refused;"
        " give the HOST:PORT that `ray start --head` printed"
    )
    ray.init.assert_not_called()


@pytest.mark.parametrize("host", ["..", "a" * 70])
def test_an_address_that_can_be_nobodys_is_one_line(host: str) -> None:
    ray = cluster(CPU=4.0)

    crew = Crew(address=f"{host}:6379")
    with pytest.raises(BackendError, match="no host can") as error, session(ray, crew, gpus=False):
        pass

    assert "\n" not in str(error.value)
    ray.init.assert_not_called()


def test_only_a_ray_of_ones_own_is_told_how_many_threads_it_has() -> None:
    here, there = cluster(CPU=4.0), cluster(CPU=4.0)

    with (
        session(here, Crew(workers=50), gpus=False),
        session(there, Crew(address="auto"), gpus=True),
    ):
        pass

    assert here.init.call_args.kwargs["num_cpus"] >= max(50, len(os.sched_getaffinity(0)))
    assert "num_cpus" not in there.init.call_args.kwargs
