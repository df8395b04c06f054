"""Networks written as ONNX compute the same, say what they are, and tell nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from uxnet_compiler.backends.onnx import TOLERANCE, write_onnx
from uxnet_compiler.errors import BackendError
from uxnet_compiler.schema import Genotype, SpaceRef
from uxnet_compiler.spaces import FAMILIES


def genotype(options: dict[str, object], seed: int = 0) -> Genotype:
    family = FAMILIES["uxnet"]
    return family.sample(family.space(SpaceRef(family="uxnet", version=1, options=options)), seed)


ANISOTROPIC: dict[str, object] = {
    "widths": [4, 8, 8],
    "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
    "in_channels": 2,
}
FLAT: dict[str, object] = {
    "spatial_dims": 2,
    "widths": [4, 8, 8],
    "strides": [[1, 1], [2, 2], [2, 2]],
    "out_channels": 3,
}


@pytest.fixture(scope="module")
def anisotropic(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Path, float]:
    found = genotype(ANISOTROPIC)
    network = found.compile().eval()
    path = tmp_path_factory.mktemp("onnx") / "network.onnx"
    difference = write_onnx(
        network, path, in_channels=2, divisor=(2, 4, 4), metadata={"b": "2", "a": "1"}
    )
    return network, path, difference


def logits(path: Path, image: torch.Tensor) -> torch.Tensor:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, {"image": image.numpy()})[0])


@pytest.mark.parametrize("shape", [(1, 2, 4, 8, 8), (3, 2, 10, 12, 28)])
def test_runtime_and_torch_agree_at_any_batch_and_size(
    anisotropic: tuple[nn.Module, Path, float], shape: tuple[int, ...]
) -> None:
    network, path, difference = anisotropic
    image = torch.randn(shape, generator=torch.Generator().manual_seed(1))

    with torch.inference_mode():
        expected = network(image)

    assert 0 < difference < 1e-4  # float32, logits near 1
    torch.testing.assert_close(logits(path, image), expected, rtol=0, atol=1e-4)


def test_a_2d_network_is_written_with_2d_layers(tmp_path: Path) -> None:
    found = genotype(FLAT)
    network = found.compile().eval()

    write_onnx(network, tmp_path / "n.onnx", in_channels=1, divisor=(4, 4), metadata={})

    image = torch.randn(1, 1, 12, 20, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        expected = network(image)
    torch.testing.assert_close(logits(tmp_path / "n.onnx", image), expected, rtol=0, atol=1e-4)


def test_the_axes_are_named_by_what_they_must_be_multiples_of(
    anisotropic: tuple[nn.Module, Path, float],
) -> None:
    model = onnx.load(anisotropic[1])

    axes = model.graph.input[0].type.tensor_type.shape.dim

    assert [axis.dim_param or axis.dim_value for axis in axes] == ["batch", 2, "2*d", "4*h", "4*w"]


def test_nothing_of_the_machine_is_left_in_the_file(
    anisotropic: tuple[nn.Module, Path, float],
) -> None:
    content = anisotropic[1].read_bytes()
    model = onnx.load_from_string(content)

    # Parameter names are in the file as plain bytes, so a search for text can find what is there.
    assert b"input_to_n0_0.conv.weight" in content
    for trace in (b".py", b"stack_trace", b"pkg.torch", b"class_hierarchy", b"namespace", b"/"):
        assert trace not in b"".join(_texts(model)), trace
    assert [(p.key, p.value) for p in model.metadata_props] == [("a", "1"), ("b", "2")]


def _texts(model: onnx.ModelProto) -> list[bytes]:
    """Everything in the file but the numbers of the weights."""
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    for tensor in bare.graph.initializer:
        tensor.ClearField("raw_data")
    return [bare.SerializeToString()]


def test_the_same_network_gives_the_same_bytes(
    anisotropic: tuple[nn.Module, Path, float], tmp_path: Path
) -> None:
    network, path, difference = anisotropic

    again = write_onnx(
        network,
        tmp_path / "again.onnx",
        in_channels=2,
        divisor=(2, 4, 4),
        metadata={"a": "1", "b": "2"},
    )

    assert (tmp_path / "again.onnx").read_bytes() == path.read_bytes()
    assert again == difference


@pytest.mark.parametrize("package", ["onnx", "onnxscript", "onnxruntime"])
def test_a_missing_package_is_one_line_that_says_what_to_do(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(BackendError, match=rf"'{package}'.*\[onnx\].*--no-onnx") as caught:
        write_onnx(nn.Identity(), tmp_path / "n.onnx", in_channels=1, divisor=(1,), metadata={})

    assert "\n" not in str(caught.value)


def test_a_runtime_that_computes_something_else_is_found_out(
    anisotropic: tuple[nn.Module, Path, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = onnxruntime.InferenceSession

    class Liar:
        def __init__(self, *args: object, **options: object) -> None:
            self.session = honest(*args, **options)

        def run(self, *args: object) -> list[np.ndarray]:
            (result,) = self.session.run(*args)
            return [result + 2 * TOLERANCE * max(1.0, float(np.abs(result).max()))]

    monkeypatch.setattr(onnxruntime, "InferenceSession", Liar)
    path = tmp_path / "n.onnx"

    with pytest.raises(BackendError, match="computes something else"):
        write_onnx(anisotropic[0], path, in_channels=2, divisor=(2, 4, 4), metadata={})

    assert not path.exists()
