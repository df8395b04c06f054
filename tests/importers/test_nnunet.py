"""Networks that nnU-Net's plans describe compute here what they compute there."""

from __future__ import annotations

import json
import math
import pydoc
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from uxnet_compiler.backends.weights import tensor_shapes
from uxnet_compiler.compiler import build
from uxnet_compiler.errors import DataError, GenotypeError
from uxnet_compiler.importers.nnunet import genotype, stored_weights
from uxnet_compiler.importers.nnunet_layers import ResidualLayers
from uxnet_compiler.importers.nnunet_plans import Plans, read_channels, read_plans
from uxnet_compiler.lowering import lower
from uxnet_compiler.schema import Genotype, dump, dumps
from uxnet_compiler.zoo import fit, resolve

UNET = "dynamic_network_architectures.architectures.unet"
BLOCK = "dynamic_network_architectures.building_blocks.residual"
ANISOTROPIC: dict[str, Any] = {
    "kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
    "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
}


def layers(axes: int = 3, **changes: Any) -> dict[str, Any]:
    """Return arguments as nnU-Net's planner writes them, for a small network."""
    made = {
        "n_stages": 3,
        "features_per_stage": [4, 6, 8],
        "conv_op": f"torch.nn.modules.conv.Conv{axes}d",
        "kernel_sizes": [[3] * axes] * 3,
        "strides": [[1] * axes, [2] * axes, [2] * axes],
        "n_conv_per_stage_decoder": [2, 1],
        "conv_bias": True,
        "norm_op": f"torch.nn.modules.instancenorm.InstanceNorm{axes}d",
        "norm_op_kwargs": {"eps": 1e-5, "affine": True},
        "dropout_op": None,
        "dropout_op_kwargs": None,
        "nonlin": "torch.nn.LeakyReLU",
        "nonlin_kwargs": {"inplace": True},
    }
    return made | changes


def plain(axes: int = 3, **changes: Any) -> dict[str, Any]:
    return layers(axes, **{"n_conv_per_stage": [2, 2, 1]} | changes)


def residual(axes: int = 3, **changes: Any) -> dict[str, Any]:
    return layers(axes, **{"n_blocks_per_stage": [1, 2, 2]} | changes)


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("PlainConvUNet", plain()),
    "plain, 2-D": ("PlainConvUNet", plain(2)),
    "plain, anisotropic": ("PlainConvUNet", plain(**ANISOTROPIC)),
    "plain, one number for all": (
        "PlainConvUNet",
        plain(features_per_stage=5, kernel_sizes=3, strides=[1, 2, 2], n_conv_per_stage=2),
    ),
    "plain, relu before batch norm": (
        "PlainConvUNet",
        plain(
            norm_op="torch.nn.BatchNorm3d",
            norm_op_kwargs={"eps": 1e-3},
            nonlin="torch.nn.ReLU",
            nonlin_kwargs=None,
            nonlin_first=True,
            conv_bias=False,
        ),
    ),
    "plain, a stage on the same grid": (
        "PlainConvUNet",
        plain(strides=[[1, 1, 1], [1, 1, 1], [1, 2, 2]]),
    ),
    "plain, no norm": ("PlainConvUNet", plain(norm_op=None, norm_op_kwargs=None)),
    "plain, two stages": (
        "PlainConvUNet",
        plain(
            n_stages=2,
            features_per_stage=[4, 6],
            kernel_sizes=3,
            strides=[1, 2],
            n_conv_per_stage=1,
            n_conv_per_stage_decoder=1,
        ),
    ),
    "residual encoder": ("ResidualEncoderUNet", residual()),
    "residual encoder, 2-D": (
        "ResidualEncoderUNet",
        residual(2, nonlin_kwargs={"negative_slope": 0.2}),
    ),
    "residual encoder, anisotropic": ("ResidualEncoderUNet", residual(**ANISOTROPIC)),
    "residual encoder, equal widths": (
        "ResidualEncoderUNet",
        residual(features_per_stage=[4, 6, 6]),
    ),
    "residual encoder, bottlenecks and stem": (
        "ResidualEncoderUNet",
        residual(block=f"{BLOCK}.BottleneckD", bottleneck_channels=[2, 3, 4], stem_channels=5),
    ),
    "residual": ("ResidualUNet", residual(n_conv_per_stage_decoder=[2, 2])),
}


def plans_file(folder: Path, network: str, arguments: dict[str, Any], **configuration: Any) -> Path:
    """Write plans with one configuration."""
    path = folder / "plans.json"
    axes = 2 if arguments["conv_op"].endswith("2d") else 3
    architecture = {
        "network_class_name": f"{UNET}.{network}",
        "arch_kwargs": arguments,
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }
    own = {"patch_size": [16] * axes, "batch_size": 2, "architecture": architecture}
    content = {
        "dataset_name": "Dataset001_Secret",
        "transpose_forward": list(range(axes)),
        "configurations": {"3d_fullres": own | configuration},
    }
    path.write_text(json.dumps(content))
    return path


def theirs(
    network: str,
    arguments: dict[str, Any],
    channels: int = 2,
    classes: int = 3,
    *,
    deep_supervision: bool = False,
) -> nn.Module:
    """Build nnU-Net's own network, with norms that are not just ones and zeros."""
    unet = pytest.importorskip(UNET)
    named = ("conv_op", "norm_op", "dropout_op", "nonlin", "block")
    objects = {n: pydoc.locate(arguments[n]) for n in named if arguments.get(n) is not None}
    made: nn.Module = getattr(unet, network)(
        input_channels=channels,
        num_classes=classes,
        **arguments | objects,
        deep_supervision=deep_supervision,
    )
    generator = torch.Generator().manual_seed(0)
    for name, tensor in made.state_dict().items():
        if tensor.is_floating_point():
            noise = torch.rand(tensor.shape, generator=generator) - 0.5
            tensor.copy_(noise + (1.0 if name.endswith("_var") else 0.0))
    return made.eval()


def images(axes: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    sizes = ((8, 16, 12), (16, 8, 16))
    return [torch.randn(2, 2, *size[:axes], generator=generator) for size in sizes]


@pytest.mark.parametrize("case", CASES)
def test_an_imported_network_computes_what_nnu_net_computes(case: str, tmp_path: Path) -> None:
    network, arguments = CASES[case]
    plans = read_plans(plans_file(tmp_path, network, arguments))
    original = theirs(network, arguments, deep_supervision=True)
    made = genotype(plans, in_channels=2, out_channels=3)

    weights = stored_weights(plans, original.state_dict())
    compiled = build(made, weights=weights, deep_supervision=True).eval()

    for image in images(made.architecture.spatial_dims):
        with torch.no_grad():
            wanted, found = original(image), compiled(image)
        found = found if isinstance(found, tuple) else (found,)
        assert len(found) == len(wanted) == plans.layers.n_stages - 1
        for ours, other in zip(found, wanted, strict=True):
            torch.testing.assert_close(ours, other, rtol=1e-5, atol=1e-5)


BUNDLED = Path(str(files("uxnet_compiler.genotypes"))) / "nnunet"
LICENSE = "Apache-2.0"
ZOO: dict[str, tuple[str, dict[str, Any], dict[str, Any], int, int]] = {
    # What the planner makes of MRI of the brain, 4 sequences at 1 mm, and of small crops.
    "nnunet": (
        "PlainConvUNet",
        plain(
            n_stages=6,
            features_per_stage=[32, 64, 128, 256, 320, 320],
            kernel_sizes=3,
            strides=[1, 2, 2, 2, 2, 2],
            n_conv_per_stage=2,
            n_conv_per_stage_decoder=2,
        ),
        {"patch_size": [128, 128, 128], "spacing": [1.0, 1.0, 1.0]},
        4,
        4,
    ),
    "nnunet-resenc": (
        "ResidualEncoderUNet",
        residual(
            n_stages=4,
            features_per_stage=[32, 64, 128, 256],
            kernel_sizes=3,
            strides=[1, 2, 2, 2],
            n_blocks_per_stage=[1, 3, 4, 6],
            n_conv_per_stage_decoder=1,
        ),
        {"patch_size": [40, 56, 40], "spacing": [1.0, 1.0, 1.0]},
        1,
        3,
    ),
}


def bundled(name: str, folder: Path) -> Genotype:
    """Import a document of the zoo again."""
    network, arguments, facts, in_channels, out_channels = ZOO[name]
    plans = read_plans(plans_file(folder, network, arguments, **facts))
    made = genotype(plans, in_channels=in_channels, out_channels=out_channels, name=name)
    origin = f"example of what nnU-Net's planner writes: {network}"
    provenance = made.provenance.model_copy(update={"origin": origin, "license": LICENSE})
    return made.model_copy(update={"provenance": provenance})


@pytest.mark.parametrize("name", ZOO)
def test_a_document_of_the_zoo_is_what_its_plans_describe(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = BUNDLED / f"{name}.json"
    if request.config.getoption("--update-golden"):
        dump(bundled(name, tmp_path), path)

    assert path.read_text(encoding="utf-8") == dumps(bundled(name, tmp_path))


@pytest.mark.parametrize("name", ZOO)
def test_a_document_of_the_zoo_has_as_many_parameters_as_nnu_net_s_network(name: str) -> None:
    network, arguments, _, channels, classes = ZOO[name]
    with torch.device("meta"):
        original = theirs(network, arguments, channels, classes)
    graph = lower(resolve(f"zoo:{name}").architecture, deep_supervision=True)

    found = sum(math.prod(shape) for shape in tensor_shapes(graph).values())

    assert found == sum(tensor.numel() for tensor in original.parameters())


def test_a_document_of_the_zoo_can_get_other_widths() -> None:
    fitted = fit(resolve("zoo:nnunet-resenc"), in_channels=2, widths=(2, 3, 4, 5))

    assert fitted.compile()(torch.zeros(1, 2, 8, 16, 16)).shape == (1, 3, 8, 16, 16)


def test_the_provenance_tells_the_patch_and_not_the_data_set(tmp_path: Path) -> None:
    plans = read_plans(plans_file(tmp_path, "PlainConvUNet", plain(), spacing=[1.5, 1, 1]))

    made = genotype(plans, in_channels=1, out_channels=2)

    assert made.provenance.data == {
        "configuration": "3d_fullres",
        "patch_size": [16, 16, 16],
        "spacing": [1.5, 1.0, 1.0],
        "batch_size": 2,
        "transpose_forward": [0, 1, 2],
    }
    assert "Secret" not in dumps(made)


OLD = {
    "UNet_class_name": "PlainConvUNet",
    "UNet_base_num_features": 32,
    "n_conv_per_stage_encoder": [2, 2, 2, 2, 2],
    "n_conv_per_stage_decoder": [2, 2, 2, 2],
    "num_pool_per_axis": [4, 4, 4],
    "pool_op_kernel_sizes": [[1, 1, 1], *([[2, 2, 2]] * 4)],
    "conv_kernel_sizes": [[3, 3, 3]] * 5,
    "unet_max_num_features": 320,
    "patch_size": [64, 64, 64],
    "batch_size": 2,
}


def file_of(folder: Path, content: object, name: str = "plans.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(content))
    return path


def test_the_older_form_of_plans_describes_the_same_network(tmp_path: Path) -> None:
    present = plain(
        n_stages=5,
        features_per_stage=[32, 64, 128, 256, 320],
        kernel_sizes=3,
        strides=[1, 2, 2, 2, 2],
        n_conv_per_stage=2,
        n_conv_per_stage_decoder=2,
    )
    new = read_plans(plans_file(tmp_path, "PlainConvUNet", present))

    old = read_plans(file_of(tmp_path, {"configurations": {"3d_fullres": OLD}}))

    found, wanted = (genotype(p, in_channels=1, out_channels=2) for p in (old, new))
    assert found.architecture == wanted.architecture


def test_a_residual_encoder_of_the_older_form_counts_blocks(tmp_path: Path) -> None:
    old = OLD | {"UNet_class_name": "ResidualEncoderUNet", "n_conv_per_stage_encoder": [1] * 5}

    plans = read_plans(file_of(tmp_path, {"configurations": {"3d_fullres": old}}))

    assert isinstance(plans.layers, ResidualLayers)
    assert plans.layers.n_blocks_per_stage == (1,) * 5


def test_a_configuration_inherits_what_it_does_not_say(tmp_path: Path) -> None:
    content = {
        "configurations": {
            "3d_fullres": OLD,
            "mine": {"inherits_from": "larger", "batch_size": 4},
            "larger": {"inherits_from": "3d_fullres", "batch_size": 3, "patch_size": [96] * 3},
        }
    }

    plans = read_plans(file_of(tmp_path, content), "mine")

    assert plans.facts["batch_size"] == 4
    assert plans.facts["patch_size"] == [96, 96, 96]


def old_with(**changes: Any) -> dict[str, Any]:
    return {"configurations": {"3d_fullres": OLD | changes}}


def new_with(network: str = f"{UNET}.PlainConvUNet", **changes: Any) -> dict[str, Any]:
    architecture = {"network_class_name": network, "arch_kwargs": plain(**changes)}
    return {"configurations": {"3d_fullres": {"architecture": architecture}}}


ARGUMENTS = "configurations.3d_fullres.architecture.arch_kwargs"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "Input should be an object"),
        ({}, "configurations: Field required"),
        (
            {"configurations": {"2d": {}}},
            "configurations: no configuration '3d_fullres'; there: 2d",
        ),
        (
            {"configurations": {"3d_fullres": {"inherits_from": "other"}}},
            "configurations.3d_fullres.inherits_from: no configuration 'other'",
        ),
        (
            {"configurations": {"3d_fullres": {"inherits_from": "3d_fullres"}}},
            "configurations.3d_fullres.inherits_from: a circle: 3d_fullres > 3d_fullres",
        ),
        (old_with(UNet_class_name="Mine"), "configurations.3d_fullres: neither an architecture"),
        (
            old_with(UNet_base_num_features="32"),
            "configurations.3d_fullres.UNet_base_num_features: should be a number",
        ),
        (
            old_with(conv_kernel_sizes=[[3, 3, 2]] * 5),
            "configurations.3d_fullres.conv_kernel_sizes[0]: a kernel with an even side",
        ),
        (
            new_with("my_lab.nets.PlainConvUNet"),
            "architecture.network_class_name: not importable; known of dynamic_network_arch",
        ),
        (new_with(conv_op="os.system"), f"{ARGUMENTS}.conv_op: not importable; known of torch"),
        (new_with(dropout_op="torch.nn.Dropout3d"), f"{ARGUMENTS}.dropout_op: Input should be"),
        (new_with(squeeze_excitation=True), f"{ARGUMENTS}.squeeze_excitation: Extra inputs"),
        (new_with(n_stages=10**9), f"{ARGUMENTS}.n_stages: Input should be less than"),
        (new_with(features_per_stage=[4, 6]), f"{ARGUMENTS}: features_per_stage has 2 entries"),
        (new_with(kernel_sizes=[[3, 3]] * 3), f"{ARGUMENTS}: kernel_sizes needs 3 numbers"),
        (new_with(strides=2), f"{ARGUMENTS}: strides[0] should be all ones"),
        (
            new_with(norm_op="torch.nn.InstanceNorm2d"),
            f"{ARGUMENTS}: norm_op InstanceNorm2d does not go with Conv3d",
        ),
        (new_with(norm_op_kwargs={}), f"{ARGUMENTS}: norm_op_kwargs.affine should be true"),
        (
            new_with(nonlin="torch.nn.ReLU", nonlin_kwargs={"negative_slope": 0.1}),
            f"{ARGUMENTS}: nonlin_kwargs.negative_slope is for LeakyReLU alone",
        ),
    ],
)
def test_a_defect_is_told_with_its_path(content: object, message: str, tmp_path: Path) -> None:
    path = file_of(tmp_path, content)

    with pytest.raises(GenotypeError) as caught:
        read_plans(path)

    lines = str(caught.value).splitlines()
    assert len(lines) == 1 or "kernel" in message  # one of each stage
    assert lines[0].startswith(f"{path}: ")
    assert message in lines[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x04\x95", "not JSON: the file is no text"),
        (b"{", "not JSON: Expecting property name"),
        (b"[" * 100_000, "not JSON: nested too deeply"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_is_no_json_is_told(
    content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "plans.pkl"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(GenotypeError, match=message):
        read_plans(path)


@pytest.mark.parametrize(
    ("dataset", "wanted"),
    [
        ({"channel_names": {"0": "T1"}, "labels": {"background": 0, "a": 1, "b": 2}}, (1, 3)),
        ({"modality": {"0": "T1", "1": "T2"}, "labels": {"0": "background", "1": "a"}}, (2, 2)),
        (
            {"channel_names": {"0": "CT"}, "labels": {"background": 0, "a": 1, "ignore": 2}},
            (1, 2),
        ),
        (
            {
                "channel_names": {"0": "CT"},
                "labels": {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "rim": 3},
                "regions_class_order": [1, 2, 3],
            },
            (1, 3),
        ),
    ],
)
def test_the_data_set_says_how_many_channels_and_classes(
    dataset: dict[str, Any], wanted: tuple[int, int], tmp_path: Path
) -> None:
    plans = read_plans(plans_file(tmp_path, "PlainConvUNet", plain()))
    path = file_of(tmp_path, dataset, "dataset.json")

    assert read_channels(path, plans) == wanted


def test_the_second_stage_of_a_cascade_sees_the_labels_of_the_first(tmp_path: Path) -> None:
    plans = read_plans(plans_file(tmp_path, "PlainConvUNet", plain(), previous_stage="3d_lowres"))
    dataset = {"channel_names": {"0": "CT"}, "labels": {"background": 0, "a": 1, "b": 2}}

    assert read_channels(file_of(tmp_path, dataset, "dataset.json"), plans) == (3, 3)


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ({"labels": {"background": 0}}, "channel_names: there should be at least one channel"),
        ({"channel_names": {"0": "CT"}}, "labels: Field required"),
        ({"channel_names": {"0": "CT"}, "labels": {}}, "labels: there should be at least one"),
        (
            {"channel_names": {"0": "CT"}, "labels": {"a": 1, "b": "c"}},
            "labels.b: should be a number, as the others are",
        ),
    ],
)
def test_a_defect_of_the_data_set_is_told(
    dataset: dict[str, Any], message: str, tmp_path: Path
) -> None:
    plans = read_plans(plans_file(tmp_path, "PlainConvUNet", plain()))
    path = file_of(tmp_path, dataset, "dataset.json")

    with pytest.raises(GenotypeError) as caught:
        read_channels(path, plans)

    assert message in str(caught.value)


def small(tmp_path: Path) -> tuple[Plans, dict[str, Tensor]]:
    plans = read_plans(plans_file(tmp_path, "PlainConvUNet", plain()))
    return plans, dict(theirs("PlainConvUNet", plain()).state_dict())


def test_any_one_name_of_a_tensor_is_enough(tmp_path: Path) -> None:
    plans, state = small(tmp_path)
    wanted = stored_weights(plans, state)
    encoder, parts = "encoder.", re.compile(r"\.(conv|norm)\.\w+$")

    rare = {k: v for k, v in state.items() if not k.startswith(encoder) and not parts.search(k)}
    found = stored_weights(plans, {f"module.{key}": tensor for key, tensor in rare.items()})

    assert len(rare) < len(state) / 2
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_a_missing_or_strange_tensor_is_told(tmp_path: Path) -> None:
    plans, state = small(tmp_path)
    lacking = {key: tensor for key, tensor in state.items() if "seg_layers.0" not in key}

    with pytest.raises(DataError, match=r"^w: decoder.seg_layers.0.weight is missing"):
        stored_weights(plans, lacking, source="w")
    with pytest.raises(DataError, match=r"^w: other.weight is not in the network of these plans"):
        stored_weights(plans, state | {"other.weight": torch.zeros(1)}, source="w")
