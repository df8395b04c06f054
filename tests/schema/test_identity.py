"""The same architecture has the same id in every lab."""

from __future__ import annotations

import random
import string

from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import document, genotypes

from uxnet_compiler.schema import (
    INPUT,
    OUTPUT,
    Architecture,
    Edge,
    Genotype,
    Node,
    architecture_id,
    dumps,
    loads,
    sizeless_id,
    structure_id,
)
from uxnet_compiler.schema.identity import canonical
from uxnet_compiler.zoo import fit, resolve


def small() -> Architecture:
    return Architecture.model_validate(document()["architecture"])


def renamed(architecture: Architecture, names: dict[str, str]) -> Architecture:
    names = names | {INPUT: INPUT, OUTPUT: OUTPUT}
    return architecture.model_copy(
        update={
            "nodes": tuple(
                n.model_copy(update={"id": names[n.id], "stage": n.stage + 3})
                for n in architecture.nodes
            ),
            "edges": tuple(
                e.model_copy(update={"source": names[e.source], "target": names[e.target]})
                for e in architecture.edges
            ),
        }
    )


@given(genotypes(), st.randoms(use_true_random=False))
def test_the_order_in_the_file_does_not_matter(genotype: Genotype, chance: random.Random) -> None:
    architecture = genotype.architecture
    nodes, edges = list(architecture.nodes), list(architecture.edges)
    chance.shuffle(nodes)
    chance.shuffle(edges)

    shuffled = architecture.model_copy(update={"nodes": tuple(nodes), "edges": tuple(edges)})

    assert architecture_id(shuffled) == architecture_id(architecture)
    assert structure_id(shuffled) == structure_id(architecture)


@given(genotypes())
def test_name_evidence_and_provenance_do_not_matter(genotype: Genotype) -> None:
    bare = Genotype(name="another", architecture=genotype.architecture)

    assert bare.id == genotype.id


def test_dead_parts_do_not_matter() -> None:
    alive = small()
    dead = alive.model_copy(
        update={
            "widths": (*alive.widths, 16),
            "strides": (*alive.strides, (2, 2)),
            "nodes": (
                *alive.nodes,
                Node(id="nobody_reads", stage=0, level=0),
                Node(id="nothing_comes", stage=0, level=2),
            ),
            "edges": (
                *alive.edges,
                Edge(source="a0", target="nobody_reads"),
                Edge(source="nothing_comes", target="c0"),
            ),
        }
    )

    assert architecture_id(dead) == architecture_id(alive)
    assert structure_id(dead) == structure_id(alive)


def test_a_width_that_repeats_its_level_s_does_not_matter() -> None:
    plain = small()
    wordy = plain.model_copy(
        update={"nodes": tuple(n.model_copy(update={"width": plain.width(n)}) for n in plain.nodes)}
    )

    assert architecture_id(wordy) == architecture_id(plain)


@given(genotypes(), st.randoms(use_true_random=False))
def test_the_structure_does_not_depend_on_names(genotype: Genotype, chance: random.Random) -> None:
    architecture = genotype.architecture
    fresh = [f"{chance.choice(string.ascii_letters)}{i}" for i in range(len(architecture.nodes))]
    chance.shuffle(fresh)
    names = dict(zip((n.id for n in architecture.nodes), fresh, strict=True))

    other = renamed(architecture, names)

    assert structure_id(other) == structure_id(architecture)
    assert architecture_id(other) != architecture_id(architecture)


@given(genotypes(), genotypes())
def test_different_architectures_have_different_ids(one: Genotype, two: Genotype) -> None:
    assume(canonical(one.architecture) != canonical(two.architecture))

    assert one.id != two.id


def test_the_structure_depends_on_every_op_and_edge() -> None:
    base = small()
    swapped = document()["architecture"]
    swapped["nodes"][1]["ops"] = [{"op": "leaky_relu@1"}]
    pooled = document()["architecture"]
    pooled["edges"][1]["ops"] = [{"op": "avg_pool@1", "factor": [2, 2]}]
    cut = document()["architecture"]
    del cut["edges"][2]

    others = {structure_id(Architecture.model_validate(a)) for a in (swapped, pooled, cut)}

    assert len(others | {structure_id(base)}) == 4


def test_the_sizeless_id_leaves_out_widths_and_channels_alone() -> None:
    unet = resolve("zoo:unet")

    wide = fit(unet, in_channels=4, out_channels=5, widths=(8, 8, 9, 10))
    flat = fit(unet, strides=((1, 1, 1), (1, 2, 2), (2, 2, 2), (2, 2, 2)))

    assert sizeless_id(wide.architecture) == sizeless_id(unet.architecture)
    assert wide.id != unet.id
    assert sizeless_id(flat.architecture) != sizeless_id(unet.architecture)


def test_published_ids_never_change() -> None:
    # Whoever changes this has changed the identity of every genotype that was ever shared.
    assert (
        architecture_id(small())
        == "9b666f2dc5aeae1f69467327f496ab487d8bf5b17ebfaaa76ecc0335d55f3866"
    )


def test_an_id_survives_the_file() -> None:
    genotype = resolve("zoo:dla")

    assert loads(dumps(genotype)).id == genotype.id
