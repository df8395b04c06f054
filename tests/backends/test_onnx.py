"""Networks written as ONNX compute the same, say what they are, and tell nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch
from networks import around, images, logits, narrow, network_of, network_of_graph

from uxnet_compiler.backends.onnx import OnnxTarget
from uxnet_compiler.backends.onnx_graph import EMITTERS
from uxnet_compiler.backends.openvino import OpenVinoTarget
from uxnet_compiler.backends.target import Network, Target
from uxnet_compiler.backends.torch_calls import EMITTERS as TORCH_EMITTERS
from uxnet_compiler.errors import BackendError
from uxnet_compiler.ir import from_text
from uxnet_compiler.ops import Op, TensorType
from uxnet_compiler.ops.samples import SAMPLES
from uxnet_compiler.schema import SpaceRef
from uxnet_compiler.spaces import FAMILIES

TARGET = OnnxTarget()


def anisotropic_network() -> Network:
    family = FAMILIES["uxnet"]
    options = {
        "widths": [4, 8, 8],
        "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
        "in_channels": 2,
    }
    return network_of(
        family.sample(family.space(SpaceRef(family="uxnet", version=1, options=options)), 0)
    )


@pytest.fixture(scope="module")
def network() -> Network:
    return anisotropic_network()


@pytest.fixture(scope="module")
def path(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / TARGET.file
    TARGET.write(network, path)
    return path


# That all kinds of networks agree is tested in test_catalogue.py.
@pytest.mark.parametrize("shape", [(1, 2, 4, 8, 8), (3, 2, 10, 12, 28)])
def test_batch_and_size_are_free(network: Network, path: Path, shape: tuple[int, ...]) -> None:
    image = torch.randn(shape, generator=torch.Generator().manual_seed(1))

    found = TARGET.open(path, network)(image)

    with torch.inference_mode():
        expected = network.module(image)
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_the_axes_are_named_by_what_they_must_be_multiples_of(path: Path) -> None:
    model = onnx.load(path)

    axes = model.graph.input[0].type.tensor_type.shape.dim

    assert [axis.dim_param or axis.dim_value for axis in axes] == ["batch", 2, "2*d", "4*h", "4*w"]


def test_the_file_says_what_it_is_and_nothing_of_the_machine(network: Network, path: Path) -> None:
    content = path.read_bytes()
    model = onnx.load_from_string(content)

    # Parameter names are in the file as plain bytes, so a search for text can find what is there.
    assert b"input_to_n0_0.conv.weight" in content
    for trace in (rb"\.py", b"stack_trace", b"uxnet_compiler", rb"/\w+/"):
        assert re.search(trace, _texts(model)) is None, trace
    assert {prop.key: prop.value for prop in model.metadata_props} == {
        "uxnet.divisor": "2x4x4",
        "uxnet.genotype": network.genotype_id,
        "uxnet.in_channels": "2",
        "uxnet.out_channels": str(network.out_channels),
    }


def _texts(model: onnx.ModelProto) -> bytes:
    """Everything in the file but the numbers of the weights."""
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    for tensor in bare.graph.initializer:
        tensor.ClearField("raw_data")
    return bytes(bare.SerializeToString())


def test_the_same_network_gives_the_same_bytes(network: Network, path: Path) -> None:
    again = path.with_name("again.onnx")

    TARGET.write(network, again)

    assert again.read_bytes() == path.read_bytes()


def test_weights_beyond_the_format_are_refused_before_the_export(
    network: Network, tmp_path: Path
) -> None:
    large = from_text(
        'input = input@1 {"channels": 16384, "spatial_dims": 2} () : 16384 @ 1x1\n'
        'a.conv = conv@1 {"channels": 32768, "kernel": [1, 1]} (input) : 32768 @ 1x1\n'
        "output = output@1 {} (a.conv) : 32768 @ 1x1\n"
    )

    with pytest.raises(BackendError, match=r"n\.onnx: 2\.0 GiB of weights, ONNX holds less"):
        TARGET.write(replace(network, graph=large), tmp_path / "n.onnx")

    assert not (tmp_path / "n.onnx").exists()


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_missing_package_is_one_line_that_says_what_to_do(
    package: str, network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(BackendError, match=rf"onnx: {package} missing.*\[onnx\]") as caught:
        TARGET.write(network, tmp_path / "n.onnx")

    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_network_is_one_line(network: Network, tmp_path: Path) -> None:
    (tmp_path / "n.onnx").write_bytes(b"no network at all")

    for name in ("n.onnx", "missing.onnx"):
        with pytest.raises(BackendError, match=f"{name}: ONNX Runtime cannot read it") as caught:
            TARGET.open(tmp_path / name, network)
        assert "\n" not in str(caught.value)


def test_the_runtime_keeps_quiet(tmp_path: Path) -> None:
    """It would write an identifier into the home folder, and call out."""
    code = (
        "from uxnet_compiler.backends.telemetry import import_onnxruntime;"
        "import_onnxruntime().SessionOptions()"
    )
    # It holds its tongue under CI, too, which would prove nothing.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"CI", "ORT_DISABLE_TELEMETRY"} and not name.startswith("XDG_")
    } | {"HOME": str(tmp_path)}

    subprocess.run([sys.executable, "-P", "-c", code], env=environment, check=True)

    assert list(tmp_path.iterdir()) == []


def test_a_network_of_one_conv_can_be_written(tmp_path: Path) -> None:
    plain = network_of_graph(
        from_text(
            'input = input@1 {"channels": 1, "spatial_dims": 2} () : 1 @ 1x1\n'
            'a.conv = conv@1 {"bias": true, "channels": 2, "kernel": [3, 3]} (input) : 2 @ 1x1\n'
            "output = output@1 {} (a.conv) : 2 @ 1x1\n"
        )
    )
    image = torch.randn(1, 1, 5, 7, generator=torch.Generator().manual_seed(0))

    TARGET.write(plain, tmp_path / "n.onnx")

    found = TARGET.open(tmp_path / "n.onnx", plain)(image)
    with torch.inference_mode():
        torch.testing.assert_close(found, plain.module(image))


def test_every_op_has_its_nodes() -> None:
    assert EMITTERS.keys() == TORCH_EMITTERS.keys()


@pytest.mark.parametrize(("op", "inputs"), SAMPLES, ids=repr)
@pytest.mark.parametrize("runtime", [TARGET, OpenVinoTarget()], ids=["onnx", "openvino"])
def test_every_op_computes_the_same(
    op: Op, inputs: tuple[TensorType, ...], runtime: Target, tmp_path: Path
) -> None:
    network = network_of_graph(around(op, inputs))
    # Scales of 3 and 4 in one graph: the image is a multiple of both, and of what comes after.
    coarser = op.infer(inputs).scale
    network = replace(
        network, divisor=tuple(d * s for d, s in zip(network.divisor, coarser, strict=True))
    )

    runtime.write(network, tmp_path / runtime.file)

    run = runtime.open(tmp_path / runtime.file, network)
    for image in images(network):
        expected = logits(network, image)
        assert (run(image) - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_only_the_main_output_and_what_it_needs_are_written(tmp_path: Path) -> None:
    network = network_of(narrow("unet2d"), deep_supervision=True)

    TARGET.write(network, tmp_path / "n.onnx")

    model = onnx.load(tmp_path / "n.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [output.name for output in model.graph.output] == ["logits"]
    assert any(value.id.startswith("aux_") for value in network.graph.values())
    assert not any(node.name.startswith("aux_") for node in model.graph.node)
