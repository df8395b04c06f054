"""Versions: what is missing, too old or known to be bad is said, with what to do."""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError, version

import pytest

from uxnet_compiler.machine import software as room
from uxnet_compiler.machine.software import cuda_defects, software


def test_every_package_is_told_with_its_version() -> None:
    found = {check.name: check for check in software()}

    assert found["torch"].text == version("torch")
    assert found["torch"].status == "ok"
    assert found["uxnet-compiler"].text == version("uxnet-compiler")
    assert "pytest" not in found


def test_what_is_missing_is_told_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        if name in {"onnx", "numpy"}:
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(room, "version", absent)
    monkeypatch.setattr(shutil, "which", lambda _: None)

    found = {check.name: check for check in software()}

    assert (found["onnx"].status, found["onnx"].text) == ("note", "not installed")
    assert found["onnx"].hint == "pip install 'uxnet-compiler[onnx]'"
    assert found["numpy"].hint == "pip install 'uxnet-compiler'"
    assert found["Graphviz (dot)"].hint.startswith("apt install graphviz")


def test_what_is_too_old_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "version", lambda name: "1.0" if name == "torch" else version(name))

    (found,) = (check for check in software() if check.name == "torch")

    assert (found.status, found.text) == ("note", "1.0, but >=2.6 is needed")
    assert found.hint.endswith("--upgrade")


@pytest.mark.parametrize(
    ("torch_version", "cudnn", "bfloat16", "status"),
    [
        ("2.8.0+cu128", 91002, True, "wrong"),
        ("2.8.0+cu128", 91002, False, "guarded"),
        ("2.7.1", 90501, True, "ok"),
        ("2.9.0", 91500, True, "note"),
        ("2.9.1+cu128", 91002, True, "note"),
        ("2.9.1", 91501, True, "ok"),
        ("2.10.0", 91400, True, "note"),
        ("2.13.0", 91900, True, "ok"),
    ],
)
def test_versions_known_to_be_bad_on_cuda(
    torch_version: str, cudnn: int, bfloat16: bool, status: str
) -> None:
    (found,) = cuda_defects(torch_version, cudnn, bfloat16=bfloat16)

    assert found.status == status
    assert bool(found.hint) == (status != "ok")


def test_the_version_of_cudnn_is_spelled_as_people_do() -> None:
    (found,) = cuda_defects("2.8.0", 91002, bfloat16=True)

    assert found.name == "3-D convolutions, torch 2.8.0, cuDNN 9.10.2"
