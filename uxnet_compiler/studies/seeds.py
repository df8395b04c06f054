"""One search a seed: how far they agree, and the genotype they agree on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from uxnet_compiler.errors import RunError
from uxnet_compiler.files import write_text
from uxnet_compiler.machine.launch import place
from uxnet_compiler.runs.folder import RunFolder, dump_json
from uxnet_compiler.schema import Genotype, dump, load
from uxnet_compiler.search.budget.consensus import consensus_within
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.trust.agreement import Agreement, agreement
from uxnet_compiler.studies.step import SearchStep, Study
from uxnet_compiler.studies.work import Show, run_study


@dataclass(frozen=True)
class Seeds:
    """What searches with several seeds found.

    Attributes:
        genotype: Their consensus, in `genotype.json`.
        agreement: How far they agree, in `agreement.json`.
    """

    genotype: Genotype
    agreement: Agreement


def search_seeds(
    data: Path, out: Path, config: SearchConfig, count: int, show: Show
) -> Seeds | None:
    """Search with the seeds `config.seed` and those that follow, one after the other.

    Each has a folder `seed-<n>` in `out`. What is complete is not run again, and what was stopped
    goes on; more seeds can be added later.

    Returns:
        None when Ctrl-C stopped it.

    Raises:
        UxnetError: A search failed, the folder belongs to something else, or several processes
            were started.
    """
    if place().count > 1:
        raise RunError(
            f"{out}: several seeds are searched by one process, not by {place().count}; start a job"
            " for each seed, or take `uxnet sweep`"
        )
    names = [f"seed-{config.seed + index}" for index in range(count)]
    steps = tuple(
        SearchStep(
            name=name, data="data", config=config.model_copy(update={"seed": config.seed + index})
        )
        for index, name in enumerate(names)
    )
    if not run_study(Study(steps, {"data": data}), out, show):
        return None
    runs = [out / name for name in names]
    agreed = agreement(runs)
    sources = [RunFolder(run).genotype_path for run in runs]
    found = consensus_within(
        [(str(source), load(source)) for source in sources],
        name=f"{load(sources[0]).name.rpartition('-')[0]}-consensus",
        device=config.device,
    )
    write_text(out / "agreement.json", dump_json(agreed))
    dump(found, out / "genotype.json")
    return Seeds(found, agreed)
