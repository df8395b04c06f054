"""The searched network trained beside others, in its trust report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import load
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.search import search
from uxnet_compiler.search.trust.report import read_trust
from uxnet_compiler.studies.comparison import compare_trained, paired
from uxnet_compiler.training.evaluate import CaseScores
from uxnet_compiler.training.scores import Score


@contextmanager
def silent() -> Iterator[Observer]:
    yield Observer()


def case(name: str, dice: float) -> CaseScores:
    return CaseScores(id=name, scores={"organ": Score(dice=dice, nsd=dice, hd95_mm=None)})


def test_cases_are_compared_one_by_one() -> None:
    found = (case("a", 0.9), case("b", 0.5))
    other = (case("b", 0.4), case("a", 0.6))

    behind, error = paired(found, other)

    assert behind == pytest.approx(0.2)
    assert error == pytest.approx(0.1)  # deviation 0.1414 of 0.3 and 0.1, over the root of 2
    assert paired(found, found) == (0.0, 0.0)


def test_a_search_is_trained_beside_a_unet_and_a_random_genotype(
    phantom_set: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    config = SearchConfig(
        steps=2, levels=2, width=2, batch_size=1, precision="float32", folds=3, fold=1
    )
    search(phantom_set, run, config)

    report = compare_trained(run, phantom_set, silent, minutes=0.01, num_random=1)

    assert report is not None
    assert report == read_trust(run)
    assert report.comparison is not None
    networks = report.comparison.networks
    assert [each.name for each in networks] == ["searched", "unet", "random-0"]
    assert report.comparison.cases == 2
    assert not report.comparison.seen_by_search
    assert (networks[0].behind, networks[0].behind_error) == (0.0, 0.0)
    assert networks[1].behind == pytest.approx(networks[0].dice - networks[1].dice, abs=2e-6)
    assert report.gap is not None
    assert report.gap.retrained is not None
    assert "trained" in {verdict.rule for verdict in report.verdicts}
    unet = load(run / "trust" / "given" / "unet" / "genotype.json")
    searched = load(run / "genotype.json")
    assert unet.architecture.widths == (2, 4)
    assert unet.architecture.out_channels == searched.architecture.out_channels

    made = {path: path.stat().st_mtime_ns for path in (run / "trust").rglob("weights.safetensors")}
    again = compare_trained(run, phantom_set, silent, minutes=0.01, num_random=1)

    assert again == report
    assert len(made) == 3
    assert made == {path: path.stat().st_mtime_ns for path in made}


def test_other_data_than_the_search_saw_are_refused(
    phantom_set: Path, phantom_set_2d: Path, tmp_path: Path
) -> None:
    search(phantom_set, tmp_path / "run", SearchConfig(steps=1, levels=2, width=2))

    with pytest.raises(RunError, match=r"not the data set that .*run was searched on") as caught:
        compare_trained(tmp_path / "run", phantom_set_2d, silent, minutes=0.01)

    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run" / "trust").exists()
