from __future__ import annotations

from pathlib import Path

import pytest

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.config import make_config
from uxnet_compiler.studies.budget import Overrides
from uxnet_compiler.studies.step import TrainStep
from uxnet_compiler.studies.sweep import SweepConfig, named, overridden, sweep

DATA = Path("data")


def test_a_sweep_of_seeds_alone_is_a_search_for_each() -> None:
    config = overridden(SweepConfig(seeds=(0, 3)), Overrides(search_steps=7))

    planned = sweep(DATA, config, [])

    assert [step.name for step in planned.study.steps] == [
        "searched/seed-0/search",
        "searched/seed-3/search",
    ]
    assert [(t.seed, t.fold, t.evaluation) for t in planned.trials] == [
        (0, None, None),
        (3, None, None),
    ]


@pytest.mark.parametrize("budget", [{"search_steps": 5}, {"search_minutes": 5.0}])
def test_a_budget_for_searches_asks_for_them_beside_genotypes(budget: dict[str, float]) -> None:
    config = SweepConfig(genotypes=("zoo:unet",))
    overrides = Overrides.model_validate(budget | {"train_steps": 5})

    planned = sweep(DATA, overridden(config, overrides), named(config.genotypes))

    assert [step.name for step in planned.study.steps] == [
        "searched/seed-0/search",
        "searched/seed-0/training",
        "unet/seed-0/training",
    ]


def test_every_genotype_meets_every_fold_and_seed() -> None:
    given = SweepConfig(seeds=(0, 1), folds=3, fold=(0, 2), genotypes=("zoo:unet", "zoo:unetpp"))
    config = overridden(given, Overrides(train_steps=5, device="cpu"))

    planned = sweep(DATA, config, named(config.genotypes))

    assert len(planned.trials) == 8
    trained = [step for step in planned.study.steps if isinstance(step, TrainStep)]
    assert {(s.genotype, s.config.fold, s.config.seed) for s in trained} == {
        (f"given/{name}", fold, seed)
        for name in ("unet", "unetpp")
        for fold in (0, 2)
        for seed in (0, 1)
    }
    assert {step.config.steps for step in trained} == {5}
    assert {step.config.device for step in trained} == {"cpu"}


def test_a_file_says_the_same_as_the_options(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text("seeds: [0, 1]\nfolds: 3\nsearch: {steps: 4, width: 8}\ntrain: {steps: 6}\n")

    config = make_config(SweepConfig, file, {"seeds": (5,)})

    assert config.seeds == (5,)
    assert config.search is not None
    assert config.search.width == 8
    assert [t.evaluation for t in sweep(DATA, config, []).trials] == [
        f"searched/fold-{fold}/seed-5/evaluation" for fold in range(3)
    ]


def test_genotypes_with_the_same_name_get_names_of_their_own() -> None:
    assert [name for name, _ in named(["zoo:unet", "zoo:unet"])] == ["unet", "unet-again"]


def test_genotypes_without_a_way_to_train_them_are_refused() -> None:
    config = SweepConfig(genotypes=("zoo:unet",))

    with pytest.raises(RunError, match="to be trained"):
        sweep(DATA, overridden(config, Overrides()), named(config.genotypes))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fold": (0,)}, "needs folds"),
        ({"seeds": (1, 1)}, "there twice"),
        ({"seeds": ()}, "seeds"),
        ({"folds": 1}, "folds"),
    ],
)
def test_a_sweep_that_makes_no_sense_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(RunError, match=message):
        make_config(SweepConfig, None, values)


def test_a_fold_that_is_not_there_is_refused() -> None:
    config = overridden(SweepConfig(folds=3, fold=(3,)), Overrides(search_steps=1))

    with pytest.raises(RunError, match="fold 3: there are 3 folds, 0 to 2"):
        sweep(DATA, config, [])
