"""The networks that `compiler.py` compares: the same architecture and weights on every side."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from uxnet_compiler.backends.onnx import OnnxTarget
from uxnet_compiler.backends.openvino import OpenVinoTarget
from uxnet_compiler.backends.target import Network, Runner
from uxnet_compiler.compiler import assemble
from uxnet_compiler.lowering import lower
from uxnet_compiler.machine.guard import guard
from uxnet_compiler.machine.layout import channels_last, channels_last_
from uxnet_compiler.passes import INFERENCE, run_passes
from uxnet_compiler.schema import Genotype, drop_dead

WIDTHS = (32, 64, 128, 256)


@dataclass(frozen=True)
class Sides:
    """One network as ours and as others build it, with the same weights.

    Attributes:
        ours: Compiled here.
        others: Modules by the name of who built them; the first is the reference.
    """

    ours: Network
    others: Mapping[str, nn.Module]


def compiled(genotype: Genotype, stored: Mapping[str, Tensor] | None = None) -> Network:
    """Compile for inference."""
    architecture = drop_dead(genotype.architecture)
    document = lower(architecture)
    graph = run_passes(document, INFERENCE)
    weights = stored or assemble(document, document, None).state_dict()
    return Network(
        name=genotype.name,
        genotype_id=genotype.id,
        document=document,
        graph=graph,
        stored=weights,
        module=assemble(document, graph, weights).eval(),
        divisor=architecture.total_stride,
    )


def unet() -> Sides:
    """Return nnU-Net's plain U-Net, MONAI's DynUNet and ours."""
    from dynamic_network_architectures.architectures.unet import PlainConvUNet
    from monai.networks.nets.dynunet import DynUNet

    from uxnet_compiler.importers import nnunet
    from uxnet_compiler.importers.nnunet_plans import read_plans

    stages = len(WIDTHS)
    arguments = {
        "n_stages": stages,
        "features_per_stage": list(WIDTHS),
        "kernel_sizes": [[3, 3, 3]] * stages,
        "strides": [[1, 1, 1]] + [[2, 2, 2]] * (stages - 1),
        "n_conv_per_stage": [2] * stages,
        "n_conv_per_stage_decoder": [2] * (stages - 1),
        "conv_bias": True,
        "norm_op_kwargs": {"eps": 1e-5, "affine": True},
        "nonlin_kwargs": {"inplace": True},
    }
    torch.manual_seed(0)
    theirs = PlainConvUNet(
        input_channels=1,
        num_classes=3,
        conv_op=nn.Conv3d,
        norm_op=nn.InstanceNorm3d,
        nonlin=nn.LeakyReLU,
        deep_supervision=False,
        **arguments,
    ).eval()
    dynunet = DynUNet(
        spatial_dims=3,
        in_channels=1,
        out_channels=3,
        kernel_size=[3] * stages,
        strides=[1] + [2] * (stages - 1),
        upsample_kernel_size=[2] * (stages - 1),
        filters=WIDTHS,
        norm_name=("INSTANCE", {"affine": True}),
        trans_bias=True,
    ).eval()
    _fill(dynunet, theirs)
    names = {
        "conv_op": "torch.nn.modules.conv.Conv3d",
        "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
        "nonlin": "torch.nn.LeakyReLU",
        "dropout_op": None,
        "dropout_op_kwargs": None,
    }
    plans = {
        "configurations": {
            "3d_fullres": {
                "architecture": {
                    "network_class_name": (
                        "dynamic_network_architectures.architectures.unet.PlainConvUNet"
                    ),
                    "arch_kwargs": arguments | names,
                    "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
                }
            }
        }
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plans.json"
        path.write_text(json.dumps(plans), encoding="utf-8")
        read = read_plans(path)
    genotype = nnunet.genotype(read, in_channels=1, out_channels=3, name="plain U-Net")
    stored = nnunet.stored_weights(read, theirs.state_dict())
    return Sides(compiled(genotype, stored), {"nnU-Net": theirs, "MONAI DynUNet": dynunet})


def _fill(dynunet: nn.Module, theirs: nn.Module) -> None:
    """Give a DynUNet the weights of a plain U-Net.

    The biases before instance norms have no effect, and DynUNet has none.
    """
    ups = list(theirs.get_submodule("decoder.transpconvs").children())
    stages = list(theirs.get_submodule("decoder.stages").children())
    head = list(theirs.get_submodule("decoder.seg_layers").children())[-1]
    given = [theirs.get_submodule("encoder")]
    given += [part for pair in zip(ups, stages, strict=True) for part in pair]
    given.append(head)
    parts = ("input_block", "downsamples", "bottleneck", "upsamples", "output_block")
    taken = [dynunet.get_submodule(part) for part in parts]
    for kinds in ((nn.Conv3d, nn.ConvTranspose3d), (nn.InstanceNorm3d,)):
        sources = [m for part in given for m in part.modules() if isinstance(m, kinds)]
        targets = [m for part in taken for m in part.modules() if isinstance(m, kinds)]
        for target, source in zip(targets, sources, strict=True):
            kept = target.state_dict().keys()
            target.load_state_dict({k: v for k, v in source.state_dict().items() if k in kept})


def dints(code: Path) -> Sides:
    """Return the published DiNTS network as MONAI builds it, and ours with the same weights."""
    from uxnet_compiler.importers import dints as importer

    theirs, read = dints_theirs(code), importer.read_code(code)
    stored = importer.stored_weights(read, theirs.state_dict())
    return Sides(compiled(importer.genotype(read), stored), {"MONAI DiNTS": theirs})


def dints_ours(code: Path) -> Network:
    """Return the published DiNTS network with fresh weights."""
    from uxnet_compiler.importers import dints as importer

    network = compiled(importer.genotype(importer.read_code(code)))
    return replace(network, stored={})  # the module holds its own


def dints_theirs(code: Path) -> nn.Module:
    """Return the published DiNTS network as MONAI builds it."""
    from monai.networks.nets.dints import DiNTS, TopologyInstance

    from uxnet_compiler.importers import dints as importer

    read = importer.read_code(code)
    torch.manual_seed(0)
    space = TopologyInstance(
        arch_code=[torch.tensor(read.arch_code_a), torch.tensor(read.arch_code_c)],
        channel_mul=1.0,
        num_blocks=12,
        num_depths=4,
        use_downsample=True,
        device="cpu",
    )
    return DiNTS(
        dints_space=space,
        in_channels=1,
        num_classes=3,
        use_downsample=True,
        node_a=torch.tensor(read.node_a),
    ).eval()


@dataclass(frozen=True)
class Runtime:
    """One way to run a compiled network here."""

    name: str
    run: Runner


@contextmanager
def runtimes(network: Network) -> Iterator[list[Runtime]]:
    """Open a network in every way that this machine has."""
    eager = assemble(network.document, network.graph, network.stored).eval()
    half = assemble(network.document, network.graph, network.stored).eval()
    channels_last_(half, len(network.divisor))
    guard(half)

    def in_half(image: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            made: Tensor = half(channels_last(image, len(network.divisor)))
        return made.float()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        onnx, openvino = OnnxTarget(), OpenVinoTarget()
        onnx.write(network, folder / onnx.file)
        openvino.write(network, folder / openvino.file)
        yield [
            Runtime("torch float32", _quiet(eager)),
            Runtime("torch bfloat16", _quiet(in_half)),
            Runtime("ONNX Runtime float32", onnx.open(folder / onnx.file, network)),
            Runtime("OpenVINO float32", openvino.open(folder / openvino.file, network)),
            Runtime(
                "OpenVINO bfloat16", openvino.open(folder / openvino.file, network, "bfloat16")
            ),
        ]


def _quiet(call: Callable[[Tensor], Tensor]) -> Runner:
    @torch.inference_mode()
    def run(image: Tensor) -> Tensor:
        return call(image)

    return run
