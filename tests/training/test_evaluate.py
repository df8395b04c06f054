from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from numpy.typing import NDArray

from uxnet_compiler.data.images import Image, read_image, read_label
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.errors import DataError
from uxnet_compiler.training import evaluate as module
from uxnet_compiler.training.evaluate import CaseScores, Evaluation, evaluate
from uxnet_compiler.training.inference import Segmenter
from uxnet_compiler.training.scores import Score
from uxnet_compiler.training.task import read_split
from uxnet_compiler.training.trained import TrainedRun


@pytest.fixture(scope="session")
def evaluated(
    trained_once: Path, phantom_set: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Evaluation]:
    """Return a run and what its evaluation found, not to be changed."""
    run = Path(shutil.copytree(trained_once, tmp_path_factory.mktemp("evaluated") / "run"))
    return run, evaluate(run, phantom_set)


def test_the_held_out_cases_are_evaluated(evaluated: tuple[Path, Evaluation]) -> None:
    run, found = evaluated

    held_out = read_split(TrainedRun.open(run).folder).held_out
    assert [case.id for case in found.cases] == sorted(held_out)
    assert found.summary.held_out
    assert found.summary.num_cases == 2


def test_cases_can_be_chosen(run: Path, phantom_set: Path) -> None:
    found = evaluate(run, phantom_set, cases=["phantom_001"])

    assert [case.id for case in found.cases] == ["phantom_001"]
    assert not found.summary.held_out
    with pytest.raises(DataError, match=r"has no case 'nobody'"):
        evaluate(run, phantom_set, cases=["nobody"])


def test_a_perfect_network_has_perfect_scores_at_the_original_grid(
    run: Path, phantom_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = open_dataset(phantom_set)
    truths = {str(c.image): read_label(c.label, read_image(c.image)) for c in dataset.cases}

    def perfect(_: Segmenter, image: Image, __: TrainedRun, ___: Path | None) -> NDArray[np.int16]:
        return truths[image.source]

    monkeypatch.setattr(module, "segment", perfect)
    summary = evaluate(run, phantom_set, cases=()).summary

    assert summary.num_cases == 6
    assert (summary.dice, summary.nsd, summary.hd95_mm) == (1.0, 1.0, 0.0)


def test_scores_go_where_they_are_asked_to_and_say_what_ran_the_network(
    run: Path, phantom_set: Path, tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime")
    plain = evaluate(run, phantom_set, device="cpu", out=tmp_path / "torch")
    other = evaluate(run, phantom_set, runtime="onnx", out=tmp_path / "onnx")

    assert not (run / "evaluation").exists()
    for found, folder in ((plain, "torch"), (other, "onnx")):
        kept = json.loads((tmp_path / folder / "scores.json").read_text())
        assert Evaluation.model_validate(kept) == found
        assert (tmp_path / folder / "cases.csv").exists()
    assert plain.summary.runtime.startswith("torch ")
    assert other.summary.runtime == "onnx float32"
    assert other.summary.dice == pytest.approx(plain.summary.dice, abs=0.02)


def test_csv_and_json_hold_the_same_scores(
    evaluated: tuple[Path, Evaluation],
) -> None:
    run, found = evaluated

    rows = list(csv.DictReader((run / "evaluation" / "cases.csv").read_text().splitlines()))
    kept = json.loads((run / "evaluation" / "scores.json").read_text())
    assert Evaluation.model_validate(kept) == found
    assert len(rows) == 2 * 4
    for row in rows:
        case = next(case for case in found.cases if case.id == row["case"])
        one = case.scores[row["label"]]
        assert float(row["dice"]) == pytest.approx(one.dice, abs=1e-6)
        assert (row["hd95_mm"] == "") == (one.hd95_mm is None)


def test_means_leave_out_missing_distances_and_count_them(
    evaluated: tuple[Path, Evaluation],
) -> None:
    _, found = evaluated

    for mean in found.summary.labels:
        scores = [case.scores[mean.label] for case in found.cases]
        known = [one.hd95_mm for one in scores if one.hd95_mm is not None]
        assert mean.dice == fmean(one.dice for one in scores)
        assert mean.without_distance == len(scores) - len(known)
        assert mean.hd95_mm == (fmean(known) if known else None)


def test_the_worst_cases_come_first(
    evaluated: tuple[Path, Evaluation],
) -> None:
    _, found = evaluated
    graded = found.model_copy(
        update={
            "cases": tuple(
                CaseScores(id=name, scores={"organ": Score(dice=dice, nsd=1, hd95_mm=None)})
                for name, dice in (("a", 0.5), ("b", 0.25), ("c", 1.0), ("d", 0.25))
            )
        }
    )

    assert [case.id for case in graded.worst(3)] == ["b", "d", "a"]


def test_a_data_set_with_other_labels_is_refused(
    run: Path, phantom_set: Path, tmp_path: Path
) -> None:
    shutil.copytree(phantom_set, tmp_path / "other")
    file = tmp_path / "other" / "dataset.json"
    document = json.loads(file.read_text())
    document["labels"]["1"], document["labels"]["2"] = "core", "organ"
    file.write_text(json.dumps(document))

    with pytest.raises(DataError, match=r"its labels are background, core, organ.*trained for"):
        evaluate(run, tmp_path / "other")
