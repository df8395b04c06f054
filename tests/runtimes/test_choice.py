from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from networks import narrow, network_of

from uxnet_compiler.backends.onnx import OnnxTarget
from uxnet_compiler.backends.openvino import OpenVinoTarget
from uxnet_compiler.backends.target import Network
from uxnet_compiler.errors import BackendError, RunError
from uxnet_compiler.machine.selftest import Precision, precision_for
from uxnet_compiler.runtimes import LIMITS, Runtime, Wanted, choice, choose
from uxnet_compiler.runtimes.base import Number

BATCH = (2, 1, 16, 16)


@pytest.fixture
def network() -> Network:
    return network_of(narrow("unet2d", levels=3))


def refused(_: Network, precision: Number) -> Runtime:
    raise BackendError(f"runtime openvino {precision}: not in this test")


def stretched(factor: float) -> Callable[..., Runtime]:
    """Return an opening of a runtime whose logits are too large by that factor."""

    def opening(network: Network, precision: Number = "float32") -> Runtime:
        @torch.inference_mode()
        def run(windows: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = network.module(windows)
            return factor * logits

        return Runtime("onnx", precision, torch.device("cpu"), run)

    return opening


def test_torch_is_taken_as_the_self_test_says_and_nothing_is_tried(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(choice, "with_onnx")
    monkeypatch.delattr(choice, "with_openvino")

    found = choose("torch", network, BATCH, "cpu")

    assert found.runtime.name == "torch"
    assert found.runtime.precision == precision_for("cpu", 2).dtype
    assert found.reason == precision_for("cpu", 2).reason


@pytest.mark.parametrize("wanted", ["onnx", "openvino"])
def test_a_runtime_that_is_asked_for_is_taken(wanted: Wanted, network: Network) -> None:
    pytest.importorskip("onnxruntime" if wanted == "onnx" else "openvino")
    windows = torch.randn(BATCH)
    with torch.inference_mode():
        expected = network.module(windows)

    found = choose(wanted, network, BATCH, "auto").runtime

    assert found.name == wanted
    difference = (found(windows) - expected).norm() / expected.norm()
    assert difference <= 2 * LIMITS[found.precision]  # on other windows than the trial's


def test_auto_takes_one_that_is_right_and_tells_how_the_others_did(network: Network) -> None:
    found = choose("auto", network, BATCH, "cpu")

    assert found.runtime(torch.randn(BATCH)).shape == (2, 3, 16, 16)
    assert "\n" not in str(found)
    assert str(found).startswith(f"runtime {found.runtime}: ")


def test_auto_takes_the_fastest(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "with_onnx", stretched(1.0))
    monkeypatch.setattr(choice, "with_openvino", refused)
    seconds = {"onnx": 1.0, "torch": 2.5}
    monkeypatch.setattr(choice, "_seconds", lambda found, _: [seconds[one.name] for one in found])

    found = choose("auto", network, BATCH, "cpu")

    assert found.runtime.name == "onnx"
    assert found.reason.startswith("2.5 x faster than torch ")
    assert "runtime openvino bfloat16: not in this test" in found.reason


def test_one_slow_run_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(choice, "perf_counter", lambda: now)

    def taking(*seconds: float) -> Runtime:
        each = iter(seconds)

        def run(windows: torch.Tensor) -> torch.Tensor:
            nonlocal now
            now += next(each)
            return windows

        return Runtime("torch", "float32", torch.device("cpu"), run)

    # As soon as the time is used up, it ends: after the second turn, or after a very long first.
    windows = torch.zeros(1)
    assert choice._seconds([taking(8, 1), taking(3, 4)], windows) == [1, 3]
    assert choice._seconds([taking(80), taking(30)], windows) == [80, 30]
    assert choice._seconds([taking(*[0.1, 0.3, 0.1, 0.2, 0.4])], windows) == [pytest.approx(0.1)]


def test_auto_does_without_what_is_not_installed(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    for target in (OnnxTarget, OpenVinoTarget):
        monkeypatch.setattr(target, "packages", ("not_a_package",))

    found = choose("auto", network, BATCH, "cpu")

    assert found.runtime.name == "torch"
    for name in ("onnx", "openvino"):
        assert found.reason.count(f"target {name}: not_a_package missing; to get it: pip") == 1
        with pytest.raises(BackendError, match="not_a_package missing"):
            choose(name, network, BATCH, "cpu")


@pytest.mark.parametrize("factor", [1 + 2 * LIMITS["bfloat16"], math.nan])
def test_a_runtime_that_computes_something_else_is_refused(
    factor: float, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "with_onnx", stretched(factor))
    monkeypatch.setattr(choice, "with_openvino", stretched(factor))

    found = choose("auto", network, BATCH, "cpu")

    assert found.runtime.name == "torch"
    assert "logits differ from those of torch in float32 by" in found.reason
    for wanted in ("onnx", "openvino"):
        with pytest.raises(BackendError, match=r"logits differ .* 0\.001 is the limit$"):
            choose(wanted, network, BATCH, "cpu")


def test_float32_is_taken_where_bfloat16_is_too_rough(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opening(network: Network, precision: Number) -> Runtime:
        return stretched(1.0 if precision == "float32" else 1.1)(network, precision)

    monkeypatch.setattr(choice, "with_openvino", opening)

    found = choose("openvino", network, BATCH, "cpu")

    assert found.runtime.precision == "float32"
    assert " bfloat16: logits differ" in found.reason


def test_other_devices_run_torch(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = torch.device("meta")  # stands for a GPU
    monkeypatch.setattr(choice, "pick_device", lambda _: elsewhere)
    exact = Precision("float32", False, "test")
    monkeypatch.setattr(choice, "choose_precision", lambda *_: exact)

    found = choose("auto", network, BATCH, "auto")

    assert found.runtime.device == elsewhere
    assert found.reason == "the others compute on the CPU"
    with pytest.raises(BackendError, match=r"^runtime onnx: computes on the CPU; take --device"):
        choose("onnx", network, BATCH, "meta")


def test_a_device_that_is_not_there_is_refused(network: Network) -> None:
    with pytest.raises(RunError, match="not on this machine"):
        choose("openvino", network, BATCH, "cuda:99")
