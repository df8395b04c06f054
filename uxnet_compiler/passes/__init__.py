"""Rewrites of a graph, one file a pass. To add one: its file and its line in `catalogue`."""

from uxnet_compiler.passes.base import Pass
from uxnet_compiler.passes.catalogue import INFERENCE, PASSES, TRAINING
from uxnet_compiler.passes.pipeline import (
    Step,
    parse_pipeline,
    run_passes,
    run_steps,
    spell_pipeline,
)

__all__ = [
    "INFERENCE",
    "PASSES",
    "TRAINING",
    "Pass",
    "Step",
    "parse_pipeline",
    "run_passes",
    "run_steps",
    "spell_pipeline",
]
