from __future__ import annotations

import shutil
from pathlib import Path

from uxnet_compiler.data.digest import dataset_digest
from uxnet_compiler.data.sources import open_dataset


def test_a_copy_elsewhere_is_the_same_data_set(phantom_set: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(phantom_set, tmp_path / "copy"))

    assert dataset_digest(open_dataset(copy)) == dataset_digest(open_dataset(phantom_set))


def test_one_changed_label_map_makes_another_data_set(phantom_set: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(phantom_set, tmp_path / "copy"))
    first, second = sorted((copy / "labelsTr").iterdir())[:2]
    shutil.copyfile(first, second)

    assert dataset_digest(open_dataset(copy)) != dataset_digest(open_dataset(phantom_set))
