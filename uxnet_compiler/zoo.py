"""The bundled genotypes: find one by its name, and fit one to other data."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from uxnet_compiler.errors import UnknownNameError
from uxnet_compiler.registry import Registry
from uxnet_compiler.schema import Evidence, Genotype, SpaceRef, dumps, load, loads

PREFIX = "zoo:"


@dataclass(frozen=True)
class Entry:
    """One bundled document; it is read when it is asked for.

    Attributes:
        name: The file's name without its suffix.
        family: The folder that it lies in.
        document: The file.
    """

    name: str
    family: str
    document: Traversable

    def genotype(self) -> Genotype:
        """Read the document."""
        return loads(self.document.read_text(encoding="utf-8"), source=PREFIX + self.name)


def zoo() -> Registry[Entry]:
    """Return the bundled genotypes, sorted by name: `genotypes/<family>/<name>.json`."""
    folders = [f for f in files("uxnet_compiler.genotypes").iterdir() if f.is_dir()]
    entries = [
        Entry(document.name.removesuffix(".json"), folder.name, document)
        for folder in folders
        for document in folder.iterdir()
        if document.name.endswith(".json")
    ]
    return Registry("genotype of the zoo", sorted(entries, key=lambda entry: entry.name))


def resolve(text: str) -> Genotype:
    """Read the genotype that a user names: a file, or `zoo:unet` for a bundled one.

    Raises:
        GenotypeError: The file is no sound genotype.
        UnknownNameError: The zoo has no such name; or there is no such file, but the zoo has it.
    """
    if text.startswith(PREFIX):
        return zoo()[text.removeprefix(PREFIX)].genotype()
    if not Path(text).exists() and text in zoo():
        raise UnknownNameError(f"{text}: no such file; the zoo has {PREFIX}{text}")
    return load(text)


def fit(
    genotype: Genotype,
    *,
    in_channels: int | None = None,
    out_channels: int | None = None,
    widths: tuple[int, ...] | None = None,
    strides: tuple[tuple[int, ...], ...] | None = None,
) -> Genotype:
    """Return the same architecture in another frame; what is not given stays.

    A genotype that carries evidence is decoded again in the space of the new frame, and the
    networks of `uxnet_compiler.spaces.uxnet.known` also with another number of levels. Any other
    keeps its ops, and only what they agree with can change. Levels of the space that the network
    does without need no width.

    Args:
        genotype: Any family's.
        in_channels: Channels of the image.
        out_channels: Classes, background included.
        widths: Channels per level.
        strides: Per level, per axis (D, H, W).

    Raises:
        GenotypeError: The new frame is not one of the space, or makes no sound network.
    """
    frame = {
        "in_channels": in_channels,
        "out_channels": out_channels,
        "widths": widths,
        "strides": strides,
    }
    changes = {field: value for field, value in frame.items() if value is not None}
    if genotype.space is not None and genotype.evidence is not None:
        return _decoded_again(genotype, genotype.space, genotype.evidence, changes)
    architecture = genotype.architecture.model_copy(update=changes)
    changed = genotype.model_copy(update={"architecture": architecture})
    return loads(dumps(changed), source=genotype.name)


def _decoded_again(
    genotype: Genotype, ref: SpaceRef, evidence: Evidence, changes: dict[str, Any]
) -> Genotype:
    from uxnet_compiler.spaces import FAMILIES

    family = FAMILIES[ref.family]
    old = family.space(ref, source=genotype.name)
    widths = changes.get("widths", ())
    if len(widths) == genotype.architecture.levels and "strides" not in changes:
        changes = changes | {"widths": (*widths, *old.widths[len(widths) :])}
    new = family.space(
        ref.model_copy(update={"options": ref.options | changes}), source=genotype.name
    )
    if len(new.widths) != len(old.widths):
        evidence = _known_evidence(genotype.name, evidence, old.ref, new.ref) or evidence
    decoded = family.genotype(
        new,
        evidence,
        name=genotype.name,
        tau=ref.tau,
        provenance=genotype.provenance,
        source=genotype.name,
    )
    return loads(dumps(decoded), source=genotype.name)


def _known_evidence(name: str, evidence: Evidence, old: SpaceRef, new: SpaceRef) -> Evidence | None:
    """Return the evidence for another number of levels, when the network is known for any."""
    from uxnet_compiler.spaces.uxnet import UXNetOptions
    from uxnet_compiler.spaces.uxnet.known import KNOWN

    if old.family != "uxnet" or name not in KNOWN:
        return None
    before, after = (UXNetOptions.model_validate(ref.options) for ref in (old, new))
    wanted = KNOWN[name].evidence
    return wanted(after) if evidence == wanted(before) else None
