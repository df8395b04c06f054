"""Rewrites of a graph, one file a pass. To add one: its file and its line in `PASSES`."""

from uxnet_compiler.passes.base import Pass
from uxnet_compiler.passes.drop_dead import DropDead
from uxnet_compiler.passes.fold_single_merge import FoldSingleMerge
from uxnet_compiler.passes.pipeline import run_passes
from uxnet_compiler.passes.share_equal import ShareEqual
from uxnet_compiler.registry import Registry

PASSES: Registry[type[Pass]] = Registry("pass", [DropDead, FoldSingleMerge, ShareEqual])

DEFAULT_PIPELINE: tuple[Pass, ...] = (DropDead(), FoldSingleMerge(), ShareEqual())
"""What every network goes through."""

__all__ = ["DEFAULT_PIPELINE", "PASSES", "Pass", "run_passes"]
