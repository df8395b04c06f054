"""The trust report that a search leaves in its folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.search import Found, search
from uxnet_compiler.search.trust import report as trust
from uxnet_compiler.search.trust.report import PICTURES, read_trust, trust_path


def config(**changes: object) -> SearchConfig:
    values = {"steps": 4, "levels": 2, "width": 2, "batch_size": 2, "precision": "float32"}
    return SearchConfig.model_validate(values | changes)


@pytest.fixture(scope="module")
def found(phantom_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    return search(phantom_set, tmp_path_factory.mktemp("trust") / "run", config(steps=40))


def test_a_search_leaves_its_report_and_pictures(found: Found) -> None:
    report = read_trust(found.folder.path)

    assert report.genotype == found.genotype.id
    assert report.resources.steps == 40
    assert report.resources.complete
    assert report.resources.peak_bytes > 2**20
    assert report.resources.waiting is not None
    assert report.gap is not None
    assert report.gap.patches == 8
    assert report.course.steps == (10, 20, 30, 40)
    assert len(report.decisions) == 3 + 5
    assert report.verdicts
    assert all((found.folder.path / name).stat().st_size > 1000 for name in PICTURES)


def test_the_report_holds_no_path_and_no_case(found: Found, phantom_set: Path) -> None:
    texts = [trust_path(found.folder.path).read_text()]
    texts.append((found.folder.path / "trust.svg").read_text())

    for text in texts:
        assert str(phantom_set.parent) not in text
        assert str(found.folder.path.parent) not in text
        assert not any(path.name.split(".")[0] in text for path in phantom_set.glob("imagesTr/*"))


class Notes(Observer):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_a_machine_without_memory_for_the_gap_keeps_the_search(
    phantom_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: not enough memory")

    monkeypatch.setattr(trust, "measure_gap", full)
    monkeypatch.setattr(trust, "mixture_dice", full)
    notes = Notes()

    search(phantom_set, tmp_path / "run", config(steps=2), observer=notes)

    assert (tmp_path / "run" / "genotype.json").is_file()
    assert read_trust(tmp_path / "run").gap is None
    assert any("the trust report goes without the gap" in note for note in notes.notes)
    assert any("goes without the supernet's Dice" in note for note in notes.notes)


def test_the_genotype_is_there_before_the_report_is_written(
    phantom_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise RunError("trust.json: cannot write here: no space left")

    monkeypatch.setattr(trust, "write_trust", full)

    with pytest.raises(RunError, match="no space left"):
        search(phantom_set, tmp_path / "run", config(steps=2))

    assert json.loads((tmp_path / "run" / "summary.json").read_text())["complete"]
    assert (tmp_path / "run" / "genotype.json").is_file()


def test_a_search_without_a_report_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")

    with pytest.raises(RunError, match=r"no trust\.json in it"):
        read_trust(tmp_path)


def test_a_damaged_report_is_told_with_its_field(found: Found, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    text = trust_path(found.folder.path).read_text()
    trust_path(tmp_path).write_text(text.replace('"tau": 0.75', '"tau": "high"'))

    with pytest.raises(RunError, match=r"trust\.json: tau: "):
        read_trust(tmp_path)
