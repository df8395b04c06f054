"""Train the network of a search beside a U-Net and random ones, and add it to its trust report."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import fmean, stdev

import torch

from uxnet_compiler.compiler import network_cost
from uxnet_compiler.data.digest import dataset_digest
from uxnet_compiler.data.plan import Plan
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.selftest import choose_precision
from uxnet_compiler.runs.checkpoint import load_checkpoint
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import Genotype, load
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.probe import patch_dice
from uxnet_compiler.search.task import Task, halves, searched_part
from uxnet_compiler.search.trust.gap import draws
from uxnet_compiler.search.trust.model import Compared, Comparison, Trust
from uxnet_compiler.search.trust.report import extended, fixed_patches, read_trust, write_trust
from uxnet_compiler.spaces import FAMILIES, Space
from uxnet_compiler.studies.step import GIVEN, EvaluateStep, Study, TrainStep
from uxnet_compiler.studies.work import Show, run_study
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.evaluate import CaseScores, Evaluation
from uxnet_compiler.training.train import TrainSummary
from uxnet_compiler.training.trained import TrainedRun
from uxnet_compiler.zoo import fit, resolve

FOLDS = 5  # where the search held no case out
SEARCHED, UNET = "searched", "unet"


def compare_trained(
    run: Path, data: Path, show: Show, *, minutes: float, num_random: int = 1
) -> Trust | None:
    """Train the genotype of a search, U-Net and random genotypes alike, and evaluate them.

    All have the recipe of `TrainConfig`, the same time and the fold of the search; a search that
    held no case out is compared on fold 0 of 5. The trainings are in `RUN/trust`; what is there
    is not run again, and what was stopped goes on. The report of the search is written anew.

    Args:
        run: Folder of a finished search.
        data: The data set that it searched on.
        show: Makes a display for each step.
        minutes: Of each training.
        num_random: Random genotypes.

    Returns:
        The report with the comparison; None when Ctrl-C stopped it.

    Raises:
        UxnetError: The run is no finished search, or one on other data; or a training failed.
    """
    report = read_trust(run)
    folder = RunFolder.open(run)
    config = folder.read(folder.config_path, SearchConfig)
    genotype = load(folder.genotype_path)
    space = _space(genotype, run)
    _require_searched(folder, config, data)
    genotypes = {SEARCHED: genotype, UNET: _unet(space)}
    for index, drawn in enumerate(draws(space, genotype.architecture, num_random)):
        genotypes[f"random-{index}"] = drawn
    study = _study(genotypes, data, config, minutes)
    if not run_study(study, run / "trust", show):
        return None
    if report.gap is not None:
        with show() as observer:
            retrained = _retrained(folder, config, space, data, observer)
        report = extended(report, gap=report.gap.model_copy(update={"retrained": retrained}))
    compared = _compared(
        run / "trust",
        genotypes,
        _image_size(space),
        minutes=minutes,
        seen=config.folds is None,
    )
    report = extended(report, comparison=compared)
    write_trust(folder, report)
    return report


def _require_searched(folder: RunFolder, config: SearchConfig, data: Path) -> None:
    """Refuse data that the search has not seen: its patches and its fold would mean nothing there.

    Raises:
        RunError: The files are not those that the search began with.
    """
    state = load_checkpoint(folder.checkpoint_path)
    if state["data"] != dataset_digest(searched_part(open_dataset(data), config)):
        raise RunError(
            f"{data}: not the data set that {folder.path} was searched on: its files are others"
        )


def _space(genotype: Genotype, run: Path) -> Space:
    if genotype.space is None or genotype.evidence is None:
        raise RunError(f"{run}: not a search: its genotype.json carries no evidence")
    return FAMILIES[genotype.space.family].space(genotype.space, source=str(run))


def _unet(space: Space) -> Genotype:
    """Return the U-Net of the zoo in the frame of a search."""
    known = "zoo:unet" if space.spatial_dims == 3 else "zoo:unet2d"
    return fit(
        resolve(known),
        in_channels=space.in_channels,
        out_channels=space.out_channels,
        widths=space.widths,
        strides=space.strides,
    )


def _image_size(space: Space) -> tuple[int, ...]:
    """Return a size that suits every network of a space."""
    target = 64 if space.spatial_dims == 3 else 256
    steps = (math.prod(axis) for axis in zip(*space.strides, strict=True))
    return tuple(-(-target // step) * step for step in steps)


def _study(
    genotypes: dict[str, Genotype], data: Path, config: SearchConfig, minutes: float
) -> Study:
    recipe = TrainConfig(
        minutes=minutes,
        folds=config.folds or FOLDS,
        fold=config.fold if config.folds else 0,
        seed=config.seed % 2**31,
        device=config.device,
        precision=config.precision,
        mirror=config.mirror,
    )
    steps = [
        step
        for name in genotypes
        for step in (
            TrainStep(name=f"train/{name}", data="data", genotype=f"{GIVEN}/{name}", config=recipe),
            EvaluateStep(
                name=f"evaluate/{name}",
                data="data",
                training=f"train/{name}",
                device=config.device,
            ),
        )
    ]
    return Study(tuple(steps), {"data": data}, genotypes)


def _compared(
    out: Path,
    genotypes: dict[str, Genotype],
    size: tuple[int, ...],
    *,
    minutes: float,
    seen: bool,
) -> Comparison:
    """Read what the trainings left; `size` is of the image that costs are counted for."""
    evaluations = {
        name: RunFolder(out).read(out / "evaluate" / name / "scores.json", Evaluation)
        for name in genotypes
    }
    found = evaluations[SEARCHED]
    networks = []
    for name, genotype in genotypes.items():
        folder = RunFolder(out / "train" / name)
        cost = network_cost(genotype.architecture, size)
        summary = evaluations[name].summary
        behind, error = paired(found.cases, evaluations[name].cases)
        networks.append(
            Compared(
                name=name,
                params=cost.params,
                macs=cost.macs,
                steps=folder.read(folder.summary_path, TrainSummary).steps,
                dice=summary.dice,
                labels={label.label: label.dice for label in summary.labels},
                behind=behind,
                behind_error=error,
            )
        )
    return Comparison(
        minutes=minutes,
        cases=found.summary.num_cases,
        seen_by_search=seen,
        image_size=size,
        networks=tuple(networks),
    )


def paired(found: tuple[CaseScores, ...], other: tuple[CaseScores, ...]) -> tuple[float, float]:
    """Return how far other scores lie behind, a mean over cases, and its standard error."""
    theirs = {case.id: case.dice for case in other}
    behind = [case.dice - theirs[case.id] for case in found]
    error = stdev(behind) / math.sqrt(len(behind)) if len(behind) > 1 else 0.0
    return round(fmean(behind), 6), round(error, 6)


def _retrained(
    folder: RunFolder, config: SearchConfig, space: Space, data: Path, observer: Observer
) -> float:
    """Return the Dice of the trained genotype on the patches of the search's report."""
    dataset = searched_part(open_dataset(data), config)
    device = torch.device("cpu")
    task = Task(
        config=config,
        dataset=dataset,
        digest=dataset_digest(dataset),
        plan=folder.read(folder.plan_path, Plan),
        space=space,
        precision=choose_precision("float32", device, space.spatial_dims),
    )
    observer.phase("loading the data")
    _, held_out = halves(task, observer)
    network = TrainedRun.open(folder.path / "trust" / "train" / SEARCHED).network().module
    return patch_dice(network, fixed_patches(held_out), device)
