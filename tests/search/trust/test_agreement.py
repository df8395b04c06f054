"""How far seeds agree, on runs that were made up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from uxnet_compiler.errors import RunError
from uxnet_compiler.schema import Evidence, dump
from uxnet_compiler.search.trust.agreement import agreement
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.spaces.uxnet import UXNetOptions, space

STRIDES = ((1, 1, 1), (2, 2, 2))
FRAME = space(UXNetOptions(widths=(2, 3), strides=STRIDES))
FIRST, SECOND, THIRD = FRAME.gates


def run(folder: Path, gates: Sequence[tuple[float, ...]], pick: int = 0) -> Path:
    """Write a search whose gates went through these values; choices go steadily to one op."""
    folder.mkdir(parents=True)
    events, evidence = [], Evidence()
    for number, values in enumerate(gates):
        more = 0.5 * number / (len(gates) - 1)
        choices = {}
        for choice, candidates in FRAME.choices.items():
            rest = (1 - more) / len(candidates)
            choices[choice] = {
                c: rest + more * (n == pick % len(candidates)) for n, c in enumerate(candidates)
            }
        evidence = Evidence(gates=dict(zip(FRAME.gates, values, strict=True)), choices=choices)
        events.append({"kind": "gates", "step": 10 * number, "evidence": evidence.model_dump()})
    (folder / "config.json").write_text("{}")
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    genotype = FAMILIES["uxnet"].genotype(FRAME, evidence, name=folder.name, tau=0.75)
    dump(genotype, folder / "genotype.json")
    return folder


SURE_OPEN = [(1.0, 1.0, 0.75 + step) for step in (0.0, 0.06, 0.1, 0.16, 0.2)]
SURE_SHUT = [(1.0, 1.0, 0.75 - step) for step in (0.0, 0.16, 0.3, 0.46, 0.6)]
UNSURE = [(1.0, 1.0, gate) for gate in (0.9, 0.6, 0.95, 0.65, 0.7)]


def test_a_search_agrees_with_itself(tmp_path: Path) -> None:
    found = agreement([run(tmp_path / name, SURE_OPEN) for name in ("a", "b")])

    assert found.names == ("a", "b")
    assert found.gates == found.edges == found.ops == 1
    assert found.differing == ()
    assert len(found.decisions) == 3 + len(FRAME.choices)


def test_gates_are_compared_by_jaccard(tmp_path: Path) -> None:
    runs = [run(tmp_path / "a", SURE_OPEN), run(tmp_path / "b", SURE_SHUT)]

    found = agreement(runs)

    assert found.gates == pytest.approx(2 / 3, abs=1e-6)
    assert found.ops == 1
    (differing,) = found.differing
    assert differing.key == THIRD
    assert differing.picked == ("open", "shut")
    assert (found.strong, found.weak, found.noise) == (1, 0, 0)


def test_open_gates_on_ways_that_lead_nowhere_are_no_edges_of_a_network(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", [(1.0, 1.0, 1.0)] * 2)
    dead_end = run(tmp_path / "dead-end", [(1.0, 1.0, 0.0)] * 2)
    direct = run(tmp_path / "direct", [(0.0, 1.0, 0.0)] * 2)

    found = agreement([dead_end, direct])
    assert found.gates == pytest.approx(1 / 2, abs=1e-6)
    assert found.edges == 1

    found = agreement([dead_end, whole])
    assert found.gates == pytest.approx(2 / 3, abs=1e-6)
    assert found.edges == pytest.approx(1 / 3, abs=1e-6)


def test_what_one_search_could_not_tell_is_noise(tmp_path: Path) -> None:
    found = agreement([run(tmp_path / "a", SURE_OPEN), run(tmp_path / "b", UNSURE)])

    assert (found.strong, found.weak, found.noise) == (0, 0, 1)
    assert found.differing[0].strength is not None
    assert found.differing[0].strength < 1


def test_of_what_never_moved_no_search_is_called_sure(tmp_path: Path) -> None:
    found = agreement(
        [
            run(tmp_path / "a", [(0.0, 1.0, 0.0)] * 2),
            run(tmp_path / "b", [(1.0, 1.0, 1.0)] * 2),
        ]
    )

    assert {each.strength for each in found.differing} == {None}
    assert (found.strong, found.weak, found.noise) == (0, 0, 0)
    assert found.unknown == len(found.differing) == 2


def test_three_searches_are_compared_pair_by_pair(tmp_path: Path) -> None:
    runs = [
        run(tmp_path / "a", SURE_OPEN),
        run(tmp_path / "b", SURE_OPEN, pick=1),
        run(tmp_path / "c", SURE_SHUT),
    ]

    found = agreement(runs)

    assert found.gates == pytest.approx((1 + 2 / 3 + 2 / 3) / 3, abs=1e-6)
    assert found.ops == pytest.approx(1 / 3, abs=1e-6)


def test_choices_that_a_network_does_not_have_are_not_compared(tmp_path: Path) -> None:
    direct = [(0.0, 1.0, 0.0)] * 2
    shallow, other = run(tmp_path / "a", direct), run(tmp_path / "b", direct, pick=1)
    deep = run(tmp_path / "deep", [(1.0, 1.0, 1.0)] * 2)

    assert agreement([shallow, deep]).ops == 1
    assert agreement([shallow, other]).ops == 0


def test_searches_of_different_spaces_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    run(other, SURE_OPEN)
    wide = space(UXNetOptions(widths=(2, 3, 4), strides=(*STRIDES, (2, 2, 2))))
    dump(FAMILIES["uxnet"].sample(wide, 1), other / "genotype.json")
    (other / "events.jsonl").write_text("")

    with pytest.raises(RunError, match="of another space"):
        agreement([run(tmp_path / "a", SURE_OPEN), other])


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a run folder"):
        agreement([tmp_path])
