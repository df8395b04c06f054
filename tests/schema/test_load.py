"""Documents are read and written without loss, and every defect is named where it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import broken_documents, document, genotypes

from uxnet_compiler.compiler import network_cost, network_graph
from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.ir import verify
from uxnet_compiler.schema import Genotype, dump, dumps, load, loads
from uxnet_compiler.schema.load import MAX_BYTES
from uxnet_compiler.zoo import resolve

Edit = Callable[[dict[str, Any]], Any]


def refused(text: str) -> list[tuple[str, str]]:
    with pytest.raises(GenotypeError) as caught:
        loads(text, "some.json")
    return caught.value.defects


def read(text: str) -> Genotype | list[tuple[str, str]]:
    """Return a sound genotype, or the defects; any other exception fails the test."""
    try:
        return loads(text, "some.json")
    except GenotypeError as error:
        return error.defects


@given(genotypes())
def test_a_genotype_survives_its_text(genotype: Genotype) -> None:
    text = dumps(genotype)

    assert loads(text) == genotype
    assert dumps(loads(text)) == text


def test_a_genotype_survives_its_file(tmp_path: Path) -> None:
    genotype = loads(json.dumps(document()))

    dump(genotype, tmp_path / "small.json")

    assert load(tmp_path / "small.json") == genotype


def test_the_text_has_a_line_per_node_and_per_edge() -> None:
    lines = [line.strip() for line in dumps(loads(json.dumps(document()))).splitlines()]

    assert '{"id": "c0", "stage": 1, "level": 0}' in lines
    assert sum(line.startswith('{"id": ') for line in lines) == 3
    assert sum(line.startswith('{"source": ') for line in lines) == 5


DEFECTS: tuple[tuple[Edit, str, str], ...] = (
    (lambda d: d.pop("name"), "name", "Field required"),
    (lambda d: d.update(name=""), "name", "at least 1 character"),
    (lambda d: d.update(name="a\x1b[2J"), "name", "match pattern"),
    (lambda d: d.update(extra=1), "extra", "Extra inputs are not permitted (found 1)"),
    (lambda d: d.update(format="x"), "format", "should be 'uxnet-genotype'"),
    (lambda d: d.update(version=2), "version", "2 is newer than 1, the newest known"),
    (lambda d: d.update(version="1"), "version", "'1' is no version number"),
    (lambda d: d.update(version=True), "version", "True is no version number"),
    (lambda d: d["evidence"]["gates"].update({"a0>b0": 1.5}), "evidence.gates.a0>b0", "1.5"),
    (lambda d: d["provenance"].update(seed=-1), "provenance.seed", "(found -1)"),
)

ARCHITECTURE_DEFECTS: tuple[tuple[Edit, str, str], ...] = (
    (lambda a: a.update(spatial_dims=4), "spatial_dims", "2 or 3"),
    (lambda a: a.update(in_channels="1"), "in_channels", "valid integer (found '1')"),
    (lambda a: a.update(in_channels=True), "in_channels", "valid integer (found True)"),
    (lambda a: a.update(in_channels=1.0), "in_channels", "valid integer"),
    (lambda a: a.update(in_channels=10**9), "in_channels", "less than or equal to 65536"),
    (lambda a: a.update(widths=[4] * 17), "widths", "at most 16 items"),
    (lambda a: a.update(widths=[4]), "strides", "2 levels, but widths names 1"),
    (lambda a: a.update(strides=[[1, 1], [2, 2, 2]]), "strides[1]", "needs 2 numbers"),
    (lambda a: a.update(strides=[[1, 2], [2, 2]]), "strides[0]", "all ones"),
    (lambda a: a["nodes"][0].update(id="a_to_b"), "nodes[0].id", "is reserved"),
    (lambda a: a["nodes"][0].update(id="a_to"), "nodes[0].id", "is reserved"),
    (lambda a: a["nodes"][0].update(id="to_a"), "nodes[0].id", "is reserved"),
    (lambda a: a["nodes"][0].update(id="aux_1"), "nodes[0].id", "is reserved"),
    # The tensors of its edges would begin as those of deep supervision do.
    (lambda a: a["nodes"][0].update(id="aux"), "nodes[0].id", "is reserved"),
    (lambda a: a["nodes"][0].update(id="class"), "nodes[0].id", "is reserved"),
    (lambda a: a["nodes"][0].update(id="a.0"), "nodes[0].id", "match pattern"),
    (
        lambda a: a["nodes"].append({"id": "input", "stage": 0, "level": 0}),
        "nodes[3].id",
        "'input' is reserved",
    ),
    (
        lambda a: a["nodes"].append({"id": "a0", "stage": 0, "level": 0}),
        "nodes[3].id",
        "'a0' is taken",
    ),
    (lambda a: a["nodes"][1].update(level=2), "nodes[1].level", "there are 2 levels"),
    (lambda a: a["edges"][1].update(target="z"), "edges[1].target", "there is no node 'z'"),
    (lambda a: a["edges"][1].update(source="output"), "edges[1].source", "no node 'output'"),
    (lambda a: a["edges"].append(a["edges"][2]), "edges[5]", "a second edge a0>c0"),
    (
        lambda a: a["edges"].append({"source": "c0", "target": "a0"}),
        "edges",
        "a cycle: a0 > ",
    ),
    (lambda a: a["edges"].pop(0), "edges", "no path leads from 'input' to 'output'"),
    (
        lambda a: a["edges"].append({"source": "a0", "target": "output"}),
        "edges",
        "2 edges lead to 'output'",
    ),
    (lambda a: a["nodes"][1]["ops"][0].update(op="relu@2"), "nodes[1].ops[0]", "relu@2"),
    (lambda a: a["nodes"][1]["ops"][0].pop("op"), "nodes[1].ops[0]", "discriminator 'op'"),
    (lambda a: a["nodes"][1]["ops"][0].update(slope=1), "nodes[1].ops[0].slope", "Extra inputs"),
    (lambda a: a["nodes"][0]["ops"][0].update(kernel=[2, 3]), "nodes[0].ops[0]", "even side"),
    (lambda a: a["nodes"][0]["ops"][0].update(kernel=[33, 3]), "nodes[0].ops[0].kernel[0]", "31"),
    (
        lambda a: a["nodes"][0]["ops"][0].update(kernel=[3, 3, 3]),
        "nodes[0].ops[0]",
        "conv@1 speaks of 3 axes in a 2-D architecture",
    ),
    (
        lambda a: a["nodes"][0]["ops"][0].update(stride=[1, 1]),
        "nodes[0].ops[0]",
        "stride of all ones is the default",
    ),
    (
        lambda a: a["nodes"][0]["ops"][0].update(dilation=[2, 2, 2]),
        "nodes[0].ops[0]",
        "dilation needs 2 numbers",
    ),
    (
        lambda a: a["nodes"][0]["ops"][0].update(stride=[2, 2]),
        "nodes[0].ops",
        "only edges may change the grid",
    ),
    (
        lambda a: a["edges"][1].update(ops=[]),
        "edges[1].ops",
        "a0>b0 arrives 1x1 times coarser than the image, its target lies at 2x2",
    ),
    (
        lambda a: a["edges"][3]["ops"][1].update(factor=[4, 2]),
        "edges[3].ops[1]",
        "cannot upsample by 4x2",
    ),
    (
        lambda a: (
            a["edges"][3]["ops"].insert(0, {"op": "max_pool@1", "factor": [3, 1]})
            or a["edges"][3]["ops"].append({"op": "upsample@1", "factor": [3, 1]})
        ),
        "edges[3].ops[0]",
        "max_pool@1 makes a map 6x2 times coarser than the image",
    ),
    (
        lambda a: a["edges"][3]["ops"][0].update(channels=5),
        "nodes[2]",
        "a sum needs equal channels",
    ),
    (lambda a: a["edges"][4].update(ops=[]), "edges[4].ops", "the output has 4 channels"),
    (
        lambda a: a["nodes"][1].update(ops=[{"op": "group_norm@1", "groups": 3}]),
        "nodes[1].ops[0]",
        "3 groups do not divide 4 channels",
    ),
)


@pytest.mark.parametrize(
    ("edit", "path", "message"),
    [*DEFECTS, *((e, f"architecture.{path}", m) for e, path, m in ARCHITECTURE_DEFECTS)],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_defect_is_named_with_its_path(edit: Edit, path: str, message: str) -> None:
    data = document()
    edit(data["architecture"] if path.startswith("architecture.") else data)

    found = refused(json.dumps(data))

    assert [where for where, _ in found] == [path]
    assert message in found[0][1]
    assert all("\n" not in line and line.isprintable() for line in map("".join, found))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON: Expecting value at line 1, column 1"),
        ("{", "not JSON: "),
        ("[]", "not a genotype: the top level should be an object"),
        ("null", "not a genotype: the top level should be an object"),
        ('{"a": NaN}', "not JSON: NaN is no JSON number"),
        ('{"a": -Infinity}', "not JSON: -Infinity is no JSON number"),
        ('{"a": 1e999}', "not JSON: 1e999 is too large a number"),
        ('{"a": ' + "9" * 9999 + "}", "not JSON: Exceeds the limit"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "not JSON: the key 'c' stands twice in one object"),
        ("[" * 200_000, "not JSON: nested too deeply"),
        ('{"a":' * 200_000, "not JSON: nested too deeply"),
        ("\ufeff{}", "not JSON: Unexpected UTF-8 BOM"),
        ('{"format": "uxnet-genotype", "version": 1, "name": "\\ud800"}', "Invalid JSON"),
    ],
    ids=range(13),
)
def test_what_is_no_genotype_at_all_says_so(text: str, message: str) -> None:
    ((path, found),) = refused(text)

    assert path == ""
    assert found.startswith(message)


@pytest.mark.parametrize("depth", [100, 190, 300, 900, 960, 990])
def test_deep_nesting_is_read_or_refused(depth: int) -> None:
    data = document()
    data["provenance"]["data"] = {"deep": None}
    text = json.dumps(data).replace('"deep": null', '"deep": ' + "[" * depth + "]" * depth)

    found = read(text)

    assert found
    assert isinstance(found, Genotype) or depth > 100


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    path.write_bytes(b" " * (MAX_BYTES + 1))

    with pytest.raises(GenotypeError, match=rf"large.json: more than the {MAX_BYTES} bytes"):
        load(path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.json"
    path.write_bytes(b"\x80\x02}")

    with pytest.raises(GenotypeError, match=r"weights.json: not JSON: the file is not UTF-8"):
        load(path)


def test_a_folder_or_a_missing_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(GenotypeError, match="cannot be read: Is a directory"):
        load(tmp_path)
    with pytest.raises(GenotypeError, match="cannot be read: No such file"):
        load(tmp_path / "none.json")


def test_every_defect_has_a_line_with_the_file() -> None:
    data = document()
    data["architecture"]["nodes"][0]["level"] = 5
    data["architecture"]["edges"][2]["target"] = "z"

    with pytest.raises(GenotypeError) as caught:
        loads(json.dumps(data), "some.json")

    assert caught.value.lines() == [
        "some.json: architecture.nodes[0].level: level 5, but there are 2 levels",
        "some.json: architecture.edges[2].target: there is no node 'z'",
    ]


@given(broken_documents())
def test_a_broken_document_is_refused_or_can_be_lowered(text: str) -> None:
    genotype = read(text)

    if not isinstance(genotype, Genotype):
        assert genotype
        assert all((path + why).isprintable() and len(path + why) < 900 for path, why in genotype)
        return
    architecture = genotype.architecture
    verify(network_graph(architecture))
    assert network_cost(architecture, architecture.total_stride).params >= 0
    assert loads(dumps(genotype)) == genotype


@given(st.text() | st.binary().map(lambda b: b.decode("latin-1")))
def test_any_text_is_refused_with_a_defect(text: str) -> None:
    assert refused(text)


@given(st.data())
def test_a_document_with_torn_text_is_read_or_refused(data: st.DataObject) -> None:
    text = json.dumps(document())
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))

    assert read(text[:start] + data.draw(st.text(max_size=3)) + text[end:])


def test_a_cycle_is_told_in_the_direction_of_its_edges() -> None:
    document = json.loads(dumps(resolve("zoo:unet")))
    edges = document["architecture"]["edges"]
    edges.append({"source": "n3_0", "target": "n0_1"})

    with pytest.raises(GenotypeError) as error:
        loads(json.dumps(document))

    ((path, message),) = error.value.defects
    steps = message.removeprefix("a cycle: ").split(" > ")
    known = {(edge["source"], edge["target"]) for edge in edges}
    assert path == "architecture.edges"
    assert len(steps) > 2
    assert steps[0] == steps[-1]
    assert set(pairwise(steps)) <= known
