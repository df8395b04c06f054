from __future__ import annotations

import os
import signal
import threading

import pytest

from uxnet_compiler.runs import stopping
from uxnet_compiler.runs.stopping import Stopper


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_requests_and_a_later_one_interrupts(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stopper() as stopper:
        assert not stopper.requested

        os.kill(os.getpid(), number)

        assert stopper.requested
        monkeypatch.setattr(stopping, "ECHO_S", 0.0)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


def test_the_echo_of_a_signal_changes_nothing() -> None:
    with Stopper() as stopper:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)

        assert stopper.requested


def test_the_former_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    with Stopper():
        assert signal.getsignal(signal.SIGINT) != before[0]

    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_time_used_before_counts() -> None:
    with Stopper(elapsed_s=300) as stopper:
        assert 300 <= stopper.elapsed_s < 310


def test_outside_the_main_thread_nothing_is_requested() -> None:
    found: list[bool] = []

    def work() -> None:
        with Stopper() as stopper:
            found.append(stopper.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert found == [False]
