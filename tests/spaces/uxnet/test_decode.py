"""Evidence becomes an architecture that always leads from input to output."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st
from strategies import options

from uxnet_compiler.schema import INPUT, OUTPUT, Architecture, Evidence, defects
from uxnet_compiler.spaces import Space
from uxnet_compiler.spaces.uxnet import UXNET, UXNetOptions, space


def draw_evidence(found: Space, seed: int) -> Evidence:
    chance = random.Random(seed)
    return Evidence(
        gates={gate: chance.random() for gate in found.gates},
        choices={n: {c: chance.random() for c in cs} for n, cs in found.choices.items()},
    )


def decode(found: Space, evidence: Evidence, tau: float) -> tuple[Architecture, tuple[str, ...]]:
    genotype = UXNET.genotype(found, evidence, name="found", tau=tau)
    return genotype.architecture, genotype.provenance.repaired


def small() -> tuple[Space, Evidence]:
    found = space(UXNetOptions(widths=(4, 8, 8), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2))))
    return found, draw_evidence(found, 3)


def with_gates(evidence: Evidence, **gates: float) -> Evidence:
    named = {key.replace("__", ">"): value for key, value in gates.items()}
    return evidence.model_copy(update={"gates": dict.fromkeys(evidence.gates, 0.1) | named})


@given(options(max_levels=6), st.integers(0, 2**32), st.floats(0, 1))
def test_the_output_is_never_cut_off(frame: UXNetOptions, seed: int, tau: float) -> None:
    found = space(frame)
    evidence = draw_evidence(found, seed)

    architecture, repaired = decode(found, evidence, tau)

    assert defects(architecture) == []
    keys = {edge.key for edge in architecture.edges}
    assert set(repaired) <= keys
    assert all(evidence.gates[key] < tau for key in repaired)
    assert all(evidence.gates[k] >= tau for k in keys & set(found.gates) - set(repaired))


@given(st.integers(0, 2**32))
def test_at_a_threshold_of_zero_everything_stays(seed: int) -> None:
    found, _ = small()

    architecture, repaired = decode(found, draw_evidence(found, seed), 0.0)

    assert len(architecture.edges) == len(found.edges)
    assert repaired == ()


@given(st.integers(0, 2**32))
def test_a_cut_is_repaired_by_the_strongest_path(seed: int) -> None:
    found, _ = small()
    evidence = draw_evidence(found, seed)

    architecture, repaired = decode(found, evidence, 1.0)

    graph: nx.DiGraph[str] = nx.DiGraph([(e.source, e.target) for e in found.edges])
    strength = max(
        math.prod(evidence.gates.get(f"{a}>{b}", 1.0) for a, b in pairwise(path))
        for path in nx.all_simple_paths(graph, INPUT, OUTPUT)
    )
    assert math.isclose(math.prod(evidence.gates[key] for key in repaired), strength)
    assert {e.key for e in architecture.edges} - {"input>n0_0", "n2_0>output"} == set(repaired)


def test_only_what_is_below_the_threshold_counts_as_repaired() -> None:
    found, evidence = small()
    evidence = with_gates(evidence, n0_0__n1_0=0.9, n1_0__n2_0=0.3)

    architecture, repaired = decode(found, evidence, 0.75)

    assert repaired == ("n1_0>n2_0",)
    assert [node.id for node in architecture.nodes] == ["n0_0", "n1_0", "n2_0"]


def test_a_gate_at_the_threshold_stays() -> None:
    found, evidence = small()

    _, repaired = decode(found, with_gates(evidence, n0_0__n1_0=0.75, n1_0__n2_0=0.75), 0.75)

    assert repaired == ()


def test_nodes_without_a_way_in_or_out_go() -> None:
    found, evidence = small()
    on = {"n0_0__n1_0": 1.0, "n1_0__n2_0": 1.0, "n0_0__n0_1": 1.0, "n0_2__n1_1": 1.0}

    architecture, _ = decode(found, with_gates(evidence, **on), 0.75)

    assert [node.id for node in architecture.nodes] == ["n0_0", "n1_0", "n2_0"]
    assert architecture.levels == 1


def test_the_likeliest_candidate_wins_and_the_first_of_equals() -> None:
    found, evidence = small()
    choices = dict(evidence.choices)
    choices["n0_0.normal"] = dict.fromkeys(choices["n0_0.normal"], 0.1) | {"conv5": 0.4}
    choices["n1_0.normal"] = dict.fromkeys(choices["n1_0.normal"], 0.1)
    evidence = with_gates(
        evidence.model_copy(update={"choices": choices}), n0_0__n1_0=1.0, n1_0__n2_0=1.0
    )

    architecture, _ = decode(found, evidence, 0.75)

    labels = {node.id: node.ops[0].label for node in architecture.nodes}
    assert (labels["n0_0"], labels["n1_0"]) == ("5x5x5", "3x3x3")
