"""UXNet's space as the paper describes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from pydantic import ValidationError
from strategies import options

from uxnet_compiler.ops import Conv, MaxPool, TransposedConv, Upsample
from uxnet_compiler.schema import defects
from uxnet_compiler.spaces.uxnet import UXNetOptions, space
from uxnet_compiler.spaces.uxnet.space import normal_candidates


def cube(levels: int, **more: object) -> UXNetOptions:
    return UXNetOptions.model_validate(
        {"widths": [4] * levels, "strides": [[1] * 3] + [[2] * 3] * (levels - 1)} | more
    )


@pytest.mark.parametrize(("levels", "gates"), [(2, 3), (3, 11), (4, 26), (5, 50), (6, 85)])
def test_there_are_as_many_gates_as_equation_1_says(levels: int, gates: int) -> None:
    found = space(cube(levels))

    encoder = levels * (levels - 1) // 2
    later = sum((levels - i) * (levels - i + 1) for i in range(1, levels))
    assert len(found.gates) == gates == encoder + later


def test_nodes_see_what_the_paper_says() -> None:
    found = space(cube(5))

    sources = {
        node.id: {e.source for e in found.edges if e.target == node.id} for node in found.nodes
    }
    assert sources["n0_3"] == {"n0_0", "n0_1", "n0_2"}
    assert sources["n1_1"] == {f"n0_{j}" for j in range(5)}
    assert sources["n4_0"] == {"n3_0", "n3_1"}
    assert {n.level for n in found.nodes if n.stage == 1} == {0, 1, 2, 3}


def test_there_are_seven_normal_candidates_three_reductions_and_two_expansions() -> None:
    choices = space(cube(5)).choices

    assert {len(c) for name, c in choices.items() if name.endswith(".normal")} == {7}
    assert {c for name, c in choices.items() if name.endswith(".reduction")} == {
        ("max_pool", "avg_pool", "conv3_strided")
    }
    assert {c for name, c in choices.items() if name.endswith(".expansion")} == {
        ("transposed_conv", "linear")
    }


def test_identity_is_an_eighth_candidate_when_it_is_admitted() -> None:
    (slot,) = (n.slot for n in space(cube(3, identity=True)).nodes if n.id == "n1_0")

    assert list(slot.candidates)[-1] == "identity"
    assert slot.ops("identity") == ()
    assert len(slot.ops("conv3")) == 3


def test_flat_convolutions_have_no_place_in_2_d() -> None:
    assert normal_candidates(3).keys() - normal_candidates(2).keys() == {"conv3_flat", "pseudo3d"}


def test_an_edge_aligns_grid_and_width() -> None:
    found = space(cube(3, strides=[[1, 1, 1], [1, 2, 2], [2, 2, 2]]))
    slots = {edge.key: edge.slot for edge in found.edges}

    down, up, level = slots["n0_0>n0_2"], slots["n0_2>n1_0"], slots["n0_0>n1_0"]

    assert down.ops("max_pool") == (MaxPool(factor=(2, 4, 4)), Conv(kernel=(1, 1, 1)))
    assert [op.strides for op in down.ops("conv3_strided")[:2] if isinstance(op, Conv)] == [
        (1, 2, 2),
        (2, 2, 2),
    ]
    assert up.ops("linear") == (Conv(kernel=(1, 1, 1)), Upsample(factor=(2, 4, 4)))
    assert up.ops("transposed_conv")[1:] == (
        TransposedConv(stride=(2, 2, 2)),
        TransposedConv(stride=(1, 2, 2)),
    )
    assert level.ops(None) == ()


def test_edges_of_one_source_and_direction_decide_together() -> None:
    found = space(cube(4))

    assert {e.slot.choice for e in found.edges if e.source == "n0_1" and e.gated} == {
        "n0_1.reduction",
        "n0_1.expansion",
        None,
    }


@given(options(max_levels=6))
def test_every_candidate_of_every_choice_makes_a_sound_network(frame: UXNetOptions) -> None:
    found = space(frame)
    longest = max(map(len, found.choices.values()))

    for index in range(longest):
        chosen = {name: c[min(index, len(c) - 1)] for name, c in found.choices.items()}
        assert defects(found.select(chosen, found.gates)) == []


@given(options())
def test_a_reference_builds_the_same_space_again(frame: UXNetOptions) -> None:
    found = space(frame)

    assert space(UXNetOptions.model_validate(found.ref.options)) == found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strides": [[1] * 3] * 2}, "3 widths, but 2 strides"),
        ({"strides": [[1, 1], [2, 2], [2, 2]]}, "stride 1x1 has not 3 axes"),
        ({"strides": [[2] * 3] * 3}, "the first stride must be all ones"),
        ({"strides": [[1] * 3, [16] * 3, [8] * 3]}, "strides of 128 in all; 64 is the most"),
        ({"out_channels": 1}, "greater than or equal to 2"),
        ({"depth": 3}, "Extra inputs are not permitted"),
    ],
)
def test_options_that_do_not_fit_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        cube(3, **change)
