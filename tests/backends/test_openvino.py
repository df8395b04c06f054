"""Networks written for OpenVINO say what they are, tell nothing else, and run in two precisions."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from networks import images, logits, narrow, network_of

from uxnet_compiler.backends.openvino import OpenVinoTarget
from uxnet_compiler.backends.target import Network
from uxnet_compiler.errors import BackendError

TARGET = OpenVinoTarget()
FILES = (TARGET.file, *TARGET.beside)


@pytest.fixture(scope="module")
def network() -> Network:
    return network_of(narrow("unet2d"))


@pytest.fixture(scope="module")
def path(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("openvino") / TARGET.file
    TARGET.write(network, path)
    return path


# That all kinds of networks agree is tested in test_catalogue.py.
def test_two_files_are_written_and_nothing_else(path: Path) -> None:
    assert sorted(found.name for found in path.parent.iterdir()) == sorted(FILES)


def test_the_file_says_what_it_is_and_nothing_of_the_machine(network: Network, path: Path) -> None:
    text = path.read_text()

    for key, value in (
        ("genotype", network.genotype_id),
        ("divisor", "x".join(map(str, network.divisor))),
        ("in_channels", "1"),
        ("out_channels", "3"),
    ):
        assert f'<{key} value="{value}" />' in text
    assert 'name="input_to_n0_0.conv.weight"' in text
    # An absolute path would begin with one; names of layers have some inside.
    assert re.findall(r'["\s>]/\w[^"<]*', text) == []
    for trace in (".py", "conversion_parameters", str(Path.home()), "onnx"):
        assert trace not in text, trace


def test_the_weights_are_not_compressed(network: Network, path: Path) -> None:
    size = sum(tensor.numel() for tensor in network.module.state_dict().values())

    assert (path.parent / "network.bin").stat().st_size >= 4 * size


def test_the_same_network_gives_the_same_bytes(network: Network, path: Path) -> None:
    again = path.parent.parent / "again" / TARGET.file

    TARGET.write(network, again)

    for name in FILES:
        assert (again.parent / name).read_bytes() == (path.parent / name).read_bytes(), name


def test_bfloat16_is_for_those_who_ask(network: Network, path: Path) -> None:
    (image, *_) = images(network)
    expected = logits(network, image)

    exact = TARGET.open(path, network)(image)
    fast = TARGET.open(path, network, "bfloat16")(image)

    scale = expected.abs().max()
    assert (exact - expected).abs().max() <= 1e-5 * scale
    # 8 bits of mantissa, through norms that enlarge; a CPU without it computes in float32.
    assert (fast - expected).abs().max() <= 0.2 * scale
    assert fast.dtype == torch.float32


@pytest.mark.parametrize("package", ["onnx", "openvino"])
def test_a_missing_package_is_one_line_that_says_what_to_do(
    package: str, network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(BackendError, match=rf"openvino: {package} missing.*\[openvino\]") as caught:
        TARGET.write(network, tmp_path / TARGET.file)

    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_network_is_one_line(network: Network, tmp_path: Path) -> None:
    (tmp_path / "n.xml").write_text("no network at all")

    for name in ("n.xml", "missing.xml"):
        with pytest.raises(BackendError, match=f"{name}: OpenVINO cannot read it") as caught:
            TARGET.open(tmp_path / name, network)
        assert "\n" not in str(caught.value)
        assert "src/" not in str(caught.value)


def test_ctrl_c_is_heard_after_runners_have_come_and_gone(path: Path) -> None:
    """Each core of OpenVINO takes over the signals' stack; the last one left its own behind."""
    code = (
        "import faulthandler, os, signal, sys; from pathlib import Path; faulthandler.enable();"
        "from uxnet_compiler.backends.openvino import OpenVinoTarget;"
        "target, path = OpenVinoTarget(), Path(sys.argv[1]);"
        "runners = [target.open(path, None, number) for number in ('float32', 'bfloat16')];"
        "del runners[0]; runners.clear();"
        "signal.signal(signal.SIGINT, lambda *_: print('heard'));"
        "os.kill(os.getpid(), signal.SIGINT)"
    )

    done = subprocess.run(
        [sys.executable, "-P", "-c", code, str(path)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "heard\n"), done.stderr


def test_importing_it_tells_nobody(tmp_path: Path) -> None:
    """It would write an identifier into the home folder, and call out."""
    code = (
        "import sys; from uxnet_compiler.backends.telemetry import import_openvino;"
        "import_openvino().Core(); import_openvino();"
        "assert 'openvino_telemetry' not in sys.modules"
    )
    # It holds its tongue under CI, too, which would prove nothing.
    environment = {name: value for name, value in os.environ.items() if name != "CI"}

    subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=environment | {"HOME": str(tmp_path)},
        check=True,
    )

    assert list(tmp_path.iterdir()) == []
