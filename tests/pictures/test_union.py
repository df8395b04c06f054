"""The scene of a difference: both architectures on one grid."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from strategies import document, genotypes

from uxnet_compiler import loads
from uxnet_compiler.diff import diff
from uxnet_compiler.errors import BackendError
from uxnet_compiler.pictures import union
from uxnet_compiler.pictures.dot import to_dot
from uxnet_compiler.pictures.render import figure_of, save
from uxnet_compiler.pictures.scene import scene
from uxnet_compiler.pictures.scene_parts import Box, Link, Scene
from uxnet_compiler.pictures.union import union_scene
from uxnet_compiler.schema import Architecture, Genotype
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.spaces.uxnet import UXNetOptions, space
from uxnet_compiler.zoo import fit, resolve

MIRROR = {"kept": "kept", "removed": "added", "added": "removed", "changed": "changed"}


def boxes(shown: Scene) -> dict[str, Box]:
    return {box.id: box for box in shown.boxes}


def links(shown: Scene) -> dict[str, Link]:
    return {f"{link.source}>{link.target}": link for link in shown.links}


def marks(shown: Scene) -> set[str]:
    return {box.mark for box in shown.boxes} | {link.mark for link in shown.links}


def small(**changes: object) -> Genotype:
    """Return the small document with some of its nodes' fields changed: `b0={"level": 0}`."""
    data = document()
    for node in data["architecture"]["nodes"]:
        node.update(changes.get(node["id"], {}))
    return loads(json.dumps(data))


@pytest.mark.parametrize("theme", ["paper", "dark"])
def test_the_drawing_is_as_reviewed(theme: str, golden: Callable[[str, str], None]) -> None:
    shown = union_scene(resolve("zoo:unet"), resolve("zoo:unetpp"))

    golden(f"pictures/unet-unetpp-{theme}.gv", to_dot(figure_of(shown, theme)).source)


@settings(max_examples=10)
@given(genotypes())
def test_against_itself_everything_is_in_both_and_nothing_else(genotype: Genotype) -> None:
    shown, alone = union_scene(genotype, genotype), scene(genotype)

    assert marks(shown) == {"kept"}
    assert boxes(shown).keys() == boxes(alone).keys()
    assert links(shown).keys() == links(alone).keys()
    assert shown.subtitle.startswith("the same architecture ")


@settings(max_examples=15)
@given(genotypes(), genotypes())
def test_both_are_whole_in_it_and_the_other_way_round_mirrors_it(a: Genotype, b: Genotype) -> None:
    there, back = union_scene(a, b), union_scene(b, a)

    for one, other in ((boxes(there), boxes(back)), (links(there), links(back))):
        plain = {key: part for key, part in one.items() if "(before)" not in key}
        reverse = {key: part for key, part in other.items() if "(before)" not in key}
        for key in plain.keys() & reverse.keys():
            if key + union.BEFORE not in one:
                assert plain[key].mark == MIRROR[reverse[key].mark]
    if diff(a, b).relation == "renamed":
        return
    for genotype, left_out in ((a, "added"), (b, "removed")):
        alone = scene(genotype)
        shown = [link for link in there.links if link.mark != left_out]
        assert len(shown) == len(alone.links)
        assert len([box for box in there.boxes if box.mark != left_out]) == len(alone.boxes)


def test_a_changed_box_shows_what_it_was_and_a_changed_link_both() -> None:
    shown = union_scene(resolve("zoo:unet"), resolve("zoo:unetpp"))

    box = boxes(shown)["n1_0"]
    assert (box.mark, box.was, box.lines) == ("changed", ("passes on",), ("3\u00d73\u00d73",) * 2)
    link = links(shown)["n0_3>n1_2"]
    assert (link.mark, link.label) == ("changed", "deconv \u00d72 | \u2192 linear \u00d72")
    assert links(shown)["n0_1>n1_0"].mark == "added"
    assert shown.title == "unet \u2192 unetpp"
    assert "6.12 M \u2192 6.30 M (+2.8 %) parameters" in shown.subtitle


def test_a_change_that_drawings_leave_out_is_told() -> None:
    other = small(b0={"ops": [{"op": "leaky_relu@1"}]})

    box = boxes(union_scene(small(), other))["b0"]

    assert (box.was, box.lines) == (("relu",), ("leaky relu",))


def test_other_widths_and_channels_stand_in_the_captions() -> None:
    unet = resolve("zoo:unet")

    shown = union_scene(unet, fit(unet, widths=(8, 16, 32, 64), out_channels=5))

    assert [row[0] for row in shown.rows] == [
        "32 \u2192 8 channels",
        "64 \u2192 16 channels",
        "128 \u2192 32 channels",
        "256 \u2192 64 channels",
    ]
    assert boxes(shown)["output"].lines == ("output", "2 \u2192 5 classes")
    assert shown.subtitle.startswith("the same architecture but for widths and channels ")


def test_levels_and_axes_may_differ() -> None:
    shown = union_scene(resolve("zoo:unet"), resolve("zoo:unet2d"))

    assert shown.rows[-1] == ("512 channels", "grid 1/16, only after")
    assert shown.subtitle.endswith("for 64\u00d764\u00d764 \u2192 256\u00d7256")


def test_a_node_on_another_level_is_shown_twice() -> None:
    data = document()
    data["architecture"]["edges"][1]["ops"] = []
    data["architecture"]["edges"][3]["ops"] = []
    data["architecture"]["nodes"][1]["level"] = 0
    data["architecture"]["nodes"][1]["width"] = 4

    shown = union_scene(small(), loads(json.dumps(data)))

    assert (boxes(shown)["b0 (before)"].mark, boxes(shown)["b0 (before)"].level) == ("removed", 1)
    assert (boxes(shown)["b0"].mark, boxes(shown)["b0"].level) == ("added", 0)
    assert links(shown)["a0>b0 (before)"].mark == "removed"
    assert links(shown)["a0>b0"].mark == "added"


def test_two_orders_of_the_same_nodes_can_be_drawn(tmp_path: Path) -> None:
    def chain(*names: str) -> Genotype:
        data = document()
        del data["evidence"]
        conv = [{"op": "conv@1", "kernel": [3, 3]}]
        head = [{"op": "conv@1", "kernel": [1, 1], "bias": True}]
        ends = [
            {"source": "input", "target": names[0]},
            {"source": names[-1], "target": "output", "ops": head},
        ]
        data["architecture"] |= {
            "widths": [4],
            "strides": [[1, 1]],
            "nodes": [{"id": name, "stage": 0, "level": 0, "ops": conv} for name in "pqr"],
            "edges": [
                *ends,
                *({"source": a, "target": b} for a, b in pairwise(names)),
            ],
        }
        return loads(json.dumps(data))

    one, other = chain("p", "q", "r"), chain("p", "r", "q")
    # As many of each, so that the two would be one architecture but for the names.
    other = other.model_copy(
        update={
            "architecture": Architecture.model_validate_json(
                other.architecture.model_dump_json().replace("[3,3]", "[5,5]", 1)
            )
        }
    )

    shown = union_scene(one, other)
    save(figure_of(shown), tmp_path / "d.svg")

    assert {"q", "r", "q (before)", "r (before)"} < boxes(shown).keys()
    assert "p (before)" not in boxes(shown)


def test_a_renaming_shows_one_of_the_two_and_says_so() -> None:
    one = small()
    text = one.architecture.model_dump_json().replace('"b0"', '"deep"')
    other = one.model_copy(update={"architecture": Architecture.model_validate_json(text)})

    shown = union_scene(one, other)

    assert boxes(shown).keys() == {"input", "output", "a0", "deep", "c0"}
    assert marks(shown) == {"kept"}
    assert shown.subtitle.startswith("the same architecture but for the names ")


def test_cells_keep_the_nodes_of_both_together() -> None:
    whole = resolve("zoo:nasunet")
    text = whole.architecture.model_dump(mode="json")
    gone = {edge["source"] for edge in text["edges"] if edge["target"] == "down1"}
    text["edges"] = [e for e in text["edges"] if (e["source"], e["target"]) != (min(gone), "down1")]
    less = whole.model_copy(
        update={"architecture": Architecture.model_validate_json(json.dumps(text))}
    )

    (cell,) = [c for c in union_scene(whole, less).clusters if c.caption == "down1"]

    assert gone < set(cell.boxes)
    assert min(gone) in {box.id for box in union_scene(whole, less).boxes if box.mark == "removed"}


def test_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(union, "MAX_NODES", 9)

    with pytest.raises(BackendError, match="10 nodes and 17 edges of both together are too many"):
        union_scene(resolve("zoo:unet"), resolve("zoo:unetpp"))


def test_costs_keep_their_prefixes() -> None:
    frame = space(
        UXNetOptions(out_channels=3, widths=(16, 32, 64), strides=((1, 1, 1), (2, 2, 2), (2, 2, 2)))
    )
    before, after = (FAMILIES["uxnet"].sample(frame, seed, tau=0.4) for seed in (24, 25))

    shown = union_scene(before, after)

    assert shown.subtitle.startswith("700 k \u2192 23.7 k (-96.6 %) parameters")
