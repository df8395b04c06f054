from __future__ import annotations

from collections import Counter
from pathlib import Path

from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.studies.ablation import ROWS, ablation, evaluation, genotype
from uxnet_compiler.studies.published import published
from uxnet_compiler.studies.step import DeriveStep, SearchStep, TrainStep
from uxnet_compiler.training.config import TrainConfig


def test_six_rows_take_three_searches_a_fold(
    tiny_search: SearchConfig, tiny_train: TrainConfig
) -> None:
    planned = ablation(Path("data"), tiny_search, tiny_train, folds=3, fold=(0, 2))

    steps = planned.study.steps
    assert Counter(step.kind for step in steps) == {
        "plain": 2,
        "search": 6,
        "derive": 4,
        "train": 12,
        "evaluate": 12,
    }
    searches = [step for step in steps if isinstance(step, SearchStep)]
    assert [(one.config.search_ops, one.config.search_edges) for one in searches[:3]] == [
        (True, False),
        (False, True),
        (True, True),
    ]
    assert {(one.config.fold, one.config.folds) for one in searches} == {(0, 3), (2, 3)}


def test_the_rows_with_both_differ_in_the_threshold_alone(
    tiny_search: SearchConfig, tiny_train: TrainConfig
) -> None:
    planned = ablation(Path("data"), tiny_search, tiny_train, folds=3, fold=(1,))
    by_name = {step.name: step for step in planned.study.steps}

    derived = [one for one in by_name.values() if isinstance(one, DeriveStep)]
    trained = [one for one in by_name.values() if isinstance(one, TrainStep)]

    assert [(one.search, one.tau) for one in derived] == [
        ("fold-1/both/search", 0.6),
        ("fold-1/both/search", 0.9),
    ]
    assert len({one.config for one in trained}) == 1
    assert [one.genotype for one in trained] == [genotype(1, row) for row in ROWS]
    assert all(evaluation(1, row) in by_name for row in ROWS)


def test_each_row_has_a_published_figure() -> None:
    assert list(published().ablation.dice) == [row.name for row in ROWS]
