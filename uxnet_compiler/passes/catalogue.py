"""Every pass by name, and the two lists that networks go through. A new pass is a line here."""

from __future__ import annotations

from uxnet_compiler.passes.base import Pass
from uxnet_compiler.passes.conv_before_upsample import ConvBeforeUpsample
from uxnet_compiler.passes.drop_bias_before_norm import DropBiasBeforeNorm
from uxnet_compiler.passes.drop_dead import DropDead
from uxnet_compiler.passes.fold_batch_norm import FoldBatchNorm
from uxnet_compiler.passes.fold_scale import FoldScale
from uxnet_compiler.passes.fold_single_merge import FoldSingleMerge
from uxnet_compiler.passes.merge_parallel_convs import MergeParallelConvs
from uxnet_compiler.passes.order_by_liveness import OrderByLiveness
from uxnet_compiler.passes.pool_before_activation import PoolBeforeActivation
from uxnet_compiler.passes.prune_gates import PruneGates
from uxnet_compiler.passes.settle import Settle
from uxnet_compiler.passes.share_equal import ShareEqual
from uxnet_compiler.passes.split_concat_convs import SplitConcatConvs
from uxnet_compiler.passes.stack_pointwise_convs import StackPointwiseConvs
from uxnet_compiler.registry import Registry

PASSES: Registry[type[Pass]] = Registry(
    "pass",
    [
        PruneGates,
        DropDead,
        FoldSingleMerge,
        FoldScale,
        FoldBatchNorm,
        DropBiasBeforeNorm,
        MergeParallelConvs,
        ConvBeforeUpsample,
        PoolBeforeActivation,
        ShareEqual,
        SplitConcatConvs,
        StackPointwiseConvs,
        Settle,
        OrderByLiveness,
    ],
)
"""In the order in which they help each other most."""

TRAINING: tuple[Pass, ...] = tuple(each() for each in PASSES.values() if each.trainable)
"""For networks that are trained: weights keep their names."""

INFERENCE: tuple[Pass, ...] = tuple(each() for each in PASSES.values() if each.exact)
"""For networks that are run: weights are merged where that is faster."""
