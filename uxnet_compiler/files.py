"""Write files and folders so that nobody ever sees a half-written one, and know where."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from uxnet_compiler.errors import RunError

CACHE_VARIABLE = "UXNET_CACHE"
CACHE_TAG = "CACHEDIR.TAG"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path that takes the place of `path` when the block ends well.

    The caller writes either a file or a folder there. When the block raises, what was written is
    removed and `path` is left as it was. The temporary name keeps the suffix, because many
    writers (SimpleITK, matplotlib) choose the format by it.

    Raises:
        RunError: The parent folder cannot be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=path.parent))
    except OSError as error:
        raise RunError(f"{path}: cannot write here: {error.strerror or error}") from None
    try:
        draft = scratch / path.name
        yield draft
        if path.is_dir() and draft.is_dir():
            shutil.rmtree(path)
        draft.replace(path)
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
        sizes = [
            path.stat().st_size
            for path in tag.parent.rglob("*")
            if path.is_file() and path.name != CACHE_TAG
        ]
        rooms.append(Room(tag.parent, len(sizes), sum(sizes)))
    return rooms


def clear_cache() -> None:
    """Remove the folders that `cache_room` made; jobs that have files of them open keep those."""
    for room in cache_rooms():
        shutil.rmtree(room.path)
