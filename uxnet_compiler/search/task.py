"""Prepare a search: which cases, which space, which patches, which half trains what."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from uxnet_compiler.data.cases import LoadedCase, load_cases
from uxnet_compiler.data.dataset import Dataset, folds, require_folds
from uxnet_compiler.data.fingerprint import Fingerprint
from uxnet_compiler.data.patches import Feed, PatchBatches
from uxnet_compiler.data.plan import Plan
from uxnet_compiler.data.plan import plan as make_plan
from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.device import pick_device
from uxnet_compiler.machine.launch import place
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import SpaceRef
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.memory import bytes_per_voxel
from uxnet_compiler.search.supernet import Supernet
from uxnet_compiler.spaces import FAMILIES, Space

MAX_WIDTH = 320


@dataclass(frozen=True)
class Task:
    """What is searched, on what; `digest` tells the data's bytes from others."""

    config: SearchConfig
    dataset: Dataset
    digest: str
    plan: Plan
    space: Space
    precision: Precision


def searched_part(dataset: Dataset, config: SearchConfig) -> Dataset:
    """Leave the held-out fold out, if there are folds.

    Raises:
        DataError: There are fewer cases than folds.
    """
    if config.folds is None:
        return dataset
    require_folds(dataset, config.folds)
    train, _ = folds([case.id for case in dataset.cases], config.folds)[config.fold]
    kept = set(train)
    return replace(dataset, cases=tuple(case for case in dataset.cases if case.id in kept))


def plan_search(
    dataset: Dataset, measured: Fingerprint, config: SearchConfig
) -> tuple[Plan, Space]:
    """Plan levels first, since the space needs them, then the patch that its supernet allows."""
    memory = int(config.memory * 2**30)
    rough = make_plan(
        measured,
        max_levels=config.levels,
        batch_size=config.batch_size,
        memory_bytes=memory,
        bytes_per_voxel=0.0,
    )
    space = _space(dataset, rough, config)
    need = bytes_per_voxel(Supernet(space))
    plan = make_plan(
        measured,
        strides=rough.strides,
        batch_size=config.batch_size,
        memory_bytes=memory,
        bytes_per_voxel=need,
    )
    return plan, space


def _space(dataset: Dataset, plan: Plan, config: SearchConfig) -> Space:
    levels = len(plan.strides)
    if levels < 2:
        raise RunError(
            f"{dataset.root}: images of {plan.patch_size} voxels leave room for one level only;"
            " a search needs two"
        )
    options = {
        "spatial_dims": plan.spatial_dims,
        "in_channels": dataset.num_channels,
        "out_channels": dataset.num_classes,
        "widths": [min(config.width * 2**level, MAX_WIDTH) for level in range(levels)],
        "strides": [list(stride) for stride in plan.strides],
        "ops": "searched" if config.search_ops else "unet",
        "edges": "searched" if config.search_edges else "unet",
    }
    family = FAMILIES[config.family]
    return family.space(
        SpaceRef(family=family.name, version=family.version, options=options),
        source="configuration",
    )


def halves(task: Task, observer: Observer) -> tuple[PatchBatches, PatchBatches]:
    """Split the cases by the seed; each half draws its own patches."""
    config = task.config
    ids = [case.id for case in task.dataset.cases]
    if len(ids) < 2:
        raise RunError(f"{task.dataset.root}: one case; a search needs two halves of at least one")
    cases = load_cases(
        task.dataset, ids, task.plan, lambda done, all_: observer.tick(done / all_, cases=done)
    )
    order = random.Random(config.seed).sample(range(len(cases)), len(cases))
    middle = (len(order) + 1) // 2
    here = place()
    feed = Feed.of(pick_device(config.device), processes=here.local_count)

    def batches(part: list[int], seed: int) -> PatchBatches:
        chosen: list[LoadedCase] = [cases[index] for index in sorted(part)]
        return PatchBatches(
            chosen,
            task.plan,
            batch_size=config.batch_size,
            augment=True,
            mirror=config.mirror,
            seed=seed,
            feed=feed,
            part=here.rank,
            parts=here.count,
        )

    return batches(order[:middle], 2 * config.seed), batches(order[middle:], 2 * config.seed + 1)
