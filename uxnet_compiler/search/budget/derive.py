"""Decode a document's evidence again: at another threshold, within other limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uxnet_compiler.errors import GenotypeError, RunError
from uxnet_compiler.schema import Genotype, Limits
from uxnet_compiler.search.budget.fit import within
from uxnet_compiler.search.budget.limits import Wish, limits_of
from uxnet_compiler.spaces import derive

if TYPE_CHECKING:
    import torch

    from uxnet_compiler.machine.selftest import Precision

DEFAULT_BATCH = 2


def derive_within(
    genotype: Genotype,
    tau: float | None = None,
    wish: Wish | None = None,
    *,
    size: tuple[int, ...] | None = None,
    batch_size: int | None = None,
    soft: bool | None = None,
    device: str = "auto",
    source: str = "genotype",
) -> Genotype:
    """Return the genotype that the evidence of another one means at a threshold, within limits.

    Args:
        genotype: With the evidence of a search.
        tau: Threshold; the document's own when not given.
        wish: Limits that replace those of the document, one by one.
        size: Voxels per axis of the image to count for; that of the document's limits when not
            given, else the patch that was searched on.
        batch_size: Of a training step; that of the document's limits when not given, else 2.
        soft: Whether edges carry their gates; as in the document when not given.
        device: Where latencies are measured.
        source: Where the document comes from, for messages.

    Raises:
        GenotypeError: It carries no evidence, or no threshold where none is given.
        RunError: No network of the space is within the limits, or they cannot be counted.
    """
    ref = genotype.space
    tau = tau if tau is not None or ref is None else ref.tau
    if tau is None:
        raise GenotypeError(source, [("space.tau", "missing: say with --tau what to keep")])
    plain = derive(genotype, tau, soft=soft, source=source)
    old = ref.limits if ref is not None else None
    limits = _limits(old, wish or Wish(), size or _known_size(genotype, old), batch_size, source)
    return decode_within(plain, limits, device=device, source=source)


def decode_within(
    plain: Genotype, limits: Limits | None, *, device: str = "auto", source: str = "genotype"
) -> Genotype:
    """Return a decoded genotype as it is within limits, with latencies of this machine.

    Args:
        plain: With evidence, decoded at its threshold without limits.
        limits: None for none.
        device: Where latencies are measured.
        source: Where the document comes from, for messages.

    Raises:
        RunError: No network of the space is within the limits, or they are those of another
            machine.
    """
    if limits is None or limits.latency_ms is None:
        return within(plain, limits)
    return _within_latency(plain, limits, device, source)


def without_limits(genotype: Genotype) -> Genotype:
    """Return the document without its limits, so that deriving it forgets them."""
    if genotype.space is None:
        return genotype
    return genotype.model_copy(update={"space": genotype.space.model_copy(update={"limits": None})})


def _limits(
    old: Limits | None,
    wish: Wish,
    size: tuple[int, ...] | None,
    batch_size: int | None,
    source: str,
) -> Limits | None:
    """Put wishes over the limits of the document."""
    batch_size = batch_size or (old.batch_size if old is not None else DEFAULT_BATCH)
    if old is None and wish == Wish():
        return None
    if size is None:
        raise RunError(f"{source}: does not say for which image to count; say it with --size")
    # Which machine it is comes later, when it is looked at.
    new = wish.limits(size, batch_size, machine="this machine")
    kept = {} if old is None else old.model_dump(exclude_none=True)
    said = {} if new is None else new.model_dump(exclude_none=True)
    return limits_of(kept | said | {"size": size, "batch_size": batch_size})


def _known_size(genotype: Genotype, old: Limits | None) -> tuple[int, ...] | None:
    """Return the size of the document's limits, else of the patches that were searched on."""
    if old is not None:
        return old.size
    patch = genotype.provenance.data.get("patch_size")
    if not isinstance(patch, list):
        return None
    size = tuple(number for number in patch if isinstance(number, int) and number > 0)
    return size if len(size) == len(patch) == genotype.architecture.spatial_dims else None


def _within_latency(plain: Genotype, limits: Limits, device: str, source: str) -> Genotype:
    from uxnet_compiler.costs.latency import Latencies
    from uxnet_compiler.machine.device import pick_device

    where = pick_device(device)
    precision = _precision(where, limits.machine, plain.architecture.spatial_dims)
    latencies = Latencies(where, precision)
    if limits.machine not in {latencies.machine, "this machine"}:
        raise RunError(
            f"{source}: limited to {limits.latency_ms:g} ms on {limits.machine!r}; this machine is"
            f" {latencies.machine!r}: give a --max-latency for it, or --unlimited"
        )
    here = limits.model_copy(update={"machine": latencies.machine})
    found = within(plain, here, latencies)
    latencies.keep()
    return found


def _precision(device: torch.device, machine: str | None, spatial_dims: int) -> Precision:
    """Return the precision that the limits were measured in, if here, else the fastest."""
    from uxnet_compiler.costs.latency import machine_name
    from uxnet_compiler.machine.selftest import FORMATS, Precision, choose_precision

    for dtype, is_last in FORMATS:
        asked = Precision(dtype, is_last, "as measured before")
        if machine_name(device, asked) == machine:
            return asked
    return choose_precision("auto", device, spatial_dims)
