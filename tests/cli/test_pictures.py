"""From folders of pictures to masks of new pictures, on the command line alone."""

# mypy: disallow-untyped-calls=False

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813
from click.testing import CliRunner

from uxnet_compiler.cli.main import main


def run(*arguments: object) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def write_set(root: Path) -> None:
    """Write six colour pictures of a bright disc, and their black and white masks."""
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:32, :40]
    for number in range(6):
        inside = np.hypot(rows - random.integers(10, 22), columns - random.integers(10, 30)) < 7
        picture = random.integers(0, 100, (32, 40, 3)) + 120 * inside[..., None]
        for folder, array, suffix in (
            ("images", picture, ".jpg"),
            ("masks", 255 * inside, "_mask.png"),
        ):
            (root / folder).mkdir(parents=True, exist_ok=True)
            image = sitk.GetImageFromArray(array.astype(np.uint8), isVector=array.ndim == 3)
            sitk.WriteImage(image, str(root / folder / f"{number}{suffix}"))


def test_pictures_are_searched_trained_on_evaluated_and_segmented(tmp_path: Path) -> None:
    data, found, trained = tmp_path / "set", tmp_path / "search", tmp_path / "train"
    write_set(data)
    small = ("--steps", 2, "--batch-size", 1, "--device", "cpu", "--precision", "float32")

    run("search", data, "--out", found, *small, "--levels", 2, "--width", 2)
    run("compile", found / "genotype.json", "--out", tmp_path / "network", "--target", "source")
    run("train", found / "genotype.json", data, "--out", trained, *small, "--folds", 3)
    scores = run("evaluate", trained, data, "--json", "--device", "cpu")
    image = data / "images" / "0.jpg"
    (mask,) = run("predict", trained, image, "--out", tmp_path / "out").splitlines()

    assert '"label": "foreground"' in scores
    assert Path(mask) == tmp_path / "out" / "0.png"
    written = sitk.GetArrayFromImage(sitk.ReadImage(mask))
    assert written.shape == (32, 40)
    assert set(np.unique(written).tolist()) <= {0, 255}
