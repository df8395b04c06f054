"""A pickle is parsed, never executed."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uxnet_compiler.errors import DataError
from uxnet_compiler.importers.plain_pickle import MAX_BYTES, read_arrays

CONTENT = {
    "whole": np.arange(6).reshape(2, 3),
    "real": np.array([0.5, -1.0]),
    "flags": np.array([[True], [False]]),
    "turned": np.asfortranarray(np.arange(6, dtype=">i2").reshape(3, 2)),
    "count": 3,
    "best": np.float64(0.5),
    "path": [("a", 1), None, True, {}, 2**70, b"x"],
}
ARRAYS = ("whole", "real", "flags", "turned")


def dumped(protocol: int, content: Any = CONTENT) -> bytes:
    return pickle.dumps(content, protocol=protocol)


def in_zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", data)
    return file.getvalue()


def by_torch(path: Path, *, zipped: bool) -> None:
    torch.save(CONTENT, path, _use_new_zipfile_serialization=zipped)


def by_pickle(path: Path, protocol: int) -> None:
    path.write_bytes(dumped(protocol))


WRITERS: dict[str, Callable[[Path], None]] = {
    **{f"pickle-{number}": partial(by_pickle, protocol=number) for number in (2, 3, 4)},
    "torch": partial(by_torch, zipped=True),
    "old-torch": partial(by_torch, zipped=False),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_the_arrays_are_read_back(writer: str, tmp_path: Path) -> None:
    path = tmp_path / "code.pth"
    WRITERS[writer](path)

    found = read_arrays(path)

    assert tuple(found) == ARRAYS
    for name in ARRAYS:
        np.testing.assert_array_equal(found[name], CONTENT[name])


class Attack:
    """Would make a folder when unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("wrap", [bytes, in_zip], ids=["plain", "zip"])
def test_a_call_is_refused_and_not_made(
    protocol: int, wrap: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "made"
    data = dumped(protocol, {"node_a": Attack(folder)})
    path = tmp_path / "code.pth"
    path.write_bytes(wrap(data))

    with pytest.raises(
        DataError, match=r"code.pth: names (posix|nt)[. ]mkdir, which is no"
    ) as told:
        read_arrays(path)

    assert "\n" not in str(told.value)
    assert not folder.exists()
    pickle.loads(data)
    assert folder.exists()  # so the attack is a real one


def test_tensors_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "code.pth"
    torch.save({"node_a": torch.zeros(3)}, path)

    with pytest.raises(
        DataError, match=r"code.pth: names torch\._utils\._rebuild_tensor_v2, which"
    ):
        read_arrays(path)


# One text of 100,000 letters that is turned into bytes again and again, five bytes a time.
REPEATED = (
    b"\x80\x02c_codecs\nencode\nq\x00X\xa0\x86\x01\x00"
    + b"x" * 100_000
    + b"X\x06\x00\x00\x00latin1\x86q\x01"
    + b"h\x00h\x01R" * 50
    + b"."
)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a whole pickle"),
        (b"no pickle", "not a whole pickle"),
        (b"PK\x03\x04", "not a whole pickle"),
        (dumped(2, 3), "no dictionary"),
        (dumped(2, object()), "names "),
        (dumped(4, {1, 2}), "uses the pickle opcode EMPTY_SET"),
        (dumped(2, {(1, 2): 3}), "not a whole pickle"),
        (dumped(2, {"objects": np.array([None, "x"])}), "not a whole pickle"),
        (dumped(2, {"words": np.array(["x"])}), "not a whole pickle"),
        (dumped(2, {"when": np.array(["2020-01-01"], dtype="M8[D]")}), "not a whole pickle"),
        (bytes(MAX_BYTES + 1), "more than the 1048576 bytes"),
        (in_zip(bytes(50 * MAX_BYTES)), "more than the 1048576 bytes"),
        (b"\x80\x02r\xff\xff\xff\x7f.", "not a whole pickle"),  # a memo of 2**31 entries
        (b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f.", "not a whole pickle"),  # 2**63 bytes
        (REPEATED, "makes more than 1048576 bytes of its texts"),
        (b"\x80\x02}" + b"K\x01" + b"2\x86" * 60 + b"K\x01s.", "uses the pickle opcode DUP"),
    ],
)
def test_what_is_no_pickle_of_arrays_is_told_in_one_line(
    data: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "code.pth"
    path.write_bytes(data)

    with pytest.raises(DataError, match=message) as told:
        read_arrays(path)

    assert str(told.value).startswith(f"{path}: ")
    assert "\n" not in str(told.value)


def test_a_zip_without_a_pickle_is_told(tmp_path: Path) -> None:
    path = tmp_path / "code.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")

    with pytest.raises(DataError, match=r"code.pth: a zip file without a data.pkl"):
        read_arrays(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.pth: cannot be read: No such file"):
        read_arrays(tmp_path / "none.pth")


WHOLE = (dumped(2), dumped(4), in_zip(dumped(2)))


@given(
    data=st.sampled_from(WHOLE),
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
    part=st.floats(0, 1),
)
def test_a_damaged_file_is_read_or_refused_but_never_fails_otherwise(
    data: bytes,
    edits: list[tuple[float, int]],
    part: float,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    damaged = bytearray(data[: round(part * len(data))] or b"x")
    for place, byte in edits:
        damaged[int(place * len(damaged))] = byte
    path = tmp_path_factory.getbasetemp() / "damaged.pth"
    path.write_bytes(damaged)

    try:
        read_arrays(path)
    except DataError as error:
        assert "\n" not in str(error)  # noqa: PT017 (both ways are right)
