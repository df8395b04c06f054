"""Write a genotype as a network that others can run: document, weights, ONNX and report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from uxnet_compiler.backends import torch as backend
from uxnet_compiler.backends.onnx import require_onnx, write_onnx
from uxnet_compiler.backends.safetensors import read_weights, write_weights
from uxnet_compiler.compiler import network_cost
from uxnet_compiler.errors import BackendError, RunError
from uxnet_compiler.files import replacing, write_text
from uxnet_compiler.ir import Graph
from uxnet_compiler.lowering import lower
from uxnet_compiler.ops import spell
from uxnet_compiler.passes import TRAINING, Pass, run_passes
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.schema import Architecture, Genotype, drop_dead, dump, load, structure_id

GENOTYPE_FILE = "genotype.json"
WEIGHTS_FILE = "weights.safetensors"
ONNX_FILE = "network.onnx"
REPORT_FILE = "report.json"
FILES = (GENOTYPE_FILE, WEIGHTS_FILE, ONNX_FILE, REPORT_FILE)


class Report(BaseModel):
    """What was written, in numbers; no dates, no paths.

    Attributes:
        name: Name of the genotype.
        id: Identity of the architecture.
        structure_id: The same up to the names of nodes.
        in_channels: Channels of the image.
        out_channels: Classes, background included.
        divisor: Image sizes are multiples of it, per axis (D, H, W).
        image_size: What the costs are for, per axis.
        params: Trained numbers.
        macs: Multiply-accumulates of the convolutions for one image.
        peak_bytes: Most bytes of float32 feature maps alive at once in inference.
        passes: Rewrites made by each pass, in the order of the passes.
        onnx_difference: Largest difference of a logit between torch and ONNX Runtime; `None` when
            ONNX was left out.
        software: Versions of what wrote the files.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    id: str
    structure_id: str
    in_channels: int
    out_channels: int
    divisor: tuple[int, ...]
    image_size: tuple[int, ...]
    params: int
    macs: int
    peak_bytes: int
    passes: dict[str, int]
    onnx_difference: float | None
    software: dict[str, str]


def export(
    genotype: Genotype,
    out: Path,
    *,
    weights: Mapping[str, Tensor] | None = None,
    weights_source: str = "weights",
    seed: int = 0,
    onnx: bool = True,
    image_size: tuple[int, ...] | None = None,
) -> Report:
    """Compile a genotype into a folder, all or nothing; the same input gives the same bytes.

    Args:
        genotype: Any family's; what cannot change its output is left out.
        out: A new folder, or one that an earlier export wrote.
        weights: Tensors by parameter name; fresh ones from `seed` when not given.
        weights_source: Where these come from, for messages.
        seed: For fresh weights.
        onnx: Write ONNX too, and check it against ONNX Runtime.
        image_size: What to count costs for; 64 (3-D) or 256 (2-D) per axis, rounded up.

    Raises:
        BackendError: The folder holds something else, the weights do not fit, or ONNX cannot be
            written.
        GraphError: The image size does not fit the architecture.
    """
    _require_ours(out)
    if onnx:
        require_onnx()
    architecture = drop_dead(genotype.architecture)
    cost = network_cost(architecture, image_size)
    graph, rewrites = _optimise(architecture)
    with replacing(out) as draft:
        draft.mkdir()
        network = backend.build(graph, seed=seed)
        if weights is not None:
            backend.load_weights(network, dict(weights), source=weights_source)
        write_weights(network.state_dict(), draft / WEIGHTS_FILE, genotype_id=genotype.id)
        difference = _write_onnx(network, draft, genotype.id, architecture) if onnx else None
        dump(genotype.model_copy(update={"architecture": architecture}), draft / GENOTYPE_FILE)
        report = Report(
            name=genotype.name,
            id=genotype.id,
            structure_id=structure_id(architecture),
            in_channels=architecture.in_channels,
            out_channels=architecture.out_channels,
            divisor=architecture.total_stride,
            image_size=cost.image_size,
            params=cost.params,
            macs=cost.macs,
            peak_bytes=cost.peak_bytes,
            passes=rewrites,
            onnx_difference=difference,
            software=_software(onnx=onnx),
        )
        write_text(draft / REPORT_FILE, report.model_dump_json(indent=2) + "\n")
    return report


def trained_weights(run: Path, genotype: Genotype) -> dict[str, Tensor] | None:
    """Return the weights that a training run holds, or `None` when it is no training's.

    Raises:
        RunError: It is no run, or one of another architecture.
        BackendError: The weights cannot be read.
    """
    folder = RunFolder.open(run)
    if not folder.weights_path.exists():
        return None
    trained = load(folder.genotype_path).id
    if trained != genotype.id:
        raise RunError(f"{run}: trained the architecture {trained[:12]}, not {genotype.id[:12]}")
    return read_weights(folder.weights_path)


def _require_ours(out: Path) -> None:
    """Never replace a folder that holds anything but an earlier export."""
    if out.is_dir():
        foreign = sorted(found.name for found in out.iterdir() if found.name not in FILES)
        if foreign:
            raise BackendError(
                f"{out}: holds {foreign[0]!r}, so it will not be replaced; choose a new folder"
            )
    elif out.exists():
        raise BackendError(f"{out}: is a file; choose a new folder")


def _optimise(architecture: Architecture) -> tuple[Graph, dict[str, int]]:
    rewrites: dict[str, int] = {}

    def count(each: Pass, made: int, _graph: Graph) -> None:
        rewrites[each.name] = made

    return run_passes(lower(architecture), TRAINING, count), rewrites


def _write_onnx(
    network: nn.Module, folder: Path, identity: str, architecture: Architecture
) -> float:
    difference = write_onnx(
        network,
        folder / ONNX_FILE,
        in_channels=architecture.in_channels,
        divisor=architecture.total_stride,
        metadata={
            "uxnet.genotype": identity,
            "uxnet.divisor": spell(architecture.total_stride),
            "uxnet.in_channels": str(architecture.in_channels),
            "uxnet.out_channels": str(architecture.out_channels),
        },
    )
    return _two_digits(difference)


def _two_digits(number: float) -> float:
    """Round up: what follows the second digit says nothing."""
    if number == 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(number)) - 1)
    return float(f"{math.ceil(number / unit) * unit:.1e}")


def _software(*, onnx: bool) -> dict[str, str]:
    names = ["uxnet-compiler", "torch", "safetensors"]
    names += ["onnx", "onnxscript", "onnxruntime"] if onnx else []
    return {name: version(name) for name in sorted(names)}
