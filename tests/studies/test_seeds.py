"""Searches with several seeds: nothing twice, agreement, consensus."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.launch import Place
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import load
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.spaces.consensus import consensus
from uxnet_compiler.studies.seeds import search_seeds

CONFIG = SearchConfig(steps=3, levels=2, width=2, batch_size=1, precision="float32", seed=4)


@contextmanager
def silent() -> Iterator[Observer]:
    yield Observer()


@pytest.fixture(scope="module")
def out(phantom_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeds") / "out"
    assert search_seeds(phantom_set, folder, CONFIG, 2, silent) is not None
    return folder


def test_each_seed_has_a_folder_and_the_consensus_is_beside_them(out: Path) -> None:
    runs = [out / "seed-4", out / "seed-5"]
    genotypes = [(str(run), load(run / "genotype.json")) for run in runs]

    found = load(out / "genotype.json")

    assert [genotype.provenance.seed for _, genotype in genotypes] == [4, 5]
    assert found.architecture == consensus(genotypes).architecture
    assert found.name == "Phantom-uxnet-consensus"
    assert found.provenance.origin == "consensus of 2 searches, seeds 4, 5"
    assert all((run / "trust.json").is_file() for run in runs)


def test_the_agreement_is_written(out: Path) -> None:
    found = json.loads((out / "agreement.json").read_text())

    assert found["names"] == ["seed-4", "seed-5"]
    assert 0 <= found["edges"] <= 1
    assert 0 <= found["ops"] <= 1


def test_what_is_complete_is_not_run_again_and_seeds_can_be_added(
    out: Path, phantom_set: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(out, tmp_path / "out"))
    before = {
        seed: (out / seed / "summary.json").stat().st_mtime_ns for seed in ("seed-4", "seed-5")
    }

    found = search_seeds(phantom_set, out, CONFIG, 3, silent)

    assert found is not None
    assert found.agreement.names == ("seed-4", "seed-5", "seed-6")
    assert before == {seed: (out / seed / "summary.json").stat().st_mtime_ns for seed in before}


def test_several_processes_are_refused(
    tmp_path: Path, phantom_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uxnet_compiler.studies.seeds.place", lambda: Place(count=2))

    with pytest.raises(RunError, match="not by 2; start a job for each seed"):
        search_seeds(phantom_set, tmp_path / "out", CONFIG, 2, silent)

    assert not (tmp_path / "out").exists()
