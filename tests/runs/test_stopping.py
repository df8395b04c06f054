from __future__ import annotations

import os
import signal
import threading

import pytest

from uxnet_compiler.runs.stopping import Stopper


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_requests_and_the_second_interrupts(number: signal.Signals) -> None:
    with Stopper() as stopper:
        assert not stopper.should_stop()

        os.kill(os.getpid(), number)

        assert stopper.requested
        assert stopper.should_stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


def test_the_former_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    with Stopper():
        assert signal.getsignal(signal.SIGINT) != before[0]

    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_time_used_before_counts_towards_the_deadline() -> None:
    with Stopper(minutes=10, elapsed_s=300) as half, Stopper(minutes=10, elapsed_s=601) as over:
        assert 0.5 <= half.fraction < 0.6
        assert not half.should_stop()
        assert over.fraction == 1.0
        assert over.should_stop()
        assert not over.requested


def test_without_a_deadline_time_never_stops_a_job() -> None:
    with Stopper(elapsed_s=1e9) as stopper:
        assert stopper.fraction == 0.0
        assert not stopper.should_stop()


def test_outside_the_main_thread_the_deadline_still_works() -> None:
    found: list[bool] = []

    def work() -> None:
        with Stopper(minutes=1, elapsed_s=61) as stopper:
            found.append(stopper.should_stop())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert found == [True]
