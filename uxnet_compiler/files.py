"""Write files and folders so that nobody ever sees a half-written one, and know where."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from uxnet_compiler.errors import RunError

CACHE_VARIABLE = "UXNET_CACHE"
CACHE_TAG = "CACHEDIR.TAG"
_DRAFT = ".writing-"
_ABANDONED_S = 24 * 3600.0  # no entry takes so long to write


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path that takes the place of `path` when the block ends well.

    The caller writes either a file or a folder there. When the block raises, what was written is
    removed and `path` is left as it was. The temporary name keeps the suffix, because many
    writers (SimpleITK, matplotlib) choose the format by it.

    Raises:
        RunError: The parent folder cannot be made or written, the disk is full, or `path` is a
            folder and a file is to take its place.
    """
    if path.name in {"", ".."}:  # such as `.`, whose place nothing can take
        raise RunError(f"{path}: cannot be replaced; give a new folder or file a name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=path.parent))
    except OSError as error:
        raise RunError(f"{path}: cannot write here: {error.strerror or error}") from None
    try:
        draft = scratch / path.name
        yield draft
        if path.is_dir() and draft.is_dir():
            shutil.rmtree(path)
        draft.replace(path)
    except OSError as error:
        if error.filename is not None and scratch not in Path(error.filename).parents:
            raise  # of another file, which the block reads
        raise RunError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with Unix newlines, all or nothing."""
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")


def cache_folder() -> Path:
    """Return the folder for what can be made again; it may not exist yet.

    That is what the environment variable `UXNET_CACHE` names, else `uxnet` in the user's cache
    folder: `$XDG_CACHE_HOME`, or `~/.cache`.

    Raises:
        RunError: The user has no home folder, and no variable names another place.

    Source:
        XDG Base Directory Specification 0.8; a relative path in its variable does not count.
    """
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen)
    if (base := Path(os.environ.get("XDG_CACHE_HOME", ""))).is_absolute():
        return base / "uxnet"
    try:
        return Path.home() / ".cache" / "uxnet"
    except RuntimeError:
        raise RunError(
            f"no home folder to keep a cache in; set {CACHE_VARIABLE} to a folder"
        ) from None


def cache_room(name: str) -> Path:
    """Return a folder in the cache folder, made if need be; back-up programs leave it out.

    Raises:
        RunError: It cannot be made.

    Source:
        Cache Directory Tagging Specification 0.6.
    """
    room = cache_folder() / name
    tag = room / CACHE_TAG
    if not tag.exists():
        try:
            room.mkdir(parents=True, exist_ok=True)
            tag.write_text("Signature: 8a477f597d28d172789f06886806bc55\n", encoding="ascii")
        except OSError as error:
            raise RunError(
                f"{room}: cannot keep a cache here: {error.strerror or error}; --cache, or the "
                f"variable {CACHE_VARIABLE}, names another folder"
            ) from None
    return room


@dataclass(frozen=True)
class Room:
    """A folder in the cache folder: how many files it holds, and how large they are together."""

    path: Path
    files: int
    size_bytes: int


def cache_rooms() -> list[Room]:
    """Look at the folders that `cache_room` made; whatever else lies beside them does not count."""
    rooms = []
    for tag in sorted(cache_folder().glob(f"*/{CACHE_TAG}")):
        sizes = [size for entry in _entries(tag.parent) for size in _sizes(entry)]
        rooms.append(Room(tag.parent, len(sizes), sum(sizes)))
    return rooms


def clear_cache() -> None:
    """Remove the folders that `cache_room` made; jobs keep what they have open or are writing."""
    for room in cache_rooms():
        for entry in _entries(room.path):
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
        if all(left.name == CACHE_TAG for left in room.path.glob("*")):
            (room.path / CACHE_TAG).unlink(missing_ok=True)
            with suppress(OSError):  # a job has begun to write
                room.path.rmdir()


def _entries(room: Path) -> list[Path]:
    """List what lies in a folder of the cache, without what others are writing just now."""
    return [path for path in room.glob("*") if path.name != CACHE_TAG and not _in_work(path)]


def _in_work(path: Path) -> bool:
    """Tell whether a job is writing this; after a day it is what a killed job left."""
    if not path.name.startswith(_DRAFT):
        return False
    with suppress(FileNotFoundError):  # it has just been finished
        return time.time() - path.stat().st_mtime < _ABANDONED_S
    return True


def _sizes(entry: Path) -> Iterator[int]:
    """Yield the sizes of a file, or of the files in a folder, without those that just vanished."""
    inside = [Path(folder, name) for folder, _, names in os.walk(entry) for name in names]
    for path in inside or [entry]:
        with suppress(FileNotFoundError):
            if path.is_file():
                yield path.stat().st_size
