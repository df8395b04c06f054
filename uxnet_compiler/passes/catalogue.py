"""Every pass by name, and the two lists that networks go through. A new pass is a line here."""

from __future__ import annotations

from uxnet_compiler.passes.base import Pass
from uxnet_compiler.passes.conv_before_upsample import ConvBeforeUpsample
from uxnet_compiler.passes.drop_dead import DropDead
from uxnet_compiler.passes.fold_single_merge import FoldSingleMerge
from uxnet_compiler.passes.share_equal import ShareEqual
from uxnet_compiler.registry import Registry

PASSES: Registry[type[Pass]] = Registry(
    "pass",
    [
        DropDead,
        FoldSingleMerge,
        ConvBeforeUpsample,
        ShareEqual,
    ],
)
"""In the order in which they help each other most."""

TRAINING: tuple[Pass, ...] = tuple(each() for each in PASSES.values() if each.trainable)
"""For networks that are trained: weights keep their names."""

INFERENCE: tuple[Pass, ...] = tuple(each() for each in PASSES.values() if each.exact)
"""For networks that are run: weights are merged where that is faster."""
