"""Read the plans and the data set file of nnU-Net: which network, for how many channels.

Source:
    The files as nnunetv2 2.8 writes and reads them, and the older form before 2.5.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.importers.nnunet_layers import (
    NETWORKS,
    PACKAGE,
    PlainLayers,
    ResidualLayers,
    named,
    spread,
)
from uxnet_compiler.schema import retell
from uxnet_compiler.wording import one_line

MAX_BYTES = 32 * 2**20
Model = TypeVar("Model", bound=BaseModel)
Voxels = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(max_length=3)]
Millimetres = Annotated[
    tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...], Field(max_length=3)
]


class _Read(BaseModel):
    """Base: what else stands in a file is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class _Architecture(_Read):
    network_class_name: Annotated[str, named(PACKAGE, *NETWORKS)]
    arch_kwargs: dict[str, JsonValue]


class _Configuration(_Read):
    architecture: _Architecture
    patch_size: Voxels | None = None
    spacing: Millimetres | None = None
    batch_size: int | None = None
    previous_stage: str | None = None


class _PlansFile(_Read):
    configurations: dict[str, dict[str, JsonValue]]
    transpose_forward: Voxels | None = None


class _DatasetFile(_Read):
    channel_names: dict[str, JsonValue] | None = None
    modality: dict[str, JsonValue] | None = None
    labels: dict[str, int | str | list[int]]


@dataclass(frozen=True)
class Plans:
    """The network of one configuration.

    Attributes:
        configuration: Its name, such as `3d_fullres`.
        network: Class of the network, one of `NETWORKS`.
        layers: Its arguments.
        cascaded: Whether it sees the labels of an earlier stage beside the image.
        facts: Patch (voxels), spacing (mm) and the like, for the provenance of a genotype.
    """

    configuration: str
    network: str
    layers: PlainLayers | ResidualLayers
    cascaded: bool
    facts: Mapping[str, JsonValue]


def read_plans(path: Path, configuration: str = "3d_fullres") -> Plans:
    """Read what a plans file says about a configuration.

    Raises:
        GenotypeError: The file cannot be read, has no such configuration, or trains a network
            that is not importable; every defect is told with its JSON path.
    """
    source = str(path)
    file = _checked(_PlansFile, _read_json(path), source)
    raw = _inherited(file.configurations, configuration, source)
    where = f"configurations.{configuration}"
    old = "architecture" not in raw
    if old:
        raw["architecture"] = _present_form(raw, where, source)
    found = _checked(_Configuration, raw, source, where)
    network = found.architecture.network_class_name
    arguments = spread(found.architecture.arch_kwargs)
    if old:
        layers = _checked(NETWORKS[network], arguments, source, where, names=_OLD_NAMES)
    else:
        where += ".architecture.arch_kwargs"
        layers = _checked(NETWORKS[network], arguments, source, where)
    facts: dict[str, JsonValue] = {"configuration": configuration} | found.model_dump(
        mode="json", include={"patch_size", "spacing", "batch_size"}, exclude_none=True
    )
    if file.transpose_forward is not None:
        facts["transpose_forward"] = list(file.transpose_forward)
    return Plans(configuration, network, layers, found.previous_stage is not None, facts)


def read_channels(path: Path, plans: Plans) -> tuple[int, int]:
    """Return the channels and the classes that a `dataset.json` gives the network of plans.

    Classes that overlap (regions) have no background channel.

    Raises:
        GenotypeError: The file cannot be read, or names no channels or labels.
    """
    source = str(path)
    file = _checked(_DatasetFile, _read_json(path), source)
    channels = file.channel_names if file.modality is None else file.modality
    if not channels:
        raise GenotypeError(source, [("channel_names", "there should be at least one channel")])
    labels = file.labels
    if all(isinstance(value, str) for value in labels.values()):
        # The Decathlon's form turns names and values round.
        labels = {str(value): index for index, value in enumerate(labels.values())}
    sets = []
    for name, value in labels.items():
        if isinstance(value, str):
            message = "should be a number, as the others are"
            raise GenotypeError(source, [(f"labels.{one_line(name)}", message)])
        if name != "ignore":
            sets.append(set(value) if isinstance(value, list) else {value})
    values = set().union(*sets)
    overlap = any(len(each) > 1 for each in sets)
    classes = sum(each != {0} for each in sets) if overlap else len(values)
    if classes == 0:
        raise GenotypeError(source, [("labels", "there should be at least one label")])
    return len(channels) + plans.cascaded * len(values - {0}), classes


def _inherited(
    configurations: Mapping[str, dict[str, JsonValue]], name: str, source: str
) -> dict[str, JsonValue]:
    """Return a configuration on top of those that it inherits from."""
    chain: list[str] = []
    wanted: JsonValue = name
    while wanted is not None:
        where = f"configurations.{one_line(chain[-1])}.inherits_from" if chain else "configurations"
        if not isinstance(wanted, str) or wanted not in configurations:
            known = one_line(", ".join(configurations)) or "none"
            raise GenotypeError(source, [(where, f"no configuration {wanted!r}; there: {known}")])
        if wanted in chain:
            raise GenotypeError(
                source, [(where, f"a circle: {one_line(' > '.join([*chain, wanted]))}")]
            )
        chain.append(wanted)
        wanted = configurations[wanted].get("inherits_from")
    found: dict[str, JsonValue] = {}
    for each in reversed(chain):
        found |= configurations[each]
    return found


_OLD_NAMES = {
    "kernel_sizes": "conv_kernel_sizes",
    "strides": "pool_op_kernel_sizes",
    "n_conv_per_stage": "n_conv_per_stage_encoder",
    "n_blocks_per_stage": "n_conv_per_stage_encoder",
    "n_conv_per_stage_decoder": "n_conv_per_stage_decoder",
}


def _present_form(old: Mapping[str, JsonValue], where: str, source: str) -> JsonValue:
    """Return the architecture that a configuration of the older form describes."""
    network = old.get("UNet_class_name")
    if not isinstance(network, str) or network not in NETWORKS:
        message = (
            f"neither an architecture nor a known UNet_class_name; known: {', '.join(NETWORKS)}"
        )
        raise GenotypeError(source, [(where, message)])
    numbers = {}
    for name in ("UNet_base_num_features", "unet_max_num_features"):
        value = old.get(name)
        if not isinstance(value, int) or not 1 <= value <= 65536:
            raise GenotypeError(source, [(f"{where}.{name}", "should be a number of channels")])
        numbers[name] = value
    encoder, patch = old.get("n_conv_per_stage_encoder"), old.get("patch_size")
    stages = len(encoder) if isinstance(encoder, list) else 0
    axes = len(patch) if isinstance(patch, list) else 3
    unused = "n_blocks_per_stage" if network == "PlainConvUNet" else "n_conv_per_stage"
    first, most = numbers["UNet_base_num_features"], numbers["unet_max_num_features"]
    features: list[JsonValue] = [min(first * 2**n, most) for n in range(min(stages, 16))]
    arguments: dict[str, JsonValue] = {
        new: old[was] for new, was in _OLD_NAMES.items() if new != unused and was in old
    }
    arguments |= {
        "n_stages": stages,
        "features_per_stage": features,
        "conv_op": f"torch.nn.Conv{axes}d",
        "conv_bias": True,
        "norm_op": f"torch.nn.InstanceNorm{axes}d",
        "norm_op_kwargs": {"eps": 1e-5, "affine": True},
        "nonlin": "torch.nn.LeakyReLU",
    }
    return {"network_class_name": f"{PACKAGE}.{network}", "arch_kwargs": arguments}


def _read_json(path: Path) -> JsonValue:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        raise GenotypeError(str(path), [("", problem)]) from None
    if len(content) > MAX_BYTES:
        raise GenotypeError(str(path), [("", f"larger than {MAX_BYTES} bytes")])
    try:
        found: JsonValue = json.loads(content.decode())
    except UnicodeDecodeError:
        problem = "not JSON: the file is no text (the pickles of nnU-Net 1 are not importable)"
    except RecursionError:
        problem = "not JSON: nested too deeply"
    except ValueError as error:
        problem = f"not JSON: {error}"
    else:
        return found
    raise GenotypeError(str(path), [("", problem)])


def _checked(
    model: type[Model],
    raw: JsonValue | Mapping[str, JsonValue],
    source: str,
    where: str = "",
    *,
    names: Mapping[str, str] | None = None,
) -> Model:
    """Validate, and tell defects by their paths in the file."""
    try:
        # Through JSON again: only there do Pydantic's strict types take a list for a tuple.
        return model.model_validate_json(json.dumps(raw))
    except ValidationError as error:
        defects = []
        for path, message in retell(error):
            first = path.partition(".")[0].partition("[")[0]
            told = (names or {}).get(first, first) + path[len(first) :]
            defects.append((".".join(filter(None, (where, told))), message))
        raise GenotypeError(source, defects) from None
