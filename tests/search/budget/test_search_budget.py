"""A search keeps its limits, and refuses those that no network keeps before it begins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from uxnet_compiler.compiler import network_cost
from uxnet_compiler.errors import RunError
from uxnet_compiler.schema import load
from uxnet_compiler.search.budget.derive import derive_within
from uxnet_compiler.search.budget.search_budget import LATENCY_FILE
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.search import search


def config(**changes: object) -> SearchConfig:
    values = {"steps": 3, "levels": 2, "width": 2, "batch_size": 1, "precision": "float32"}
    return SearchConfig.model_validate(values | changes)


def test_what_a_search_finds_is_within_its_limits(phantom_set: Path, tmp_path: Path) -> None:
    limits = {"max_params": 250, "max_macs": 9_000_000, "cost_pressure": 0.1}

    found = search(phantom_set, tmp_path / "run", config(**limits, tau=0.0))

    genotype = load(found.folder.genotype_path)
    assert genotype.space is not None
    assert genotype.space.limits is not None
    spent = network_cost(genotype.architecture, genotype.space.limits.size)
    assert spent.params <= 250
    assert spent.macs <= 9_000_000
    assert genotype.provenance.closed or genotype.provenance.replaced
    assert found.summary.genotype == genotype.id
    assert derive_within(genotype) == genotype


def test_an_impossible_limit_is_refused_before_the_search(
    phantom_set: Path, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match="--max-params 10 is impossible: the smallest network"):
        search(phantom_set, tmp_path / "run", config(max_params=10))

    assert not (tmp_path / "run").exists()


def test_a_latency_is_measured_kept_and_recorded(
    phantom_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UXNET_CACHE", str(tmp_path / "cache"))

    found = search(phantom_set, tmp_path / "run", config(max_latency=1e6))

    limits = found.genotype.space.limits if found.genotype.space else None
    assert limits is not None
    assert limits.latency_ms == 1e6
    assert limits.machine is not None
    assert "float32" in limits.machine
    assert len(list((tmp_path / "cache" / "latency").glob("*.json"))) == 1
    # A search that goes on pays the prices that it was begun with, also after `uxnet cache clear`.
    kept = json.loads((tmp_path / "run" / LATENCY_FILE).read_text())
    assert kept["machine"] == limits.machine
    assert kept["times"]
    # In the precision of the search, not in the one that is fastest here.
    assert derive_within(found.genotype) == found.genotype
