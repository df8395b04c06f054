"""Write and read weights as safetensors: plain data, deterministic bytes, no code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from uxnet_compiler.backends.weights import in_float32
from uxnet_compiler.errors import BackendError
from uxnet_compiler.files import replacing
from uxnet_compiler.wording import one_line

# One key only: the library writes several in an order that changes from run to run.
_KEY = "uxnet"


def write_weights(
    weights: Mapping[str, Tensor], path: Path, *, genotype_id: str | None = None
) -> None:
    """Write weights, with the id of the architecture when they belong to one.

    Raises:
        RunError: The folder cannot be written.
    """
    plain = {name: weights[name].detach().cpu().contiguous() for name in sorted(weights)}
    metadata = None if genotype_id is None else {_KEY: json.dumps({"genotype": genotype_id})}
    with replacing(path) as draft:
        draft.write_bytes(save(plain, metadata=metadata))


def read_weights(path: Path, *, genotype_id: str | None = None) -> dict[str, Tensor]:
    """Read weights by parameter name, in float32.

    Args:
        path: A safetensors file, ours or any other.
        genotype_id: When given, a file that names another architecture is refused.

    Raises:
        BackendError: The file is missing, is no safetensors file, or belongs to another
            architecture.
    """
    try:
        with safe_open(path, framework="pt") as file:
            owner = _owner(file.metadata())
            if genotype_id is not None and owner not in {None, genotype_id}:
                raise BackendError(
                    f"{path}: weights of the architecture {one_line(str(owner)[:12])},"
                    f" not of {genotype_id[:12]}"
                )
            found = {name: file.get_tensor(name) for name in sorted(file.keys())}
            return in_float32(found, source=str(path))
    except SafetensorError as error:
        raise BackendError(f"{path}: not a safetensors file: {error}") from None
    except OSError as error:
        raise BackendError(f"{path}: cannot be read: {error.strerror or error}") from None


def _owner(metadata: dict[str, str] | None) -> str | None:
    try:
        return str(json.loads((metadata or {}).get(_KEY, "{}")).get("genotype") or "") or None
    except (ValueError, RecursionError, AttributeError):
        return None
