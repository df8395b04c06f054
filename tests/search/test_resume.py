from __future__ import annotations

import errno
import json
import os
import random
import re
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from jobs import finish, search_job, start

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.checkpoint import previous_path
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.runs.schedule import Schedule
from uxnet_compiler.search import loop
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.decision import Expected
from uxnet_compiler.search.inherit import SUPERNET_FILE
from uxnet_compiler.search.search import FEW_STEPS, search
from uxnet_compiler.wording import counted

KILLS = 10
SMALL = {"levels": 2, "width": 2, "batch_size": 1, "precision": "float32"}


class Notes(Observer):
    """Keep what a job says."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def test_a_search_that_is_killed_again_and_again_ends_the_same(
    phantom_set: Path, tmp_path: Path
) -> None:
    # The seed is not the one that pytest-randomly sets: other moments whenever one looks again.
    moment = random.Random(time.time_ns())
    out, whole = tmp_path / "killed", tmp_path / "whole"
    diary = out / "events.jsonl"
    for life in range(KILLS):
        process = start(search_job, phantom_set, out, SMALL | {"steps": 12, "minutes": 0.1})
        if life % 2:  # otherwise many lives would end before their first step
            before = diary.stat().st_size if diary.exists() else 0
            while process.is_alive() and not (diary.exists() and diary.stat().st_size != before):
                time.sleep(0.01)
            time.sleep(moment.uniform(0, 0.3))
        else:
            process.join(moment.uniform(0, 2))
        process.kill()
        process.join()

    finish(start(search_job, phantom_set, out, SMALL | {"steps": 12, "minutes": 0.1}))

    steps = Schedule.model_validate_json((out / "schedule.json").read_text()).steps
    finish(start(search_job, phantom_set, whole, SMALL | {"steps": steps}))
    for name in ("genotype.json", SUPERNET_FILE, "events.jsonl"):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    assert json.loads((out / "summary.json").read_text())["complete"]
    assert not list(out.glob(".*"))


def test_a_damaged_checkpoint_is_told_and_the_one_before_leads_to_the_same_end(
    phantom_set: Path, tmp_path: Path
) -> None:
    notes = Notes()
    config = SearchConfig.model_validate(SMALL | {"steps": 3})
    search(phantom_set, tmp_path / "run", config)
    expected = (tmp_path / "run" / "genotype.json").read_bytes()
    path = tmp_path / "run" / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:1000])

    search(phantom_set, tmp_path / "run", config, resume=True, observer=notes)

    assert previous_path(path).exists()
    assert (tmp_path / "run" / "genotype.json").read_bytes() == expected
    assert any("damaged" in text and "going on from" in text for text in notes.said)


def test_a_search_is_not_resumed_with_other_data(
    phantom_set: Path, phantom_set_2d: Path, tmp_path: Path
) -> None:
    config = SearchConfig.model_validate(SMALL | {"steps": 1})
    search(phantom_set, tmp_path / "run", config)
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").glob("*.*")}

    with pytest.raises(RunError, match="cannot resume with other data") as caught:
        search(phantom_set_2d, tmp_path / "run", config, resume=True)

    assert "\n" not in str(caught.value)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").glob("*.*")} == before


def test_minutes_become_a_number_of_steps_that_is_told(phantom_set: Path, tmp_path: Path) -> None:
    notes = Notes()
    config = SearchConfig.model_validate(SMALL | {"minutes": 0.02})

    found = search(phantom_set, tmp_path / "run", config, observer=notes)

    schedule = Schedule.model_validate_json((tmp_path / "run" / "schedule.json").read_text())
    assert found.summary.complete
    assert found.summary.steps == schedule.steps
    assert notes.said[0].startswith(
        f"planned for 0.02 minutes: {counted(schedule.steps, 'step')} of "
    )


@pytest.mark.parametrize(
    ("measuring_s", "told"), [(0.0, []), (600.0, ["this takes about 11 min, longer than asked"])]
)
def test_a_search_whose_measuring_takes_longer_than_asked_says_so(
    measuring_s: float,
    told: list[str],
    phantom_set: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Expected(fixed_s=measuring_s)
    monkeypatch.setattr("uxnet_compiler.search.search.expected", lambda _: found)
    config = SearchConfig.model_validate(SMALL | {"minutes": 1, "steps": 1, "evidence": "learned"})
    notes = Notes()

    search(phantom_set, tmp_path / "run", config, observer=notes)

    assert [note for note in notes.said if "longer than asked" in note] == told


def test_a_search_of_few_steps_says_how_many_minutes_would_do(
    phantom_set: Path, tmp_path: Path
) -> None:
    few, asked = Notes(), Notes()
    short = SMALL | {"minutes": 0.001, "evidence": "learned"}

    search(phantom_set, tmp_path / "few", SearchConfig.model_validate(short), observer=few)
    config = SearchConfig.model_validate(short | {"steps": 1})
    search(phantom_set, tmp_path / "asked", config, observer=asked)

    (warning,) = [note for note in few.said if "decide little" in note]
    assert re.fullmatch(rf"so few steps decide little; {FEW_STEPS} take [1-9]\d* min", warning)
    assert not [note for note in asked.said if "decide little" in note]


def test_a_full_disk_ends_a_search_in_one_line_and_the_last_checkpoint_leads_on(
    phantom_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = SearchConfig.model_validate(SMALL | {"steps": 4})
    whole = search(phantom_set, tmp_path / "whole", config)
    saved: list[int] = []
    write = torch.save

    def fill(state: dict[str, Any], draft: Path) -> None:
        write(state, draft)
        saved.append(state["step"])
        if len(saved) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(torch, "save", fill)
    monkeypatch.setattr(loop, "SAVE_EVERY_S", 0.0)
    with pytest.raises(RunError, match=r"checkpoint\.pt: cannot be written: .*No space") as caught:
        search(phantom_set, tmp_path / "run", config)
    resumed = search(phantom_set, tmp_path / "run", config, resume=True)

    assert "\n" not in str(caught.value)
    assert saved[:4] == [0, 1, 2, 2]
    assert resumed.genotype == whole.genotype
