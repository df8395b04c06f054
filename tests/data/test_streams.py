"""MetaImage and NRRD files that are not whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from uxnet_compiler.data.images import read_image
from uxnet_compiler.errors import DataError

VOLUME = np.random.default_rng(0).normal(0, 100, (8, 9, 10)).astype(np.float32)

FORMATS = [(name, compress) for name in ("x.mha", "x.nrrd") for compress in (True, False)]


@pytest.mark.parametrize(("name", "compress"), FORMATS)
def test_whole_files_pass(
    name: str, compress: bool, tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    path = write_image(tmp_path / name, VOLUME, compress=compress)

    assert np.array_equal(read_image(path).array[0], VOLUME)


@pytest.mark.parametrize(("name", "compress"), FORMATS)
@pytest.mark.parametrize("missing", [1, 1000])
def test_files_that_end_early_are_refused_without_noise(
    name: str,
    compress: bool,
    missing: int,
    tmp_path: Path,
    write_image: Callable[..., Path],
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = write_image(tmp_path / name, VOLUME, compress=compress)
    path.write_bytes(path.read_bytes()[:-missing])

    with pytest.raises(DataError, match=rf"{name}: .*(cut short|ends early)"):
        read_image(path)

    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["x.mha", "x.nrrd"])
def test_a_damaged_compressed_stream_is_refused(
    name: str, tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    path = write_image(tmp_path / name, VOLUME, compress=True)
    raw = bytearray(path.read_bytes())
    raw[-20] ^= 0x10
    path.write_bytes(raw)

    with pytest.raises(DataError, match=rf"{name}: (damaged compressed stream|.*ends early)"):
        read_image(path)


def test_an_nrrd_file_with_windows_line_ends_passes(
    tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    path = write_image(tmp_path / "x.nrrd", VOLUME, compress=False)
    header, voxels = path.read_bytes().split(b"\n\n", 1)
    path.write_bytes(header.replace(b"\n", b"\r\n") + b"\r\n\r\n" + voxels)

    assert np.array_equal(read_image(path).array[0], VOLUME)


def test_an_nrrd_file_of_text_passes(tmp_path: Path) -> None:
    numbers = " ".join(str(i) for i in range(27))
    (tmp_path / "x.nrrd").write_text(
        f"NRRD0004\ntype: short\ndimension: 3\nsizes: 3 3 3\nencoding: ascii\n\n{numbers}\n",
        encoding="ascii",
    )

    assert np.array_equal(read_image(tmp_path / "x.nrrd").array.ravel(), np.arange(27))
