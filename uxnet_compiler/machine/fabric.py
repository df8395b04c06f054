"""Make the Lightning Fabric that carries a loop to its device and precision."""

from __future__ import annotations

import logging

import lightning_fabric
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment

from uxnet_compiler.machine.selftest import Precision


def make_fabric(device: torch.device, precision: Precision) -> lightning_fabric.Fabric:
    """Return a Fabric for one device, without its remark on the precision: ours says why.

    It does not look for a scheduler, either: torchrun makes the processes of a job, and under Slurm
    it would warn of a missing `srun`, and refuse a job of several tasks that are not its own.
    """
    logger = logging.getLogger("lightning_fabric.utilities.rank_zero")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        return lightning_fabric.Fabric(
            accelerator=device.type,
            devices=1 if device.type == "cpu" else [device.index or 0],
            precision="bf16-mixed" if precision.dtype == "bfloat16" else "32-true",
            plugins=LightningEnvironment(),
        )
    finally:
        logger.setLevel(before)
