"""Galleries to look at: of the zoo, of random genotypes, of what a stranger sends."""

from __future__ import annotations

from pathlib import Path

from uxnet_compiler.pages.gallery import exhibits, in_folder, write_gallery
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import Genotype, Provenance, SpaceRef, dump
from uxnet_compiler.spaces.uxnet import UXNET, UXNetOptions, space
from uxnet_compiler.zoo import resolve

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;\u202e\u05d0" + "x" * 100


def hostile() -> Genotype:
    """Return a genotype whose every word is an attack."""
    return resolve("zoo:dla").model_copy(
        update={
            "name": HOSTILE,
            "space": SpaceRef(family=HOSTILE, version=1),
            "evidence": None,
            "provenance": Provenance(
                origin=HOSTILE,
                paper=HOSTILE,
                software={HOSTILE: HOSTILE},
                data={"name": "</script><script>alert(1)</script>\n" + "y" * 10_000, HOSTILE: [1]},
            ),
        }
    )


def random_genotype(seed: int, levels: int = 3, dims: int = 2) -> Genotype:
    """Return a random narrow genotype of UXNet."""
    options = UXNetOptions(
        spatial_dims=dims,
        out_channels=2 + seed % 2,
        widths=tuple(range(2, 2 + levels)),
        strides=((1,) * dims, *[(2 + seed % 2, *[2] * (dims - 1))] * (levels - 1)),
    )
    return UXNET.sample(space(options), seed, tau=0.4)


def write_site(genotypes: list[Genotype], folder: Path) -> Path:
    """Write documents and a gallery of them, and return the gallery's folder."""
    for number, genotype in enumerate(genotypes):
        dump(genotype, folder / "documents" / f"{number}.json")
    sources, refused = in_folder(folder / "documents", without=folder / "site")
    assert not refused
    write_gallery(exhibits(sources), folder / "site", Observer())
    return folder / "site"
