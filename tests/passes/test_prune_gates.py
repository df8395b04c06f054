"""Weak gates are cut, and no sum is left empty."""

from __future__ import annotations

import logging

import pytest
from graphs import kinds, network
from hypothesis import given
from hypothesis import strategies as st

from uxnet_compiler.errors import PassError
from uxnet_compiler.ir import Graph, verify
from uxnet_compiler.passes import INFERENCE, TRAINING, parse_pipeline, run_passes
from uxnet_compiler.passes.prune_gates import PruneGates


def gates(*factors: float, plain: bool = False) -> Graph:
    names = [f"g{n}.scale" for n in range(len(factors))]
    lines = [
        line
        for n, factor in enumerate(factors)
        for line in (
            f'g{n}.conv = conv@1 {{"channels": 2, "kernel": [1, 1]}} (input) : 2 @ 1x1',
            f'g{n}.scale = scale@1 {{"factor": {factor}}} (g{n}.conv) : 2 @ 1x1',
        )
    ]
    terms = ", ".join([*names, "input"] if plain else names)
    return network(*lines, f"a.sum = sum@1 {{}} ({terms}) : 2 @ 1x1")


def test_terms_below_tau_go_and_what_made_them_is_dead() -> None:
    graph = gates(0.9, 0.7499, -0.75, -0.1)

    assert PruneGates().run(graph) == 2
    assert graph["a.sum"].inputs == ("g0.scale", "g2.scale")
    assert kinds(run_passes(graph, parse_pipeline("drop-dead"))) == [
        "conv",
        "scale",
        "conv",
        "scale",
        "sum",
    ]


def test_tau_is_an_option() -> None:
    graph = gates(0.9, 0.5, 0.2)

    (each,) = parse_pipeline("prune-gates{tau=0.4}")

    assert each.run(graph) == 1
    assert graph["a.sum"].inputs == ("g0.scale", "g1.scale")


def test_the_strongest_stays_even_when_it_is_weak(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "uxnet_compiler.passes")
    graph = gates(0.1, -0.3, 0.2)

    assert PruneGates().run(graph) == 2
    assert graph["a.sum"].inputs == ("g1.scale",)
    assert caplog.messages == ["prune-gates leaves g1.scale: a.sum has no stronger term"]


def test_a_term_without_a_gate_is_stronger_than_any_gate() -> None:
    graph = gates(0.1, 0.3, plain=True)

    assert PruneGates().run(graph) == 2
    assert graph["a.sum"].inputs == ("input",)


def test_a_gate_that_is_no_term_of_a_sum_stays() -> None:
    graph = network(
        'a.scale = scale@1 {"factor": 0.1} (input) : 2 @ 1x1',
        "b.concat = concat@1 {} (a.scale, input) : 4 @ 1x1",
    )

    assert PruneGates().run(graph) == 0


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=6), st.floats(0, 1))
def test_what_stays_is_as_strong_as_asked_or_alone(factors: list[float], tau: float) -> None:
    graph = gates(*factors)

    count = PruneGates(tau=tau).run(graph)

    verify(graph)
    kept = [abs(float(graph[g].op.model_dump()["factor"])) for g in graph["a.sum"].inputs]
    assert count == len(factors) - len(kept)
    assert min(kept) >= tau or kept == [max(abs(f) for f in factors)]
    assert PruneGates(tau=tau).run(graph) == 0


@pytest.mark.parametrize("tau", ["-0.1", "nan", "inf", "much"])
def test_a_tau_that_makes_no_sense_is_refused(tau: str) -> None:
    with pytest.raises(PassError, match="prune-gates: tau: Input should be "):
        parse_pipeline(f"prune-gates{{tau={tau}}}")


def test_it_is_in_no_list_that_networks_go_through_unasked() -> None:
    assert "prune-gates" not in {each.name for each in (*TRAINING, *INFERENCE)}
