"""`uxnet predict` as people call it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from uxnet_compiler.cli.main import main
from uxnet_compiler.data.images import read_image, read_label
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.train import train
from uxnet_compiler.zoo import fit, resolve


@pytest.fixture(scope="module")
def trained(phantom_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    strides = ((1, 1, 1), (2, 2, 2))
    unet = fit(resolve("zoo:unet"), in_channels=1, out_channels=5, widths=(4, 8), strides=strides)
    out = tmp_path_factory.mktemp("runs") / "run"
    train(unet, phantom_set, out, TrainConfig(steps=1, device="cpu"))
    return out


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["predict", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_files_written_are_named_on_stdout(
    trained: Path, phantom_set: Path, tmp_path: Path
) -> None:
    images = [phantom_set / "imagesTr" / f"phantom_00{i}.nii.gz" for i in range(2)]

    code, stdout, _ = run(str(trained), *map(str, images), "--out", str(tmp_path))

    assert code == 0
    written = [Path(line) for line in stdout.splitlines()]
    assert written == [tmp_path / image.name for image in images]
    for path, image in zip(written, images, strict=True):
        read_label(path, read_image(image), 5)


def test_averaging_over_flips_is_refused_for_a_network_that_has_seen_none(
    trained: Path, phantom_set: Path, tmp_path: Path
) -> None:
    image = phantom_set / "imagesTr" / "phantom_000.nii.gz"

    code, _, stderr = run(str(trained), str(image), "--out", str(tmp_path / "masks"), "--tta")

    assert code == 1
    assert "trained without --mirror" in stderr.splitlines()[-1]
    assert "Traceback" not in stderr
    assert not (tmp_path / "masks").exists()


def test_averaging_over_flips_serves_a_network_that_was_trained_with_them(
    trained: Path, phantom_set: Path, tmp_path: Path
) -> None:
    mirrored = Path(shutil.copytree(trained, tmp_path / "run"))
    config = mirrored / "config.json"
    config.write_text(config.read_text().replace('"mirror": false', '"mirror": true'))
    image = phantom_set / "imagesTr" / "phantom_000.nii.gz"

    code, _, stderr = run(str(mirrored), str(image), "--out", str(tmp_path / "masks"), "--tta")

    assert code == 0, stderr
    assert (tmp_path / "masks" / image.name).exists()


def test_a_bad_image_is_one_line_and_nothing_is_written(
    trained: Path, phantom_set: Path, tmp_path: Path
) -> None:
    good = phantom_set / "imagesTr" / "phantom_000.nii.gz"
    shutil.copy(phantom_set / "dataset.json", tmp_path / "bad.nii.gz")

    code, stdout, stderr = run(
        str(trained), str(good), str(tmp_path / "bad.nii.gz"), "--out", str(tmp_path / "out")
    )

    assert (code, stdout) == (1, "")
    assert "bad.nii.gz" in stderr.splitlines()[-1]
    assert "Traceback" not in stderr
    assert not (tmp_path / "out").exists()


def test_the_runtime_and_the_memory_are_told_on_stderr(
    trained: Path, phantom_set: Path, tmp_path: Path
) -> None:
    image = phantom_set / "imagesTr" / "phantom_000.nii.gz"

    code, stdout, stderr = run(
        *(str(trained), str(image), "--out", str(tmp_path), "--runtime", "auto"),
        *("--memory", "1000"),
    )

    assert (code, stdout) == (0, f"{tmp_path / image.name}\n")
    assert f"{image}: at most " in stderr
    assert "\nruntime " in stderr


def test_too_little_memory_is_one_line(trained: Path, phantom_set: Path, tmp_path: Path) -> None:
    image = phantom_set / "imagesTr" / "phantom_000.nii.gz"

    code, stdout, stderr = run(
        str(trained), str(image), "--out", str(tmp_path / "masks"), "--memory", "0.1"
    )

    assert (code, stdout) == (1, "")
    assert stderr.startswith(f"{image}: to segment it takes ")
    assert len(stderr.splitlines()) == 1
    assert not (tmp_path / "masks").exists()


def test_no_memory_and_unknown_runtimes_are_wrong_usage(trained: Path) -> None:
    for option in (("--memory", "0"), ("--runtime", "abacus")):
        assert run(str(trained), "a.nii.gz", "--out", "x", *option)[0] == 2


def test_images_are_needed(trained: Path) -> None:
    assert run(str(trained), "--out", "x")[0] == 2
