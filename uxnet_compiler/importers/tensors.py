"""Read the tensors of a foreign checkpoint as plain data; loading can never run code."""

from __future__ import annotations

import pickle
import struct
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from uxnet_compiler.errors import DataError

# Where trainers keep the tensors of the network: nnU-Net, then what others are wont to write.
WRAPPERS = ("network_weights", "state_dict", "model")

# A checkpoint of nnU-Net also logs numbers of numpy. Their constructor takes a type and the bytes
# of one number, so it cannot run anything; numpy 1 knew it by another name.
_scalar: Any = np.float64(0).__reduce__()[0]
_NUMBERS: list[Any] = [
    np.dtype,
    *(type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "b1")),
    *((_scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),
]


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a network from a safetensors file, or from a checkpoint of torch.

    Raises:
        DataError: The file cannot be read, or holds anything but plain data, or no tensors.
    """
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except SafetensorError as error:
            raise DataError(f"{path}: not a safetensors file: {error}") from None
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    content = _load(path)
    for name in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
            break
    if not isinstance(content, Mapping) or not content:
        raise DataError(f"{path}: no tensors by name; a checkpoint or a state dict has them")
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise DataError(
                f"{path}: {str(name)[:60]!r} is no tensor; a state dict holds no others"
            )
        if value.layout != torch.strided or value.is_quantized or value.is_meta:
            raise DataError(f"{path}: {name[:60]!r} is no plain tensor; save a dense one")
    return dict(content)


def _load(path: Path) -> Any:
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_NUMBERS):
            # Told of every file that torch did not write; whether it can be read shows below.
            warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    except pickle.UnpicklingError:
        raise DataError(
            f"{path}: holds more than plain data, or is no checkpoint; where you trust it, keep"
            " its state dict alone with safetensors.torch.save_file"
        ) from None
    except (RuntimeError, EOFError, LookupError, TypeError, ValueError, AttributeError):
        raise DataError(f"{path}: damaged or not a checkpoint of torch") from None
    except (struct.error, AssertionError):  # of torch's own reader, when a file is cut short
        raise DataError(f"{path}: damaged or not a checkpoint of torch") from None
