"""What differs between two architectures."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from strategies import document, genotypes

from uxnet_compiler import loads
from uxnet_compiler.compiler import network_cost
from uxnet_compiler.diff import Change, diff
from uxnet_compiler.schema import Architecture, Genotype
from uxnet_compiler.zoo import fit, resolve


def small(**edits: Any) -> Genotype:
    """Return the small document; an edit is called `nodes_0_ops` or `widths`."""
    data = document()
    for path, value in edits.items():
        holder: Any = data["architecture"]
        *steps, last = path.split("__")
        for step in steps:
            holder = holder[int(step) if step.isdigit() else step]
        holder[last] = value
    return loads(json.dumps(data))


def renamed(genotype: Genotype, names: dict[str, str]) -> Genotype:
    text = genotype.architecture.model_dump_json()
    for old, new in names.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    return genotype.model_copy(update={"architecture": Architecture.model_validate_json(text)})


@settings(max_examples=10, deadline=None)
@given(genotypes())
def test_nothing_differs_from_itself(genotype: Genotype) -> None:
    found = diff(genotype, genotype)

    assert found.relation == "same"
    assert (found.frame, found.apart) == ((), ())
    assert found.before == found.after
    for parts in (found.nodes, found.edges):
        assert (parts.removed, parts.added, parts.changed) == ((), (), ())


@settings(max_examples=10, deadline=None)
@given(genotypes(), genotypes())
def test_the_two_directions_mirror_each_other(a: Genotype, b: Genotype) -> None:
    there, back = diff(a, b), diff(b, a)

    assert (there.before, there.after) == (back.after, back.before)
    assert there.relation == back.relation
    for forth, reverse in ((there.nodes, back.nodes), (there.edges, back.edges)):
        assert (forth.removed, forth.added) == (reverse.added, reverse.removed)
        assert [part.id for part in forth.changed] == [part.id for part in reverse.changed]
    assert there.relation != "same" or a.id == b.id


def test_name_evidence_and_provenance_are_no_part_of_the_architecture() -> None:
    one = small()
    other = loads(
        json.dumps(
            {k: v for k, v in document().items() if k == "architecture"}
            | {
                "format": "uxnet-genotype",
                "version": 1,
                "name": "other",
            }
        )
    )

    found = diff(one, other)

    assert found.relation == "same"
    assert found.apart == ("name", "evidence", "provenance")


def test_dead_parts_and_a_repeated_width_do_not_count() -> None:
    data = document()
    data["architecture"]["nodes"].append({"id": "dead", "stage": 2, "level": 1})
    data["architecture"]["edges"].append(
        {"source": "b0", "target": "dead"},
    )

    found = diff(loads(json.dumps(data)), small(nodes__1__width=8))

    assert found.relation == "same"
    assert found.nodes.changed == ()


def test_other_names_of_nodes_are_a_renaming() -> None:
    found = diff(small(), renamed(small(), {"b0": "deep"}))

    assert found.relation == "renamed"
    assert [part.id for part in found.nodes.removed] == ["b0"]
    assert [part.id for part in found.nodes.added] == ["deep"]
    assert (found.edges.removed, found.edges.added) == ((), ())


def test_other_widths_are_a_resizing() -> None:
    before = resolve("zoo:unet")
    after = fit(before, widths=(8, 16, 32, 64), out_channels=5)

    found = diff(before, after)

    assert found.relation == "resized"
    assert found.frame == (
        Change(what="classes", before="2", after="5"),
        Change(what="widths", before="32 64 128 256", after="8 16 32 64"),
    )
    assert (found.nodes.changed, found.edges.changed) == ((), ())
    assert found.after.params < found.before.params


def test_changed_ops_are_told_without_those_around_them() -> None:
    tail = [{"op": "instance_norm@1"}, {"op": "relu@1"}]
    one = small(nodes__0__ops=[{"op": "conv@1", "kernel": [3, 3]}, *tail])
    other = small(nodes__0__ops=[{"op": "conv@1", "kernel": [5, 5]}, *tail])

    (part,) = diff(one, other).nodes.changed

    assert part.id == "a0"
    assert part.changes == (Change(what="ops", before="3x3", after="5x5"),)


def test_ops_of_one_label_are_told_in_full() -> None:
    one = small(edges__1__ops=[{"op": "max_pool@1", "factor": [2, 2]}])
    other = small(
        nodes__0__ops=[{"op": "conv@1", "kernel": [3, 3], "bias": True}],
        edges__1__ops=[{"op": "avg_pool@1", "factor": [2, 2]}],
    )

    found = diff(one, other)

    (change,) = found.nodes.changed[0].changes
    assert (change.before, change.after) == ("conv(kernel=3x3)", "conv(bias=True, kernel=3x3)")
    assert found.edges.changed[0].changes == (Change(what="ops", before="max /2", after="avg /2"),)


def test_removed_and_added_parts_say_what_they_do() -> None:
    data = document()
    del data["architecture"]["edges"][2]  # a0>c0

    found = diff(small(), loads(json.dumps(data)))

    assert found.relation == "different"
    assert [(part.id, part.does) for part in found.edges.removed] == [("a0>c0", "nothing")]
    assert found.edges.added == ()


def test_where_a_node_stands_and_how_it_merges_count() -> None:
    point = [{"op": "conv@1", "kernel": [1, 1]}]
    other = small(
        nodes__2__merge="concat", nodes__2__stage=3, nodes__2__width=5, nodes__2__ops=point
    )

    (part,) = diff(small(nodes__2__ops=point), other).nodes.changed

    assert [(c.what, c.before, c.after) for c in part.changes] == [
        ("stage", "1", "3"),
        ("width", "the level's", "5"),
        ("merge", "sum", "concat"),
    ]


def test_costs_are_for_one_size_that_suits_both() -> None:
    data = document()
    data["architecture"] = json.loads(
        json.dumps(data["architecture"]).replace('"factor": [2, 2]', '"factor": [3, 1]')
    ) | {"strides": [[1, 1], [3, 1]]}
    other = loads(json.dumps(data))

    found = diff(small(), other)

    assert found.before.image_size == found.after.image_size == (258, 256)
    cost = network_cost(other.architecture, (258, 256))
    assert (found.after.params, found.after.macs) == (cost.params, cost.macs)
    assert found.after.peak_bytes == cost.peak_bytes


def test_each_has_its_own_size_when_the_axes_differ() -> None:
    found = diff(resolve("zoo:unet"), resolve("zoo:unet2d"))

    assert (found.before.image_size, found.after.image_size) == ((64, 64, 64), (256, 256))
    assert found.frame[0] == Change(what="axes", before="3", after="2")


@pytest.mark.parametrize("field", ["relation", "before", "nodes", "apart"])
def test_the_result_is_plain_data(field: str) -> None:
    found = diff(resolve("zoo:unet"), resolve("zoo:unetpp"))

    assert field in json.loads(found.model_dump_json())
