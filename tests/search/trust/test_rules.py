"""Every rule, on diaries that were made up: a flat one, a decided one, a noisy one."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from uxnet_compiler.runs.events import Event
from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.decision import Outcome
from uxnet_compiler.search.trust.model import Compared, Comparison, Gap, Resources, Trust
from uxnet_compiler.search.trust.picture import draw_trust
from uxnet_compiler.search.trust.report import extended, judged, make_trust
from uxnet_compiler.search.trust.rules import RULES
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.spaces.uxnet import UXNetOptions, space

FRAME = space(UXNetOptions(widths=(2, 4, 8), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2))))
RECORDS = 40

Way = Callable[[float, random.Random], float]
"""From the part of the time that is over to how decided everything is: 0 not, 1 all."""


def report(way: Way, *, gap: Gap | None = None, complete: bool = True) -> Trust:
    """Judge a search whose gates and preferences go this way: odd gates shut, first ops win."""
    chance = random.Random(5)
    diary: list[Event] = []
    final = Evidence()
    for number in range(RECORDS + 1):
        over = number / RECORDS
        gates, choices = {}, {}
        for index, key in enumerate(FRAME.gates):
            shut = min(1.0, max(0.0, way(over, chance))) if index % 2 else 0.0
            gates[key] = 1.0 - shut
        for choice, candidates in FRAME.choices.items():
            more = 0.9 * min(1.0, max(0.0, way(over, chance)))
            rest = (1 - more) / len(candidates)
            choices[choice] = {c: rest + more * (n == 0) for n, c in enumerate(candidates)}
        final = Evidence(gates=gates, choices=choices)
        diary.append(
            {"kind": "gates", "step": 10 * number, "evidence": final.model_dump(mode="json")}
        )
    genotype = FAMILIES["uxnet"].genotype(FRAME, final, name="made-up", tau=0.75)
    took = Resources(
        minutes=1.0,
        steps=10 * RECORDS,
        complete=complete,
        devices=1,
        device_hours=0.02,
        peak_bytes=2**30,
        peak_gpu_bytes=None,
        waiting=0.01,
    )
    return make_trust(genotype, FRAME, diary, Outcome(final, final, complete), took, gap)


def flat(over: float, chance: random.Random) -> float:  # noqa: ARG001
    return 0.004


def decided(over: float, chance: random.Random) -> float:
    return over + chance.uniform(-0.01, 0.01)


def noisy(over: float, chance: random.Random) -> float:  # noqa: ARG001
    return 0.25 + chance.uniform(-0.25, 0.25)


def level(found: Trust, rule: str) -> str | None:
    return next((verdict.level for verdict in found.verdicts if verdict.rule == rule), None)


def text(found: Trust, rule: str) -> str:
    return next(verdict.text for verdict in found.verdicts if verdict.rule == rule)


def test_a_flat_line_decided_nothing_and_is_told_in_words() -> None:
    found = report(flat)

    assert level(found, "movement") == "bad"
    assert text(found, "movement").startswith("The search decided nothing")
    assert level(found, "ops") == "bad"
    assert level(found, "wiring") == "doubt"
    assert level(found, "evidence") == "doubt"


def test_a_decided_search_is_fine() -> None:
    found = report(decided)

    assert {verdict.level for verdict in found.verdicts} == {"ok"}
    assert {verdict.rule for verdict in found.verdicts} == {
        "movement",
        "ops",
        "wiring",
        "evidence",
        "waiting",
    }


def test_an_open_gate_that_leads_nowhere_keeps_no_edge() -> None:
    found = report(decided)

    # Every other gate is open, n0_0>n1_0 among them; n1_0>n2_0 is shut.
    assert len(FRAME.gates[::2]) == 6
    assert found.edges == (5, 11)
    assert text(found, "wiring").startswith("The network has 5 of the 11 edges")


def test_noise_is_called_noise() -> None:
    found = report(noisy)

    assert level(found, "movement") == "ok"
    assert level(found, "evidence") == "bad"
    assert "cannot be told from noise" in text(found, "evidence")


def test_ops_that_were_not_tried_are_not_called_decided() -> None:
    found = report(decided)
    untried = judged(found.model_copy(update={"singles": 0.05}))
    tried = judged(found.model_copy(update={"singles": 0.5}))
    assert level(untried, "ops") == "doubt"
    assert "Dice 0.05), so no op was tried" in text(untried, "ops")
    assert level(tried, "ops") == "ok"


@pytest.mark.parametrize(
    ("rise", "wanted", "said"),
    [
        (-0.01, "ok", "1.0% lower."),
        (0.05, "ok", "5.0% higher."),
        (0.06, "doubt", "--price"),
        (0.2, "bad", "20.0% higher: a lower --price"),
    ],
)
def test_what_cutting_cost_is_told(rise: float, wanted: str, said: str) -> None:
    found = judged(report(decided).model_copy(update={"rise": rise}))
    assert level(found, "cutting") == wanted
    assert said in text(found, "cutting")


def test_without_a_measurement_nothing_is_said_of_what_cutting_cost() -> None:
    assert level(report(decided), "cutting") is None


def test_a_stopped_search_is_in_doubt() -> None:
    assert level(report(decided, complete=False), "budget") == "doubt"
    assert level(report(decided), "budget") is None


@pytest.mark.parametrize(("share", "wanted"), [(0.05, "ok"), (0.2, "doubt"), (0.5, "bad")])
def test_waiting_for_data_is_told(share: float, wanted: str) -> None:
    found = report(decided)
    took = found.resources.model_copy(update={"waiting": share})

    assert level(extended(found.model_copy(update={"resources": took})), "waiting") == wanted


@pytest.mark.parametrize(
    ("one_hot", "gap", "drawn"),
    [(0.8, "ok", "ok"), (0.7, "doubt", "doubt"), (0.3, "bad", "bad")],
)
def test_the_gap_and_random_genotypes_are_judged(one_hot: float, gap: str, drawn: str) -> None:
    measured = Gap(patches=8, relaxed=0.82, one_hot=one_hot, random=(0.5, 0.75, 0.6))

    found = report(decided, gap=measured)

    assert level(found, "discretisation") == gap
    assert level(found, "random") == drawn


@pytest.mark.parametrize(
    ("dice", "wanted", "gap"), [(0.0, "bad", None), (0.2, "doubt", "ok"), (0.8, "ok", "ok")]
)
def test_a_supernet_that_finds_nothing_can_say_nothing(
    dice: float, wanted: str, gap: str | None
) -> None:
    found = report(decided, gap=Gap(patches=8, relaxed=dice, one_hot=dice, random=(0.0,)))

    assert level(found, "learning") == wanted
    assert level(found, "discretisation") == gap


def test_single_networks_that_find_nothing_say_nothing_of_the_genotype() -> None:
    found = report(decided, gap=Gap(patches=8, relaxed=0.6, one_hot=0.0, random=(0.0, 0.02)))

    assert level(found, "random") == "doubt"
    assert level(found, "discretisation") == "bad"


def test_a_mixture_that_its_gates_cut_off_is_judged_by_other_rules() -> None:
    found = report(decided, gap=Gap(patches=8, relaxed=None, one_hot=0.5, random=(0.0,)))

    assert level(found, "learning") is None


def compared(behind: float, error: float) -> Comparison:
    def network(name: str, behind: float, error: float) -> Compared:
        return Compared(
            name=name,
            params=1000,
            macs=10**6,
            steps=100,
            dice=0.8 - behind,
            labels={"organ": 0.8 - behind},
            behind=behind,
            behind_error=error,
        )

    return Comparison(
        minutes=1.0,
        cases=10,
        seen_by_search=False,
        image_size=(64, 64, 64),
        networks=(
            network("searched", 0.0, 0.0),
            network("unet", 0.01, 0.01),
            network("random-0", behind, error),
        ),
    )


@pytest.mark.parametrize(
    ("behind", "wanted"), [(0.05, "ok"), (0.01, "doubt"), (-0.01, "doubt"), (-0.05, "bad")]
)
def test_trained_networks_are_judged_by_their_standard_errors(behind: float, wanted: str) -> None:
    found = extended(report(decided), comparison=compared(behind, 0.01))

    assert level(found, "trained") == wanted


def test_every_rule_says_in_its_docstring_when_it_objects() -> None:
    for rule in RULES.values():
        assert rule.__doc__
        assert (
            "ad when" in rule.__doc__ or "oubt when" in rule.__doc__ or "ad unless" in rule.__doc__
        )


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_picture_of_a_report_is_the_same_each_time(suffix: str, tmp_path: Path) -> None:
    measured = Gap(patches=8, relaxed=None, one_hot=0.4, random=(0.1, 0.5), retrained=0.7)
    found = extended(report(noisy, gap=measured), comparison=compared(0.05, 0.01))
    first, second = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"

    draw_trust(found, first)
    draw_trust(found, second)

    assert first.read_bytes() == second.read_bytes()


def test_the_picture_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "trust.svg"

    draw_trust(report(flat), path)

    drawn = path.read_text()
    assert "not measured" in drawn
    assert "too few records to tell" in drawn
    assert "The search decided nothing" in drawn


def test_where_nothing_was_to_be_decided_there_is_no_noise_either() -> None:
    nothing = report(lambda over, _: over).model_copy(update={"decisions": ()})

    assert RULES["evidence"](nothing) is None
