"""Write a network as a `torch.export` program: a graph of ATen calls with its weights."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.export import Dim, ExportedProgram

from uxnet_compiler.backends.onnx import facts
from uxnet_compiler.backends.target import Network, Runner, Target
from uxnet_compiler.errors import BackendError
from uxnet_compiler.files import replacing

METADATA = "uxnet.json"
_ROOT = "archive"
_MODEL = f"{_ROOT}/models/model.json"
_METADATA = f"{_ROOT}/extra/{METADATA}"
# A number that torch computes from the bytes before they were cleaned; nothing reads it.
_LEFT_OUT = {f"{_ROOT}/.data/serialization_id"}
_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


class ExportedTarget(Target):
    """A `.pt2` archive for `torch.export.load`, with batch and size free.

    `torch.export.load` evaluates text and may unpickle: whoever got a `.pt2` from a stranger
    had better not open it. The genotype is plain data, and can be compiled again.
    """

    name: ClassVar[str] = "exported"
    file: ClassVar[str] = "network.pt2"

    def write(self, network: Network, path: Path) -> None:
        """Write the program, free of traces of this machine.

        Shape:
            x       (batch, C, D, H, W), each axis a multiple of the divisor
            result  (batch, classes, D, H, W), or a tuple that begins with it
        """
        buffer = io.BytesIO()
        torch.export.save(
            _export(network), buffer, extra_files={METADATA: json.dumps(facts(network))}
        )
        with replacing(path) as draft:
            _clean(buffer, draft)

    def open(self, path: Path, network: Network) -> Runner:
        """Run a program that `write` wrote for the same genotype.

        Raises:
            BackendError: It cannot be read, or is another genotype's.
        """
        _require_genotype(path, network.genotype_id)
        try:
            module = torch.export.load(path).module()
        except (RuntimeError, ValueError, KeyError) as error:
            reason = str(error).partition("\n")[0]
            raise BackendError(f"{path}: torch cannot load it: {reason}") from None

        def run(image: Tensor) -> Tensor:
            with torch.inference_mode():
                result = module(image)
            main: Tensor = result[0] if isinstance(result, tuple) else result
            return main

        return run


def _export(network: Network) -> ExportedProgram:
    dims: dict[int, Any] = {0: Dim("batch", min=1)}
    letters = "dhw"[-len(network.divisor) :]
    for axis, (name, d) in enumerate(zip(letters, network.divisor, strict=True), start=2):
        free = Dim(name, min=1)
        dims[axis] = free if d == 1 else d * free
    # A batch of one and an axis of one would be taken as constants.
    example = torch.zeros(2, network.in_channels, *(2 * d for d in network.divisor))
    program = torch.export.export(network.module, (example,), dynamic_shapes={"x": dims})
    program.example_inputs = None  # would be stored, and says nothing
    return program


def _clean(archive: io.BytesIO, path: Path) -> None:
    """Write the archive again: entries sorted, no dates, nothing of the machine in the graph."""
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(path, "w") as target:
        for name in sorted(set(source.namelist()) - _LEFT_OUT):
            content = source.read(name)
            entry = zipfile.ZipInfo(name, date_time=_DATE)
            entry.create_system = _UNIX
            target.writestr(entry, _strip(content) if name == _MODEL else content)


def _strip(content: bytes) -> bytes:
    """Remove stack traces, and what the exporter notes down about its own objects."""
    model = json.loads(content)
    for node in model["graph_module"]["graph"]["nodes"]:
        node["metadata"] = {}
    return json.dumps(model, sort_keys=True).encode()


def _require_genotype(path: Path, genotype_id: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            owner = json.loads(archive.read(_METADATA))["uxnet.genotype"]
    except OSError as error:
        raise BackendError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, KeyError, RecursionError, TypeError, ValueError):
        raise BackendError(f"{path}: is no .pt2 file that was written here") from None
    if owner != genotype_id:
        raise BackendError(
            f"{path}: is of the architecture {str(owner)[:12]}, not of {genotype_id[:12]}"
        )
