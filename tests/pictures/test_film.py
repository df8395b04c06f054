"""Reading a search as a film."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from searches import SPACE, evidence, write_search

from uxnet_compiler.errors import GenotypeError, RunError
from uxnet_compiler.pictures.film import read_film
from uxnet_compiler.runs.events import EventLog
from uxnet_compiler.schema import load
from uxnet_compiler.zoo import resolve


def lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]


def rewrite(run: Path, events: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(event) + "\n" for event in events)
    (run / "events.jsonl").write_text(text)


def test_each_record_of_gates_is_a_frame_and_the_decision_the_last(tmp_path: Path) -> None:
    run = write_search(tmp_path / "run", steps=34)

    film = read_film(run)

    assert [frame.step for frame in film.frames] == [10, 20, 30, 34]
    assert [frame.decided for frame in film.frames] == [False, False, False, True]
    assert film.frames[1].evidence == evidence(20)
    assert film.frames[1].loss == pytest.approx(1 / 20)
    assert film.frames[0].dice is None
    assert film.frames[2].dice == pytest.approx(0.3)
    assert film.genotype == load(run / "genotype.json")
    assert film.frames[-1].evidence == film.genotype.evidence
    assert film.tau == 0.6


def test_a_long_film_is_thinned_evenly_and_keeps_both_ends(tmp_path: Path) -> None:
    run = write_search(tmp_path / "run", steps=400)

    film = read_film(run, most=11)

    steps = [frame.step for frame in film.frames]
    assert len(steps) == 11
    assert (steps[0], steps[-2], steps[-1]) == (10, 400, 400)
    gaps = [b - a for a, b in pairwise(steps[:-1])]
    assert max(gaps) - min(gaps) <= 10


def test_two_frames_are_the_end_of_what_was_learned_and_the_decision(tmp_path: Path) -> None:
    run = write_search(tmp_path / "run", steps=40)

    assert [f.decided for f in read_film(run, most=2).frames] == [False, True]


def test_a_resumed_search_makes_no_jump_back(tmp_path: Path) -> None:
    run = write_search(tmp_path / "run", steps=30)
    with EventLog(run, resume_step=25) as log:
        for step in range(26, 41):
            log.emit("search", step, loss=9.0)
            if step % 10 == 0:
                log.emit("gates", step, evidence=evidence(step).model_dump(mode="json"))

    frames = read_film(run).frames

    assert [frame.step for frame in frames] == [10, 20, 30, 40]
    assert [frame.loss for frame in frames[-2:]] == [9.0, 9.0]


def test_steps_that_a_diary_tells_of_twice_count_as_made_last(tmp_path: Path) -> None:
    run = write_search(tmp_path / "run", steps=40)
    again = [{"kind": "search", "step": step, "loss": 7.0, "dice": None} for step in (15, 16)]
    rewrite(run, lines(run) + again)
    (run / "summary.json").unlink()

    frames = read_film(run).frames

    assert [(f.step, f.loss) for f in frames] == [(10, 0.1), (16, 7.0)]
    assert frames[-1].decided


def test_a_search_that_goes_on_has_not_decided(tmp_path: Path) -> None:
    run = write_search(tmp_path / "run", steps=20)
    with EventLog(run, resume_step=20) as log:
        log.emit("search", 21, loss=1.0)

    assert not any(frame.decided for frame in read_film(run).frames)


def test_a_number_that_json_has_no_name_for_is_left_out(tmp_path: Path) -> None:
    run = write_search(tmp_path / "run", steps=10)
    path = run / "events.jsonl"
    path.write_text(path.read_text().replace('"loss": 0.1,', '"loss": NaN,'))

    assert read_film(run).frames[0].loss is None


def test_a_folder_that_is_no_search_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a run folder"):
        read_film(tmp_path)

    run = write_search(tmp_path / "training", steps=10)
    rewrite(run, [{"kind": "train", "step": 1, "loss": 1.0}])
    with pytest.raises(RunError, match="not the run of a search"):
        read_film(run)

    (run / "events.jsonl").unlink()
    with pytest.raises(RunError, match="not the run of a search"):
        read_film(run)


def test_a_search_without_gates_or_without_a_genotype_is_refused(tmp_path: Path) -> None:
    run = write_search(tmp_path / "young", steps=9)
    with pytest.raises(RunError, match=r"no gates in events\.jsonl yet"):
        read_film(run)

    run = write_search(tmp_path / "running", steps=20)
    (run / "genotype.json").unlink()
    with pytest.raises(RunError, match=r"no genotype\.json in it yet"):
        read_film(run)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"evidence": None}, "the gates of step 10 are damaged"),
        ({"evidence": {"gates": {"a>b": 2.0}}}, r"step 10 are damaged: gates\.a>b"),
        ({"evidence": {"gates": {"a>b": 0.5}}}, r"are not those of genotype\.json"),
        ({"step": "ten"}, "'ten' is not a step"),
    ],
)
def test_a_damaged_record_is_told(damage: dict[str, Any], message: str, tmp_path: Path) -> None:
    run = write_search(tmp_path / "run", steps=10)
    rewrite(run, [e | (damage if e["kind"] == "gates" else {}) for e in lines(run)])

    with pytest.raises(RunError, match=message) as caught:
        read_film(run)
    assert "\n" not in str(caught.value)


def test_a_diary_of_other_bytes_is_told(tmp_path: Path) -> None:
    run = write_search(tmp_path / "run", steps=10)
    (run / "events.jsonl").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(RunError, match="not UTF-8"):
        read_film(run)


def test_a_genotype_that_no_search_wrote_is_refused(tmp_path: Path) -> None:
    run = write_search(tmp_path / "run", steps=10)
    text = resolve("zoo:unet").model_copy(update={"evidence": None}).model_dump_json()
    (run / "genotype.json").write_text(text)

    with pytest.raises(GenotypeError, match="evidence"):
        read_film(run)


def test_a_cut_last_line_is_left_out(tmp_path: Path) -> None:
    run = write_search(tmp_path / "run", steps=20)
    path = run / "events.jsonl"
    path.write_text(path.read_text() + '{"kind": "gates", "step": 3')

    assert [frame.step for frame in read_film(run).frames] == [10, 20, 20]
    assert set(read_film(run).frames[0].gates) == set(SPACE.gates)
