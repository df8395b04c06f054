"""A family builds spaces, samples them and reads evidence again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import genotypes, options

from uxnet_compiler.errors import GenotypeError, UnknownNameError
from uxnet_compiler.schema import Evidence, Genotype, SpaceRef, drop_dead, dumps, loads
from uxnet_compiler.spaces import FAMILIES, derive
from uxnet_compiler.spaces.uxnet import UXNET, UXNetOptions, space

OPTIONS = UXNetOptions(widths=(4, 8, 8), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2)))


def sample(seed: int = 0) -> Genotype:
    return UXNET.sample(space(OPTIONS), seed)


def test_every_family_is_filed_under_its_name() -> None:
    assert list(FAMILIES) == ["uxnet"]
    assert FAMILIES["uxnet"] is UXNET


def test_a_sample_depends_on_its_seed_alone() -> None:
    assert sample(1) == sample(1)
    assert sample(1).id != sample(2).id
    assert sample(1).provenance.seed == 1


@settings(max_examples=30)
@given(options(), st.integers(0, 2**63 - 1))
def test_a_sample_is_a_sound_document(frame: UXNetOptions, seed: int) -> None:
    genotype = UXNET.sample(space(frame), seed)

    assert loads(dumps(genotype)) == genotype


@given(genotypes(), st.floats(0, 1))
def test_deriving_is_decoding_at_another_threshold(genotype: Genotype, tau: float) -> None:
    assert genotype.space is not None
    assert genotype.evidence is not None
    frame = UXNET.space(genotype.space)

    derived = derive(genotype, tau)

    found = UXNET.read(frame, genotype.evidence, tau)
    assert derived.architecture == drop_dead(frame.select(found.chosen, found.kept))
    assert derived.provenance.repaired == tuple(sorted(found.repaired))
    assert derived.space == genotype.space.model_copy(update={"tau": tau})
    assert (derived.evidence, derived.name) == (genotype.evidence, genotype.name)
    assert loads(dumps(derived)) == derived


@given(genotypes())
def test_deriving_at_the_same_threshold_changes_nothing(genotype: Genotype) -> None:
    assert genotype.space is not None
    assert genotype.space.tau is not None

    assert derive(genotype, genotype.space.tau) == genotype


def refused(genotype: Genotype) -> list[tuple[str, str]]:
    with pytest.raises(GenotypeError) as caught:
        derive(genotype, 0.5, source="some.json")
    assert caught.value.source == "some.json"
    return caught.value.defects


def test_without_evidence_nothing_can_be_derived() -> None:
    ((path, why),) = refused(sample().model_copy(update={"evidence": None}))

    assert path == "evidence"
    assert why.startswith("missing")


def test_evidence_must_speak_of_every_gate_and_choice() -> None:
    genotype = sample()
    assert genotype.evidence is not None
    gates = dict(genotype.evidence.gates)
    del gates["n0_0>n1_0"]
    choices = dict(genotype.evidence.choices) | {"n0_0.normal": {"conv3": 1.0}}

    no_gate = Evidence(gates=gates, choices=genotype.evidence.choices)
    no_choice = Evidence(gates=genotype.evidence.gates, choices=choices)

    for evidence, path in ((no_gate, "gates.n0_0>n1_0"), (no_choice, "choices.n0_0.normal")):
        assert refused(genotype.model_copy(update={"evidence": evidence})) == [
            (f"evidence.{path}", "the space and the evidence disagree")
        ]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"version": 2}, "space.version"),
        ({"options": {}}, "space.options.strides"),
        ({"options": {"strides": [[1, 1], [2, "2"]]}}, "space.options.strides[1][1]"),
        ({"options": {"strides": [[1, 1], [2, 2]]}}, "space.options"),
    ],
)
def test_a_space_that_cannot_be_built_is_named(change: dict[str, object], path: str) -> None:
    genotype = sample()
    assert genotype.space is not None
    ref = SpaceRef.model_validate(genotype.space.model_dump() | change)

    assert [where for where, _ in refused(genotype.model_copy(update={"space": ref}))] == [path]


def test_an_unknown_family_is_named() -> None:
    genotype = sample()
    assert genotype.space is not None
    ref = genotype.space.model_copy(update={"family": "uxnett"})

    with pytest.raises(UnknownNameError, match="no search space is called 'uxnett'; did you mean"):
        derive(genotype.model_copy(update={"space": ref}), 0.5)
