"""The consensus of searches that had limits is within them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uxnet_compiler.compiler import network_cost
from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.schema import Genotype
from uxnet_compiler.search.budget.consensus import consensus_within
from uxnet_compiler.search.budget.derive import derive_within
from uxnet_compiler.search.budget.limits import Wish
from uxnet_compiler.spaces import derive
from uxnet_compiler.spaces.consensus import consensus
from uxnet_compiler.spaces.uxnet import UXNET, UXNetOptions, space

FRAME = space(UXNetOptions(widths=(4, 8, 8), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2))))
SIZE = (8, 8, 8)
WISH = Wish(params=3000)

seeds = st.lists(st.integers(0, 10**6), min_size=1, max_size=4)


def limited(seed: int, wish: Wish = WISH) -> tuple[str, Genotype]:
    return f"{seed}.json", derive_within(UXNET.sample(FRAME, seed, tau=0.3), wish=wish, size=SIZE)


@settings(max_examples=10)
@given(seeds)
def test_the_limits_of_all_searches_hold_for_their_consensus(numbers: list[int]) -> None:
    agreed = consensus_within([limited(number) for number in numbers])

    assert agreed.space is not None
    assert agreed.space.limits is not None
    assert agreed.space.limits.params == 3000
    assert network_cost(agreed.architecture, SIZE).params <= 3000
    assert agreed.evidence is not None
    assert agreed.evidence.confidence is not None
    assert derive_within(agreed) == agreed


@given(seeds)
def test_without_limits_it_is_the_plain_consensus(numbers: list[int]) -> None:
    found = [(f"{number}.json", UXNET.sample(FRAME, number)) for number in numbers]

    assert consensus_within(found) == consensus(found)


def test_one_search_within_limits_is_its_own_consensus() -> None:
    source, genotype = limited(5)

    agreed = consensus_within([(source, genotype)])

    assert agreed.architecture == genotype.architecture
    assert agreed.provenance.closed == genotype.provenance.closed


def test_other_limits_are_refused_with_the_field() -> None:
    with pytest.raises(GenotypeError, match=r"^2\.json: space\.limits\.params: 4000, but 3000 in"):
        consensus_within([limited(1), limited(2, Wish(params=4000))])


def test_limits_that_one_search_lacks_are_refused() -> None:
    free = ("free.json", UXNET.sample(FRAME, 2, tau=0.3))

    with pytest.raises(GenotypeError, match=r"missing, but .*: read both alike first, with `uxnet"):
        consensus_within([limited(1), free])


def test_soft_documents_have_a_soft_consensus() -> None:
    soft = [(f"{n}.json", derive(UXNET.sample(FRAME, n), 0.5, soft=True)) for n in (1, 2)]

    agreed = consensus_within(soft)

    assert agreed.space is not None
    assert agreed.space.soft
    assert derive_within(agreed) == agreed
