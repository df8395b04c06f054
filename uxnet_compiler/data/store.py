"""Keep what was made from files, under a name that says from which bytes, and how.

A changed file, plan or line of code gives another name, so nothing stale is ever met. Entries
are opened as memory maps: opening takes no time, and only what is read takes memory. They are
written whole or not at all, so processes may fill a store together; a damaged one is made again.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import time
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from uxnet_compiler.data import grid, images, itk, nifti, photos, streams
from uxnet_compiler.errors import DataError, RunError
from uxnet_compiler.files import CACHE_VARIABLE, cache_room, replacing, write_text

READERS = (grid, images, itk, nifti, photos, streams)  # what decides which voxels a file holds
_SETTLED_S = 2.0  # a file that has just been written may change without a new time of change

Tensors = dict[str, torch.Tensor]


class _Seen(BaseModel):
    """What a file was when its bytes were read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: tuple[int, int, int]
    digest: str


class Store:
    """Tensors made from files, in the user's cache folder.

    Args:
        room: Name of the folder in it.
        code: The modules that decide what is made; a change of their source makes all anew.
    """

    def __init__(self, room: str, code: Sequence[ModuleType]) -> None:
        self._folder = cache_room(room)
        self._files = cache_room("files")
        self._code = [_source_digest(module) for module in (*READERS, *code)]

    def get(self, files: Sequence[Path], how: object, make: Callable[[], Tensors]) -> Tensors:
        """Return what is made from files, from the store where it has been made before.

        Args:
            files: Files, or folders of files, whose bytes decide.
            how: Everything else that decides, as JSON can say it.
            make: What makes it; whatever it raises passes through.

        Raises:
            DataError: A file cannot be read.
            RunError: The store cannot be written.
        """
        try:
            if any(streams.lies_elsewhere(path) for path in files):
                return make()  # the bytes of the file do not say which voxels it has
            digests = [self.digest(path) for path in files]
        except OSError as error:
            raise DataError(f"{error.filename}: cannot be used: {error.strerror}") from None
        said = json.dumps([self._code, _versions(), digests, how], sort_keys=True)
        path = self._folder / f"{hashlib.sha256(said.encode()).hexdigest()}.safetensors"
        found = _open(path)
        return found if found is not None else self._keep(path, make())

    def _keep(self, path: Path, made: Tensors) -> Tensors:
        """Write what was made, and open it: the memory that it took is free again."""
        try:
            with replacing(path) as draft:
                save_file({name: value.contiguous() for name, value in made.items()}, draft)
                return dict(load_file(draft))  # once in its place, it may be cleared away
        except (OSError, SafetensorError) as error:
            raise RunError(
                f"{self._folder}: cannot be written: {error}; make room, or name another folder"
                f" with {CACHE_VARIABLE}"
            ) from None

    def digest(self, path: Path) -> str:
        """Return the SHA-256 of a file's bytes, or of the names and bytes of a folder's files."""
        if not path.is_dir():
            return self._file_digest(path)
        inside = sorted(child for child in path.iterdir() if child.is_file())
        said = json.dumps([[child.name, self._file_digest(child)] for child in inside])
        return hashlib.sha256(said.encode()).hexdigest()

    def _file_digest(self, path: Path) -> str:
        """Read the bytes, unless the file is as it was when they were read before."""
        name = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()
        note = self._files / f"{name}.json"
        state = _state(path)
        seen = _read_note(note)
        if seen and seen.state == state:
            return seen.digest
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        written_s = state[1] / 1e9
        if time.time() - written_s > _SETTLED_S and _state(path) == state:
            write_text(note, _Seen(state=state, digest=digest).model_dump_json())
        return digest


def _state(path: Path) -> tuple[int, int, int]:
    """Return size, time of writing and time of change; the last cannot be set back."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _open(path: Path) -> Tensors | None:
    try:
        return dict(load_file(path))
    except (OSError, SafetensorError):
        return None


def _read_note(path: Path) -> _Seen | None:
    try:
        return _Seen.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


@cache
def _source_digest(module: ModuleType) -> str:
    return hashlib.sha256(inspect.getsource(module).encode()).hexdigest()


@cache
def _versions() -> list[str]:
    return [f"{name} {version(name)}" for name in ("numpy", "SimpleITK")]
