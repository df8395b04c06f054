"""Rewrites of a graph, one file a pass. To add one: its file and its line in `catalogue`."""

from uxnet_compiler.passes.base import Pass
from uxnet_compiler.passes.catalogue import INFERENCE, PASSES, TRAINING
from uxnet_compiler.passes.pipeline import Observer, parse_pipeline, run_passes, spell_pipeline

__all__ = [
    "INFERENCE",
    "PASSES",
    "TRAINING",
    "Observer",
    "Pass",
    "parse_pipeline",
    "run_passes",
    "spell_pipeline",
]
