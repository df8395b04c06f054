"""The networks that `compiler.py` compares: the same architecture and weights on every side."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from uxnet_compiler.backends.target import Network
from uxnet_compiler.compiler import assemble
from uxnet_compiler.lowering import lower
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.passes import INFERENCE, run_passes
from uxnet_compiler.runtimes import Runtime, on_torch
from uxnet_compiler.runtimes.written import with_onnx, with_openvino
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
        arch_code=[np.array(read.arch_code_a), np.array(read.arch_code_c)],
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


def runtimes(network: Network) -> list[Runtime]:
    """Return every way to run a network on this machine."""
    dims, cpu = len(network.divisor), torch.device("cpu")
    half = assemble(network.document, network.graph, network.stored)
    return [
        on_torch(network.module, dims, cpu, Precision("float32", False, "asked for")),
        on_torch(half, dims, cpu, Precision("bfloat16", True, "asked for")),
        with_onnx(network),
        with_openvino(network, "float32"),
        with_openvino(network, "bfloat16"),
    ]
