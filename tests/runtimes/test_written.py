from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from networks import narrow, network_of

from uxnet_compiler.backends.onnx import OnnxTarget
from uxnet_compiler.backends.openvino import OpenVinoTarget
from uxnet_compiler.backends.target import Network
from uxnet_compiler.errors import BackendError
from uxnet_compiler.runtimes import Runtime, written
from uxnet_compiler.runtimes.written import with_onnx, with_openvino

Opening = Callable[[Network], Runtime]


def openvino(network: Network) -> Runtime:
    return with_openvino(network, "float32")


OPENINGS = (("onnxruntime", with_onnx), ("openvino", openvino))


@pytest.fixture(scope="module")
def network() -> Network:
    return network_of(narrow("unet2d", levels=3))


@pytest.mark.parametrize(("package", "opening"), OPENINGS)
@pytest.mark.parametrize("batch", [1, 2])
def test_logits_are_those_of_torch_and_no_file_stays(
    package: str,
    opening: Opening,
    batch: int,
    network: Network,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip(package)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    windows = torch.randn(batch, 1, 16, 24)

    runtime = opening(network)

    assert not list(tmp_path.iterdir())
    with torch.inference_mode():
        expected = network.module(windows)
    torch.testing.assert_close(runtime(windows), expected, atol=1e-4, rtol=1e-4)
    assert runtime.precision == "float32"


@pytest.mark.parametrize(("package", "opening"), OPENINGS)
def test_what_cannot_be_run_is_one_line(package: str, opening: Opening, network: Network) -> None:
    pytest.importorskip(package)
    runtime = opening(network)

    with pytest.raises(BackendError, match=f"^runtime {runtime.name}: ") as caught:
        runtime(torch.randn(1, 4, 16, 16))

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("target", "opening"), [(OnnxTarget, with_onnx), (OpenVinoTarget, openvino)]
)
def test_a_missing_package_is_named_with_what_installs_it(
    target: type, opening: Opening, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target, "packages", ("not_a_package",))

    with pytest.raises(BackendError, match=r"not_a_package missing.*pip install"):
        opening(network)


def test_bfloat16_is_refused_where_the_self_test_finds_it_wrong(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setattr(written, "bfloat16_defect", lambda *_: "a broken layer")

    # Either the processor has none, or the self-test speaks.
    with pytest.raises(BackendError, match=r"no units for it|wrong here: a broken layer"):
        with_openvino(network, "bfloat16")
