from __future__ import annotations

from pathlib import Path

import pytest

from uxnet_compiler.errors import RunError
from uxnet_compiler.files import write_text
from uxnet_compiler.runs.folder import dump_json
from uxnet_compiler.studies.scores import pooled
from uxnet_compiler.training.evaluate import Evaluation, LabelMean, Summary


def write(folder: Path, num_cases: int, **dice: float) -> None:
    labels = tuple(
        LabelMean(label=name, dice=value, nsd=value, hd95_mm=None, without_distance=0)
        for name, value in dice.items()
    )
    summary = Summary(
        genotype="x",
        num_cases=num_cases,
        held_out=True,
        runtime="torch",
        tta=False,
        tolerance_mm=1.0,
        dice=sum(dice.values()) / len(dice),
        nsd=0.0,
        hd95_mm=None,
        labels=labels,
    )
    write_text(folder / "scores.json", dump_json(Evaluation(summary=summary, cases=())))


def test_every_case_weighs_the_same_whatever_its_fold(tmp_path: Path) -> None:
    write(tmp_path / "a", 3, front=0.8, back=0.4)
    write(tmp_path / "b", 1, front=0.4, back=0.8)

    found = pooled(tmp_path, ["a", "b"])

    assert found.labels == pytest.approx({"front": 0.7, "back": 0.5})
    assert found.dice == pytest.approx(0.6)
    assert found.folds == pytest.approx((0.6, 0.6))
    assert found.num_cases == 4


def test_folds_with_other_labels_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a", 1, front=0.8)
    write(tmp_path / "b", 1, left=0.8)

    with pytest.raises(RunError, match="its labels are not front"):
        pooled(tmp_path, ["a", "b"])


def test_missing_scores_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"scores\.json: cannot be read"):
        pooled(tmp_path, ["a"])
