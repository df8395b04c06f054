"""Laws of the consensus of several searches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.schema import Genotype, dumps, loads
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.spaces.consensus import consensus
from uxnet_compiler.spaces.uxnet import UXNetOptions, space

FAMILY = FAMILIES["uxnet"]
FRAME = space(UXNetOptions(widths=(2, 3, 4), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2))))
OTHER = space(UXNetOptions(widths=(2, 3, 5), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2))))

seeds = st.lists(st.integers(0, 10**6), min_size=1, max_size=5)


def sources(numbers: list[int]) -> list[tuple[str, Genotype]]:
    return [(f"{number}.json", FAMILY.sample(FRAME, number)) for number in numbers]


@given(seeds, st.randoms())
def test_the_order_of_the_searches_does_not_matter(numbers: list[int], chance: object) -> None:
    found = sources(numbers)
    mixed = list(found)
    chance.shuffle(mixed)  # type: ignore[attr-defined]  # hypothesis: a random.Random

    assert dumps(consensus(found)) == dumps(consensus(mixed))


@given(st.integers(0, 10**6))
def test_one_search_is_its_own_consensus(number: int) -> None:
    genotype = FAMILY.sample(FRAME, number)

    agreed = consensus([("one.json", genotype)])

    assert agreed.architecture == genotype.architecture
    assert agreed.evidence is not None
    assert genotype.evidence is not None
    assert agreed.evidence.gates == genotype.evidence.gates
    assert agreed.evidence.choices == genotype.evidence.choices
    assert agreed.evidence.confidence is not None
    assert set(agreed.evidence.confidence.spread.values()) == {0.0}


@given(st.integers(0, 10**6), st.integers(2, 4))
def test_a_search_agrees_with_itself(number: int, times: int) -> None:
    agreed = consensus(sources([number] * times))

    confidence = agreed.evidence.confidence if agreed.evidence else None
    assert confidence is not None
    assert confidence.searches == times
    assert set(confidence.gates.values()) <= {0.0, 1.0}
    assert all(list(shares.values()) == [1.0] for shares in confidence.choices.values())
    assert agreed.id == FAMILY.sample(FRAME, number).id


@given(seeds)
def test_the_document_can_be_read_again(numbers: list[int]) -> None:
    agreed = consensus(sources(numbers))

    assert loads(dumps(agreed)) == agreed


def test_confidence_is_the_part_of_the_searches_that_keep_an_edge() -> None:
    found = sources([1, 2, 3])

    agreed = consensus(found)

    assert agreed.evidence is not None
    confidence = agreed.evidence.confidence
    assert confidence is not None
    for key, share in confidence.gates.items():
        kept = sum(g.evidence.gates[key] >= 0.5 for _, g in found if g.evidence is not None)
        assert share == pytest.approx(kept / 3, abs=1e-6)
    assert all(sum(s.values()) == pytest.approx(1, abs=1e-5) for s in confidence.choices.values())


def test_seeds_are_told_and_what_differs_is_left_out() -> None:
    agreed = consensus(sources([9, 4]))

    assert agreed.provenance.origin == "consensus of 2 searches, seeds 4, 9"
    assert agreed.provenance.seed is None


def test_searches_of_another_space_are_refused_with_the_field() -> None:
    found = [*sources([1]), ("b.json", FAMILY.sample(OTHER, 2))]

    with pytest.raises(GenotypeError, match=r"^b\.json: space\.options\.widths: \[2, 3, 5\], but"):
        consensus(found)


def test_a_genotype_without_evidence_is_refused() -> None:
    bare = FAMILY.sample(FRAME, 1).model_copy(update={"evidence": None})

    with pytest.raises(GenotypeError, match=r"^b\.json: evidence: missing"):
        consensus([*sources([1]), ("b.json", bare)])


def test_thresholds_may_differ() -> None:
    low, high = (FAMILY.sample(FRAME, seed, tau=tau) for seed, tau in ((1, 0.25), (2, 0.75)))

    agreed = consensus([("a", low), ("b", high)])

    assert agreed.space is not None
    assert agreed.space.tau == 0.5
