"""What a drawing shows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from strategies import document, genotypes

from uxnet_compiler import loads
from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.pictures.scene import Box, Link, Scene, scene
from uxnet_compiler.schema import Genotype, SpaceRef, drop_dead
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.spaces.uxnet import UXNetOptions, space
from uxnet_compiler.zoo import resolve

TIMES = "\u00d7"


def boxes(shown: Scene) -> dict[str, Box]:
    return {box.id: box for box in shown.boxes}


def links(shown: Scene) -> dict[str, Link]:
    return {f"{link.source}>{link.target}": link for link in shown.links}


def changed(*edits: tuple[str, int, str, Any]) -> Genotype:
    """Return the small document after edits `(nodes or edges, index, field, value)`."""
    data = document()
    for group, index, field, value in edits:
        data["architecture"][group][index][field] = value
    return loads(json.dumps(data))


def test_norms_and_activations_are_left_out_of_boxes() -> None:
    shown = boxes(scene(resolve("zoo:unet")))

    assert shown["n0_0"].lines == (f"3{TIMES}3{TIMES}3",) * 2


def test_many_equal_ops_of_a_node_are_counted() -> None:
    conv = {"op": "conv@1", "kernel": [3, 3]}

    shown = boxes(scene(changed(("nodes", 0, "ops", [conv] * 3))))

    assert shown["a0"].lines == (f"3 {TIMES} 3{TIMES}3",)


def test_a_node_that_only_adds_is_a_plus() -> None:
    shown = boxes(scene(changed()))

    assert (shown["c0"].shape, shown["c0"].lines) == ("pass", ("+",))


def test_a_concatenation_and_a_width_of_its_own_are_named() -> None:
    point = {"op": "conv@1", "kernel": [1, 1]}
    merge = ("nodes", 2, "merge", "concat")

    shown = boxes(scene(changed(merge, ("nodes", 2, "ops", [point]), ("nodes", 2, "width", 6))))

    assert shown["c0"].lines == ("concat", f"1{TIMES}1", "6 channels")


def test_convolutions_that_fit_the_channels_are_named_at_the_ends_alone() -> None:
    shown = links(scene(changed()))

    assert shown["b0>c0"].label == f"linear {TIMES}2"
    assert shown["c0>output"].label == f"1{TIMES}1"


def test_the_same_step_taken_several_times_is_a_power() -> None:
    frame = UXNetOptions(widths=(2, 2, 2, 2), strides=((1, 1, 1), *[(2, 2, 2)] * 3))
    built = space(frame)
    chosen = {name: candidates[0] for name, candidates in built.choices.items()}
    a = built.select(chosen, built.gates)

    shown = links(scene(Genotype(name="full", architecture=a)))

    assert shown["n0_3>n1_0"].label == f"deconv {TIMES}2\u00b3"
    assert shown["n0_3>n1_2"].label == f"deconv {TIMES}2"


def test_a_power_of_a_step_that_differs_by_axis_is_in_brackets() -> None:
    frame = UXNetOptions(widths=(2, 2, 2), strides=((1, 1, 1), *[(1, 2, 2)] * 2))
    built = space(frame)
    chosen = {name: candidates[-1] for name, candidates in built.choices.items()}
    a = built.select(chosen, built.gates)

    shown = links(scene(Genotype(name="full", architecture=a)))

    kernel, stride = f"3{TIMES}3{TIMES}3", f"1{TIMES}2{TIMES}2"
    assert shown["n0_0>n0_2"].label == f"{kernel} /({stride})\u00b2"
    assert shown["n0_0>n0_1"].label == f"{kernel} /{stride}"


def test_links_know_whether_they_go_to_a_coarser_or_a_finer_grid() -> None:
    shown = links(scene(changed()))

    ways = {key: link.way for key, link in shown.items()}
    assert (ways["a0>b0"], ways["a0>c0"], ways["b0>c0"]) == ("coarser", "same", "finer")


def test_rows_tell_width_and_grid_per_axis() -> None:
    frame = UXNetOptions(widths=(4, 6, 8), strides=((1, 1, 1), (1, 2, 2), (2, 2, 2)))
    genotype = FAMILIES["uxnet"].sample(space(frame), 1, tau=0.01)

    assert scene(genotype).rows == (
        ("4 channels", "full grid"),
        ("6 channels", f"grid 1/1{TIMES}2{TIMES}2"),
        ("8 channels", f"grid 1/2{TIMES}4{TIMES}4"),
    )


@settings(max_examples=10, deadline=None)
@given(genotypes())
def test_what_is_kept_and_what_is_cut_make_up_the_space(genotype: Genotype) -> None:
    assert genotype.space is not None
    whole = FAMILIES["uxnet"].space(genotype.space)
    kept = drop_dead(genotype.architecture)

    shown = scene(genotype, pruned=True)

    assert set(links(shown)) == {edge.key for edge in whole.edges}
    assert {key for key, link in links(shown).items() if link.mark == "kept"} == {
        edge.key for edge in kept.edges
    }
    assert {box.id for box in shown.boxes if box.mark == "cut"} == {n.id for n in whole.nodes} - {
        n.id for n in kept.nodes
    }
    assert len(shown.rows) == len(whole.widths)


def test_cut_links_carry_the_gate_that_the_search_left() -> None:
    frame = UXNetOptions(widths=(2, 2, 2), strides=((1, 1, 1), *[(2, 2, 2)] * 2))
    genotype = FAMILIES["uxnet"].sample(space(frame), 0, tau=0.9)
    assert genotype.evidence is not None

    shown = scene(genotype, pruned=True)

    cut = {key: link.gate for key, link in links(shown).items() if link.mark == "cut"}
    assert cut
    assert cut == {key: genotype.evidence.gates[key] for key in cut}


def test_without_a_space_nothing_is_known_to_be_cut() -> None:
    with pytest.raises(GenotypeError, match=r"^mine\.json: space: missing"):
        scene(changed(), pruned=True, source="mine.json")


def reference(**options: Any) -> SpaceRef:
    return SpaceRef(family="uxnet", version=1, options={"spatial_dims": 2, **options})


def test_a_space_with_other_strides_is_refused() -> None:
    ref = reference(widths=[4, 8], strides=[[1, 1], [1, 2]])
    genotype = changed().model_copy(update={"space": ref})

    with pytest.raises(GenotypeError, match=r"space\.options: .* other strides"):
        scene(genotype, pruned=True)


def test_a_space_that_runs_against_the_architecture_is_refused() -> None:
    data = document()
    names = {"a0": "n1_0", "b0": "n0_1", "c0": "n0_0"}
    text = json.dumps(data["architecture"])
    for old, new in names.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    data["architecture"] = json.loads(text)
    ref = reference(widths=[4, 8], strides=[[1, 1], [2, 2]])
    genotype = loads(json.dumps(data)).model_copy(update={"space": ref})

    with pytest.raises(GenotypeError, match=r"space\.options: .* against"):
        scene(genotype, pruned=True)


def test_a_space_of_a_family_that_is_not_known_here_is_refused_in_one_line() -> None:
    ref = SpaceRef(family="elsewhere", version=1, options={})
    genotype = resolve("zoo:hippocampus").model_copy(update={"space": ref})
    with pytest.raises(
        GenotypeError, match=r"^theirs.json: space.family: no family of .*uxnet"
    ) as error:
        scene(genotype, pruned=True, source="theirs.json")
    assert "\n" not in str(error.value)
