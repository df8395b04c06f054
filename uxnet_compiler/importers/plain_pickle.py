"""Read the arrays in a pickle without unpickling: its opcodes are parsed, never executed.

Python's own unpickler calls what a file names. Here a small machine knows a dozen opcodes, four
names of NumPy that stand for data, and nothing else.
"""

from __future__ import annotations

import lzma
import math
import pickletools
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from uxnet_compiler.errors import DataError

MAX_BYTES = 2**20
_TORCH_MAGIC = 0x1950A86A20F9469CFC6C

_LITERALS = frozenset(
    (
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE"),
        *("BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    )
)
"""Opcodes that say a number or a text outright."""
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_SHORT_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_NAMES = {
    "__builtin__.bytes": "bytes",
    "_codecs.encode": "encode",
    "numpy.dtype": "dtype",
    "numpy.ndarray": "ndarray",
    "numpy.core.multiarray._reconstruct": "array",
    "numpy._core.multiarray._reconstruct": "array",
    "numpy.core.multiarray.scalar": "scalar",
    "numpy._core.multiarray.scalar": "scalar",
}
"""What a file may name, and what it stands for here."""


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a pickled dictionary; its other entries are left out.

    Reads what `torch.save` wrote, old and new, and what `pickle.dump` wrote.

    Raises:
        DataError: The file cannot be read, is no such pickle, or names anything but NumPy arrays
            and numbers.
    """
    try:
        value = _root(_content(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise DataError(f"{path}: not a whole zip file: {error}") from None
    except _RefusedError as error:
        raise DataError(f"{path}: {error}") from None
    except (AttributeError, EOFError, IndexError, OverflowError, TypeError, ValueError):
        raise DataError(f"{path}: not a whole pickle of NumPy arrays") from None
    if not isinstance(value, dict):
        raise DataError(f"{path}: holds no dictionary of NumPy arrays")
    return {key: item.array for key, item in value.items() if isinstance(item, _Array)}


class _RefusedError(Exception):
    """Say why a file is not read."""


class _Name(str):
    """What one of `_NAMES` stands for."""

    __slots__ = ()


class _Type:
    """A NumPy type of numbers, in a byte order that follows later."""

    def __init__(self, code: Any) -> None:
        if type(code) is not str:
            raise TypeError(code)
        self.dtype = np.dtype(code)
        if self.dtype.kind not in "biuf" or self.dtype.itemsize > 8:
            raise ValueError(code)

    def build(self, state: tuple[Any, ...]) -> None:
        if state[1] in ("<", ">"):  # a set would hash what a stranger nested
            self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """An array whose numbers follow later."""

    def __init__(self) -> None:
        self.array = np.zeros(0)

    def build(self, state: tuple[Any, ...]) -> None:
        _, shape, type_, is_fortran, data = state
        if len(shape) > 4 or not all(type(n) is int and 0 <= n <= MAX_BYTES for n in shape):
            raise ValueError(shape)
        if math.prod(shape) * type_.dtype.itemsize != len(data):
            raise ValueError(len(data))
        flat = np.frombuffer(data, type_.dtype)
        self.array = flat.reshape(shape, order="F" if is_fortran is True else "C")


def _content(path: Path) -> bytes:
    """Return the pickle in a file, which may be a zip as `torch.save` writes it."""
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            return _few(file.read(MAX_BYTES + 1))
    with zipfile.ZipFile(path) as archive:
        inside = [name for name in archive.namelist() if name.endswith("data.pkl")]
        if len(inside) != 1:
            raise _RefusedError("a zip file without a data.pkl; torch.save writes one")
        with archive.open(inside[0]) as file:
            return _few(file.read(MAX_BYTES + 1))


def _few(data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise _RefusedError(f"more than the {MAX_BYTES} bytes that such a pickle may have")
    return data


def _root(data: bytes) -> Any:
    """Return the value of the pickle; old files of torch put three others in front."""
    file = BytesIO(data)
    with warnings.catch_warnings():
        # Texts of damaged pickles have escapes that Python will no longer take.
        warnings.simplefilter("ignore", DeprecationWarning)
        value = _Machine().run(pickletools.genops(file))
        if value == _TORCH_MAGIC:
            for _ in range(3):
                value = _Machine().run(pickletools.genops(file))
    return value


class _Machine:
    """Puts together what the opcodes of a pickle describe: containers, numbers and arrays."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.made_bytes = 0

    def run(self, opcodes: Iterator[tuple[pickletools.OpcodeInfo, Any, int | None]]) -> Any:
        """Return what the pickle describes."""
        for opcode, argument, _ in opcodes:
            name = opcode.name
            if name in _LITERALS:
                self.stack.append(argument)
            elif name in _CONSTANTS:
                self.stack.append(_CONSTANTS[name])
            elif name in _SHORT_TUPLES:
                count = _SHORT_TUPLES[name]
                self.stack.append(tuple(reversed([self.stack.pop() for _ in range(count)])))
            elif name in {"PUT", "BINPUT", "LONG_BINPUT"}:
                self.memo[argument] = self.stack[-1]
            elif name in {"GET", "BINGET", "LONG_BINGET"}:
                self.stack.append(self._remembered(argument))
            elif name == "STOP":
                return self.stack.pop()
            elif name not in {"PROTO", "FRAME"}:
                self._other(name, argument)
        raise EOFError

    def _remembered(self, index: int) -> Any:
        if index not in self.memo:
            raise ValueError(index)
        return self.memo[index]

    def _other(self, name: str, argument: Any) -> None:
        match name:
            case "MARK":
                self.marks.append(len(self.stack))
            case "MEMOIZE":
                self.memo[len(self.memo)] = self.stack[-1]
            case "EMPTY_DICT":
                self.stack.append({})
            case "EMPTY_LIST":
                self.stack.append([])
            case "TUPLE":
                self.stack.append(tuple(self._marked()))
            case "LIST":
                self.stack.append(self._marked())
            case _:
                self._fill(name, argument)

    def _fill(self, name: str, argument: Any) -> None:
        match name:
            case "APPEND":
                item = self.stack.pop()
                self._top(list).append(item)
            case "APPENDS":
                items = self._marked()
                self._top(list).extend(items)
            case "DICT":
                items = self._marked()
                self.stack.append({})
                self._set(items)
            case "SETITEM":
                value, key = self.stack.pop(), self.stack.pop()
                self._set([key, value])
            case "SETITEMS":
                self._set(self._marked())
            case _:
                self._call(name, argument)

    def _call(self, name: str, argument: Any) -> None:
        match name:
            case "GLOBAL":
                self.stack.append(_known(argument.replace(" ", ".")))
            case "STACK_GLOBAL":
                attribute, module = self.stack.pop(), self.stack.pop()
                if type(attribute) is not str or type(module) is not str:
                    raise TypeError(name)
                self.stack.append(_known(f"{module}.{attribute}"))
            case "REDUCE":
                arguments, function = self.stack.pop(), self.stack.pop()
                made = _made(function, arguments)
                if isinstance(made, bytes):  # a short pickle can ask for the same ones again
                    self.made_bytes += len(made)
                    if self.made_bytes > MAX_BYTES:
                        raise _RefusedError(f"makes more than {MAX_BYTES} bytes of its texts")
                self.stack.append(made)
            case "BUILD":
                state = self.stack.pop()
                self._top(_Array, _Type).build(state)
            case _:
                raise _RefusedError(f"uses the pickle opcode {name}; NumPy arrays need none such")

    def _marked(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def _top(self, *kinds: type[Any]) -> Any:
        if not isinstance(self.stack[-1], kinds):
            raise TypeError(kinds)
        return self.stack[-1]

    def _set(self, items: list[Any]) -> None:
        # Text alone: hashing nested tuples of a hostile file can take for ever.
        keys = items[::2]
        if not all(type(key) is str for key in keys):
            raise TypeError(keys)
        self._top(dict).update(zip(keys, items[1::2], strict=True))


def _known(name: str) -> _Name:
    if name not in _NAMES:
        shown = ascii(name)[1:-1][:80]
        raise _RefusedError(
            f"names {shown}, which is no NumPy array or number; nothing was executed"
        )
    return _Name(_NAMES[name])


def _made(function: Any, arguments: Any) -> Any:
    """Return what a call in the file stands for."""
    if not isinstance(function, _Name) or not isinstance(arguments, tuple):
        raise TypeError(function)
    match function:
        case "array":
            return _Array()
        case "dtype":
            return _Type(arguments[0])
        case "bytes" if not arguments:
            return b""
        case "encode" if arguments[1:] == ("latin1",):
            return arguments[0].encode("latin1")
        case "scalar":
            type_, data = arguments
            return np.frombuffer(data, type_.dtype, count=1)[0].item()
        case _:
            raise TypeError(function)
