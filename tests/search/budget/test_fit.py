"""A network is never over its limits, and what was given up for that is on record."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import options

from uxnet_compiler.compiler import network_cost
from uxnet_compiler.errors import GenotypeError, RunError
from uxnet_compiler.passes import INFERENCE, TRAINING
from uxnet_compiler.schema import Genotype, Limits, SpaceRef, drop_dead, dumps, loads
from uxnet_compiler.search.budget.derive import derive_within, without_limits
from uxnet_compiler.search.budget.fit import within
from uxnet_compiler.search.budget.limits import Wish
from uxnet_compiler.spaces import derive
from uxnet_compiler.spaces.uxnet import UXNET, UXNetOptions, space

FRAME = space(UXNetOptions(widths=(4, 8, 8), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2))))
SIZE = (8, 8, 8)


def costs(genotype: Genotype, size: tuple[int, ...]) -> dict[str, int]:
    """Count as anybody would, with the plain functions of the compiler."""
    trained = network_cost(genotype.architecture, size, passes=TRAINING)
    run = network_cost(genotype.architecture, size, passes=INFERENCE)
    return {
        "params": max(trained.params, run.params),
        "macs": max(trained.macs, run.macs),
        "memory_bytes": max(4 * c.params + c.peak_bytes for c in (trained, run)),
        "training_bytes": 16 * trained.params + 2 * 2 * trained.map_bytes,
    }


def limited(size: tuple[int, ...], **values: float) -> Limits:
    return Limits.model_validate({"size": size, "batch_size": 2} | values)


@settings(max_examples=20)
@given(
    options(max_levels=3),
    st.integers(0, 2**32),
    st.integers(0, 2**32),
    st.floats(0.1, 0.95),
    st.sets(st.sampled_from(("params", "macs", "memory_bytes", "training_bytes")), min_size=1),
    st.booleans(),
)
# A pass makes the map ahead of a max-pooling smaller, so that two equal prices are not equal.
@example(
    UXNetOptions(
        spatial_dims=2, widths=(1, 1, 1), strides=((1, 1), (2, 2), (1, 1)), out_channels=2
    ),
    0,
    938447848,
    0.5,
    {"params", "training_bytes"},
    False,
)
def test_a_network_is_never_over_limits_that_another_one_keeps(
    frame: UXNetOptions, seed: int, other: int, tau: float, names: set[str], soft: bool
) -> None:
    found = space(frame)
    size = tuple(
        4 * s
        for s in found.select({n: c[0] for n, c in found.choices.items()}, ()).scale(
            len(frame.widths) - 1
        )
    )
    plain = derive(UXNET.sample(found, seed), tau, soft=soft)
    model = costs(derive(UXNET.sample(found, other), 0.9, soft=soft), size)
    limits = limited(size, **{name: model[name] for name in names})

    fitted = within(plain, limits)

    spent = costs(fitted, size)
    assert all(spent[name] <= model[name] for name in names)
    assert fitted.evidence == plain.evidence
    assert fitted.space == SpaceRef.model_validate(
        plain.space.model_dump() | {"limits": limits.model_dump()} if plain.space else {}
    )
    assert loads(dumps(fitted)) == fitted
    assert derive_within(fitted) == fitted
    assert drop_dead(fitted.architecture) == fitted.architecture
    check_record(plain, fitted, tau)


def check_record(plain: Genotype, fitted: Genotype, tau: float) -> None:
    """Compare the record with what really changed."""
    assert plain.evidence is not None
    gates = plain.evidence.gates
    before = {edge.key for edge in plain.architecture.edges}
    after = {edge.key for edge in fitted.architecture.edges}
    assert set(fitted.provenance.closed) == before - after
    weak = {key for key in after if key in gates and gates[key] < tau}
    assert set(fitted.provenance.repaired) == weak
    for choice, candidate in fitted.provenance.replaced.items():
        weights = plain.evidence.choices[choice]
        assert weights[candidate] < max(weights.values())


def test_limits_that_are_kept_anyway_change_nothing() -> None:
    plain = UXNET.sample(FRAME, 3)
    generous = limited(SIZE, **costs(plain, SIZE))

    fitted = within(plain, generous)

    assert fitted.id == plain.id
    assert fitted.provenance == plain.provenance


@given(st.integers(0, 2**32), st.floats(0.3, 1))
@settings(max_examples=8)
def test_fitting_twice_gives_the_same(seed: int, share: float) -> None:
    plain = UXNET.sample(FRAME, seed, tau=0.3)
    wish = Wish(params=max(1200, int(share * costs(plain, SIZE)["params"])))

    first, second = (derive_within(plain, 0.3, wish, size=SIZE) for _ in range(2))

    assert dumps(first) == dumps(second)


@pytest.mark.parametrize(
    ("wish", "flag"),
    [
        (Wish(params=1), "--max-params 1"),
        (Wish(macs=1), "--max-macs 1"),
        (Wish(memory=1e-9), "--max-memory"),
        (Wish(training_memory=1e-9), "--max-training-memory"),
    ],
)
def test_an_impossible_limit_is_named_with_what_would_do(wish: Wish, flag: str) -> None:
    plain = UXNET.sample(FRAME, 0)

    with pytest.raises(RunError) as caught:
        derive_within(plain, 0.5, wish, size=SIZE)

    message = str(caught.value)
    assert message.startswith(flag)
    assert "\n" not in message
    least = re.search(r"has ([\d.]+)", message)
    assert least is not None
    field = next(name for name, value in vars(wish).items() if value is not None)
    enough = Wish(**{field: type(getattr(wish, field))(least[1])})
    assert derive_within(plain, 0.5, enough, size=SIZE).space is not None


def test_one_less_than_the_smallest_network_has_is_impossible() -> None:
    plain = UXNET.sample(FRAME, 0)
    with pytest.raises(RunError) as caught:
        derive_within(plain, 0.5, Wish(params=1), size=SIZE)
    least = int(re.findall(r"has (\d+) parameters", str(caught.value))[0])

    smallest = derive_within(plain, 0.5, Wish(params=least), size=SIZE)

    assert costs(smallest, SIZE)["params"] == least
    with pytest.raises(RunError, match=f"--max-params {least - 1} is impossible"):
        derive_within(plain, 0.5, Wish(params=least - 1), size=SIZE)


def test_limits_that_exclude_each_other_are_named_together() -> None:
    # Through the deeper level a network has more parameters and fewer operations.
    narrow = space(UXNetOptions(widths=(4, 6, 6), strides=((1, 1, 1), (2, 2, 2), (1, 1, 1))))
    plain = UXNET.sample(narrow, 0)
    least = {}
    for name in ("params", "macs"):
        with pytest.raises(RunError) as caught:
            derive_within(plain, 0.5, Wish(**{name: 1}), size=SIZE)
        least[name] = int(re.findall(r"has (\d+)", str(caught.value))[0])

    with pytest.raises(RunError, match="impossible together") as caught:
        derive_within(plain, 0.5, Wish(**least), size=SIZE)

    would_do = dict(re.findall(r"--max-(params|macs) (\d+)(?=.* would do)", str(caught.value)))
    assert int(would_do["params"]) > least["params"]


def test_a_frame_of_fixed_edges_is_fitted_by_its_ops_alone() -> None:
    fixed = space(UXNetOptions(widths=(4, 8), strides=((1, 1, 1), (2, 2, 2)), edges="unet"))
    plain = UXNET.sample(fixed, 1)
    wish = Wish(params=costs(plain, SIZE)["params"] - 1)

    fitted = derive_within(plain, 0.5, wish, size=SIZE)

    assert fitted.provenance.replaced
    assert not fitted.provenance.closed


def test_a_document_keeps_its_limits_until_it_is_told_otherwise() -> None:
    plain = UXNET.sample(FRAME, 5, tau=0.3)
    half = costs(plain, SIZE)["params"] // 2
    fitted = derive_within(plain, None, Wish(params=half), size=SIZE)

    again = derive_within(fitted, 0.2)
    tighter = derive_within(fitted, None, Wish(macs=costs(fitted, SIZE)["macs"] - 1))
    free = derive_within(without_limits(fitted))

    assert again.space is not None
    assert again.space.limits == limited(SIZE, params=half)
    assert costs(again, SIZE)["params"] <= half
    assert tighter.space is not None
    assert tighter.space.limits is not None
    assert tighter.space.limits.params == half
    assert costs(tighter, SIZE)["macs"] < costs(fitted, SIZE)["macs"]
    assert free == plain


def test_the_patch_of_the_search_is_what_is_counted_for() -> None:
    sampled = UXNET.sample(FRAME, 0)
    data = {"patch_size": [16, 8, 8]}
    plain = sampled.model_copy(
        update={"provenance": sampled.provenance.model_copy(update={"data": data})}
    )

    fitted = derive_within(plain, wish=Wish(macs=10**9))

    assert fitted.space is not None
    assert fitted.space.limits is not None
    assert fitted.space.limits.size == (16, 8, 8)


def test_without_a_size_there_is_nothing_to_count_for() -> None:
    with pytest.raises(RunError, match=r"some\.json: .* say it with --size"):
        derive_within(UXNET.sample(FRAME, 0), wish=Wish(macs=10**9), source="some.json")


def test_a_size_of_other_axes_is_one_line() -> None:
    with pytest.raises(RunError, match="2 axes"):
        derive_within(UXNET.sample(FRAME, 0), wish=Wish(params=10**9), size=(8, 8))


def test_without_a_threshold_there_is_nothing_to_keep() -> None:
    plain = UXNET.sample(FRAME, 0)
    assert plain.space is not None
    lost = plain.model_copy(update={"space": plain.space.model_copy(update={"tau": None})})

    with pytest.raises(GenotypeError, match=r"space\.tau: missing"):
        derive_within(lost)


def test_a_latency_without_its_machine_is_no_limit() -> None:
    with pytest.raises(ValueError, match="belong together"):
        Limits(size=SIZE, latency_ms=3.0)
