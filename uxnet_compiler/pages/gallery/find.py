"""Find the genotypes in a folder and in the zoo, one exhibit for each architecture."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.pictures.render import MAX_EDGES, MAX_NODES
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.schema import Genotype, load
from uxnet_compiler.wording import one_line
from uxnet_compiler.zoo import zoo


@dataclass(frozen=True)
class Source:
    """A document, and the family that it counts to; empty where nothing names one."""

    genotype: Genotype
    family: str


@dataclass(frozen=True)
class Exhibit:
    """One architecture, and the documents that hold it.

    Attributes:
        genotype: The first of the documents.
        family: That the architecture was chosen from; empty where nothing names one.
        files: How many documents hold it.
        other_names: Names that the other documents give it, sorted.
    """

    genotype: Genotype
    family: str
    files: int
    other_names: tuple[str, ...]

    @property
    def id(self) -> str:
        """Return the identity of the architecture."""
        return self.genotype.id

    @property
    def task(self) -> str:
        """Return the name of the data that it was searched on; empty where nothing names them."""
        name = self.genotype.provenance.data.get("name")
        return one_line(name).strip() if isinstance(name, str) else ""


def in_folder(folder: Path, *, without: Path) -> tuple[list[Source], list[str]]:
    """Read every genotype in a folder, and say in a line why any other JSON file is left out.

    Of the folder of a run only its genotype counts. Hidden files and folders do not.

    Args:
        folder: To look in, with all that it holds.
        without: A folder in it to leave out: an earlier gallery.

    Raises:
        GenotypeError: There is no such folder.
    """
    if not folder.is_dir():
        raise GenotypeError(str(folder), [("", "no such folder")])
    sources, refused = [], []
    for path in _documents(folder, without.resolve()):
        try:
            genotype = load(path)
        except GenotypeError as error:
            first, *others = error.lines()
            more = f" (and {len(others)} more)" if others else ""
            refused.append(one_line(first, 400) + more)
            continue
        whole = genotype.architecture
        if len(whole.nodes) > MAX_NODES or len(whole.edges) > MAX_EDGES:
            why = f"more than {MAX_NODES} nodes or {MAX_EDGES} edges are too many to draw"
            refused.append(one_line(f"{path}: {why}", 400))
            continue
        sources.append(Source(genotype, genotype.space.family if genotype.space else ""))
    return sources, refused


def _documents(folder: Path, without: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.json")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if hidden or not path.is_file() or path.resolve().is_relative_to(without):
            continue
        run = RunFolder(path.parent)
        if not run.events_path.exists() or path == run.genotype_path:
            yield path


def in_zoo() -> list[Source]:
    """Read the bundled genotypes; each counts to the family of its folder."""
    return [Source(entry.genotype(), entry.family) for entry in zoo().values()]


def exhibits(sources: Iterable[Source]) -> list[Exhibit]:
    """Put documents of one architecture together; sorted by name, then by id."""
    by_id: dict[str, list[Source]] = {}
    for source in sources:
        by_id.setdefault(source.genotype.id, []).append(source)
    found = []
    for alike in by_id.values():
        first = alike[0].genotype
        others = {source.genotype.name for source in alike} - {first.name}
        family = next((source.family for source in alike if source.family), "")
        found.append(Exhibit(first, family, len(alike), tuple(sorted(others))))
    return sorted(found, key=_by_name)


def _by_name(exhibit: Exhibit) -> tuple[list[str | int], str]:
    """Order names as people do: `unet-2` before `unet-10`."""
    parts = re.split("([0-9]+)", exhibit.genotype.name.casefold())
    return [int(part) if at % 2 else part for at, part in enumerate(parts)], exhibit.id
