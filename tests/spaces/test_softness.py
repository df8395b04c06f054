"""A soft genotype carries its gates, and passes have something to do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from strategies import genotypes

from uxnet_compiler.lowering import lower
from uxnet_compiler.ops import Scale
from uxnet_compiler.passes.fold_scale import FoldScale
from uxnet_compiler.passes.prune_gates import PruneGates
from uxnet_compiler.schema import Genotype, dumps, loads
from uxnet_compiler.spaces import derive
from uxnet_compiler.spaces.uxnet import UXNET, UXNetOptions, space


@given(genotypes(), st.floats(0, 1))
def test_every_gate_is_the_last_op_of_its_edge(genotype: Genotype, tau: float) -> None:
    assert genotype.space is not None
    assert genotype.evidence is not None
    gates = genotype.evidence.gates

    hard, soft = derive(genotype, tau, soft=False), derive(genotype, tau, soft=True)

    expected = [
        (*edge.ops, Scale(factor=gates[edge.key])) if edge.key in gates else edge.ops
        for edge in hard.architecture.edges
    ]
    assert [edge.ops for edge in soft.architecture.edges] == expected
    assert soft.architecture.nodes == hard.architecture.nodes
    assert loads(dumps(soft)) == soft


@given(genotypes(), st.floats(0, 1))
def test_a_soft_document_is_derived_softly_until_it_is_told_otherwise(
    genotype: Genotype, tau: float
) -> None:
    soft = derive(genotype, tau, soft=True)

    assert derive(soft, tau) == soft
    assert derive(soft, tau, soft=False) == derive(genotype, tau)


def test_passes_prune_and_fold_the_gates_of_a_soft_document() -> None:
    frame = space(UXNetOptions(widths=(4, 8, 8), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2))))
    soft = derive(UXNET.sample(frame, 1), 0.1, soft=True)

    pruned, folded = lower(soft.architecture), lower(soft.architecture)

    assert PruneGates(tau=0.7).run(pruned) > 0
    assert FoldScale().run(folded) > 0
