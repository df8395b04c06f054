from __future__ import annotations

from uxnet_compiler.overview import overview
from uxnet_compiler.pages.report.architecture import architecture_of
from uxnet_compiler.pages.report.facts import cost_heads, cost_rows, facts_of
from uxnet_compiler.zoo import resolve, zoo


def test_every_node_and_edge_has_a_card() -> None:
    for entry in zoo().values():
        genotype = entry.genotype()
        found = overview(genotype)

        facts = facts_of(genotype, found)

        assert facts["nodes"].keys() == {node.id for node in found.nodes} | {"input", "output"}
        assert facts["edges"].keys() == {f"{e.source}>{e.target}" for e in found.edges}


def test_the_table_has_every_part_once_and_adds_up_to_the_whole() -> None:
    found = overview(resolve("zoo:unet"))

    rows = cost_rows(found)

    assert len({row[0] for row in rows}) == len(rows) == len(found.nodes) + len(found.edges)
    macs = cost_heads(found).index("MACs")
    values = [cell["value"] for row in rows if isinstance(cell := row[macs], dict)]
    assert sum(values) == found.macs
    assert values == sorted(values, reverse=True)


def test_only_a_genotype_with_gates_has_a_column_for_them() -> None:
    assert "gate" in cost_heads(overview(resolve("zoo:unet")))
    assert "gate" not in cost_heads(overview(resolve("zoo:nnunet")))


def test_cells_take_together_what_their_nodes_do() -> None:
    found = architecture_of(resolve("zoo:nasunet"), "a0")

    assert [each.label for each in found.drawings] == ["Cells", "Nodes"]
    cells = found.drawings[0].facts
    assert dict(cells["nodes"]["down2"]["rows"])["nodes"] == "6"
    assert len(cells["nodes"]) < len(found.drawings[1].facts["nodes"])


def test_a_network_without_cells_is_drawn_once() -> None:
    assert len(architecture_of(resolve("zoo:unet"), "a0").drawings) == 1


def test_a_family_that_is_not_known_here_has_cards_without_candidates() -> None:
    genotype = resolve("zoo:hippocampus")
    assert genotype.space is not None
    strange = genotype.model_copy(
        update={"space": genotype.space.model_copy(update={"family": "elsewhere"})}
    )

    ours, theirs = (facts_of(each, overview(each)) for each in (genotype, strange))

    assert any(fact["bars"] for fact in ours["nodes"].values() if "bars" in fact)
    assert not any(fact["bars"] for fact in theirs["nodes"].values() if "bars" in fact)
    assert ours["nodes"].keys() == theirs["nodes"].keys()
