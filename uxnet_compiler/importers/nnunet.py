"""nnU-Net: the networks that its plans describe, and the weights of its checkpoints.

Source:
    Isensee, Jaeger, Kohl, Petersen, Maier-Hein: nnU-Net, Nature Methods 18 (2021); residual
    encoders: Isensee et al., nnU-Net Revisited, MICCAI 2024. The layers are those of
    `PlainConvUNet`, `ResidualEncoderUNet` and `ResidualUNet` of dynamic_network_architectures 0.4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from uxnet_compiler.errors import DataError
from uxnet_compiler.importers.draft import Draft
from uxnet_compiler.importers.nnunet_blocks import Blocks, Run, split
from uxnet_compiler.importers.nnunet_layers import PlainLayers, ResidualLayers
from uxnet_compiler.importers.nnunet_plans import Plans
from uxnet_compiler.lowering import lower
from uxnet_compiler.schema import INPUT, OUTPUT, Genotype, Provenance, dumps, loads, told_as
from uxnet_compiler.wording import one_line

if TYPE_CHECKING:
    from torch import Tensor

PAPER = (
    "Isensee, Jaeger, Kohl, Petersen, Maier-Hein: nnU-Net: a self-configuring method for deep"
    " learning-based biomedical image segmentation. Nature Methods 18, 2021"
)


def genotype(
    plans: Plans, *, in_channels: int, out_channels: int, name: str = "nnunet"
) -> Genotype:
    """Return the document of the network that plans describe.

    The levels are the stages of the plans, their axes those of the plans, too. The concats of
    the decoder read in the order of names, as everywhere: `bottleneck` and `decoder` stand
    before `encoder`, so what comes from below is first, as in nnU-Net.

    Args:
        plans: As `read_plans` returns them.
        in_channels: Channels of the image.
        out_channels: Classes, background included, or regions.
        name: Of the genotype.

    Raises:
        GenotypeError: The network is beyond the limits of a document.
    """
    with told_as(name):
        architecture = _draft(plans).architecture(
            in_channels=in_channels,
            out_channels=out_channels,
            widths=plans.layers.features_per_stage,
            strides=plans.layers.strides,
        )
        provenance = Provenance(
            origin=f"nnU-Net plans: {plans.network}", paper=PAPER, data=dict(plans.facts)
        )
        made = Genotype(name=name, architecture=architecture, provenance=provenance)
    return loads(dumps(made), source=name)


def stored_weights(
    plans: Plans, state: Mapping[str, Tensor], *, source: str = "weights"
) -> dict[str, Tensor]:
    """Return the tensors of nnU-Net's state dict under the document's names.

    The heads of deep supervision come as those of the document, `aux_1` and so on. nnU-Net knows
    most tensors by several names; any one of them is enough.

    Raises:
        DataError: A tensor is missing, or one is not of this network.
    """
    given = {_plain_key(key): tensor for key, tensor in state.items()}
    names = _stored_names(plans)
    for name in names.values():
        if name not in given:
            raise DataError(f"{source}: {name} is missing; the network of these plans has it")
    unknown = sorted(given.keys() - names.values())
    if unknown:
        raise DataError(f"{source}: {one_line(unknown[0])} is not in the network of these plans")
    return {ours: given[theirs] for ours, theirs in names.items()}


def _plain_key(key: str) -> str:
    """Return the first of the names under which nnU-Net files a tensor."""
    key = key.removeprefix("module.")
    if key.startswith("decoder.encoder."):
        key = key.removeprefix("decoder.")
    # Of a convolution, its norm and its activation only the first two have tensors.
    key = re.sub(r"\.all_modules\.0\.(?=\w+$)", ".conv.", key)
    return re.sub(r"\.all_modules\.\d\.(?=\w+$)", ".norm.", key)


def _stored_names(plans: Plans) -> dict[str, str]:
    """Return, for every tensor of the document's network, its key in nnU-Net's state dict."""
    homes = _draft(plans).homes
    graph = lower(
        genotype(plans, in_channels=1, out_channels=1).architecture, deep_supervision=True
    )
    names = {}
    for value in graph.values():
        inputs = tuple(graph[source].type for source in value.inputs)
        for part in (*value.op.weights(inputs), *value.op.statistics(inputs)):
            names[f"{value.id}.{part}"] = f"{homes[value.id]}.{part}"
    return names


def _draft(plans: Plans) -> Draft:
    layers, draft, blocks = plans.layers, Draft(), Blocks(plans.layers)
    if isinstance(layers, PlainLayers):
        skips = _plain_encoder(draft, blocks, layers)
    else:
        skips = _residual_encoder(draft, blocks, layers)
    deepest = layers.n_stages - 1
    below = skips[deepest]
    for index, level in enumerate(reversed(range(deepest))):
        name, home = f"decoder{level}", f"decoder.stages.{index}"
        place = (2 * deepest - level, level)
        count = layers.n_conv_per_stage_decoder[index]
        convs = () if plans.network == "ResidualUNet" else blocks.convs(home, level, count)
        draft.edge(below, name, *blocks.rise(f"decoder.transpconvs.{index}", level))
        draft.edge(skips[level], name)
        below = draft.node(name, *place, *convs, concat=True)
        for number in range(0 if convs else count):
            inner = f"{home}.blocks.{number}"
            body = blocks.body(inner, level, blocks.ones, None)
            skip = blocks.skip(inner, blocks.ones, projects=number == 0)
            below = _residual(draft, blocks, below, f"{name}_{number}", place, body, skip)
        # Read by the lowering: deep supervision has a head on the last node of a level.
        draft.homes[f"aux_{level}.conv"] = f"decoder.seg_layers.{index}"
    draft.edge(below, OUTPUT, *blocks.head(f"decoder.seg_layers.{deepest - 1}"))
    return draft


def _name(level: int, stages: int) -> str:
    return "bottleneck" if level == stages - 1 else f"encoder{level}"


def _plain_encoder(draft: Draft, blocks: Blocks, layers: PlainLayers) -> list[str]:
    """Draw the stages and return the last node of each."""
    ends = [INPUT]
    for level, (stride, count) in enumerate(
        zip(layers.strides, layers.n_conv_per_stage, strict=True)
    ):
        name = _name(level, layers.n_stages)
        way, inside = split(blocks.convs(f"encoder.stages.{level}.0", level, count, stride))
        draft.edge(ends[-1], name, *way)
        ends.append(draft.node(name, level, level, *inside))
    return ends[1:]


def _residual_encoder(draft: Draft, blocks: Blocks, layers: ResidualLayers) -> list[str]:
    """Draw the stem and the stages and return the last node of each stage."""
    features = layers.features_per_stage
    given = layers.stem_channels or features[0]
    stem = blocks.conv(
        "encoder.stem.convs.0",
        layers.kernel_sizes[0],
        channels="node" if given == features[0] else given,
    )
    draft.edge(INPUT, "stem")
    below = draft.node("stem", 0, 0, *stem)
    ends = []
    for level, count in enumerate(layers.n_blocks_per_stage):
        narrow = layers.bottleneck(level)
        for number in range(count):
            home = f"encoder.stages.{level}.blocks.{number}"
            stride = blocks.ones if number else layers.strides[level]
            body = blocks.body(home, level, stride, narrow)
            skip = blocks.skip(home, stride, projects=given != features[level])
            name = f"{_name(level, layers.n_stages)}_{number}"
            below = _residual(draft, blocks, below, name, (level, level), body, skip)
            given = features[level]
        ends.append(below)
    return ends


def _residual(
    draft: Draft,
    blocks: Blocks,
    below: str,
    name: str,
    place: tuple[int, int],
    body: Run,
    skip: Run,
) -> str:
    """Draw a residual block: what it adds is a node, and so is the sum."""
    way, inside = split(body)
    draft.edge(below, name, *way)
    draft.node(name, *place, *inside)
    total = draft.node(f"{name}_sum", *place, *blocks.activation())
    draft.edge(name, total)
    draft.edge(below, total, *skip)
    return total
