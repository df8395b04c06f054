"""The text of a graph is the graph."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import genotypes

from uxnet_compiler.errors import UxnetError
from uxnet_compiler.ir import from_text, to_text
from uxnet_compiler.lowering import lower
from uxnet_compiler.schema import Genotype


@given(genotypes(), st.booleans())
def test_a_graph_survives_its_text(genotype: Genotype, deep: bool) -> None:
    graph = lower(genotype.architecture, deep_supervision=deep)

    again = from_text(to_text(graph))

    assert list(again.values()) == list(graph.values())
    assert to_text(again) == to_text(graph)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nonsense", "line 2: not `id = op"),
        ("a = conv@1 {} (input) : 1 @ 1x1", "line 2: conv@1: Field required"),
        ("a = blur@1 {} (input) : 1 @ 1x1", "no op is called 'blur@1'"),
        ("a = relu@1 {} (input) : 2 @ 1x1", "line 2: a is 1 @ 1x1, not 2 @ 1x1"),
        ("a = relu@1 {} (z) : 1 @ 1x1", "a: reads 'z', which does not exist"),
    ],
)
def test_a_bad_line_is_refused(line: str, message: str) -> None:
    text = 'input = input@1 {"channels": 1, "spatial_dims": 2} () : 1 @ 1x1\n' + line + "\n"

    with pytest.raises(UxnetError) as caught:
        from_text(text)

    assert message in str(caught.value)
