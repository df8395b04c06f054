"""`uxnet import`: networks that others describe, as genotypes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from ..quantities import FiniteRange

if TYPE_CHECKING:
    from torch import Tensor

    from uxnet_compiler.schema import Genotype

F = TypeVar("F", bound=Callable[..., None])
_FILE = click.Path(path_type=Path)


def _results(suffix: str) -> Callable[[F], F]:
    """Give a command the options that say what to write."""

    def decorate(function: F) -> F:
        for option in (
            click.option(
                "--weights-out", type=_FILE, metavar="W.safetensors", help="Where to write them."
            ),
            click.option(
                "--weights", type=_FILE, help=f"Trained weights to rename, {suffix} or safetensors."
            ),
            click.option("--name", help="Name of the genotype."),
            click.option(
                "-o", "--out", type=_FILE, required=True, metavar="OUT.json", help="File to write."
            ),
        ):
            function = option(function)
        return function

    return decorate


@click.group("import")
def command() -> None:
    """Make a genotype of a network that another program describes.

    Files are read as data: nothing in them is executed, and no class is imported by a name that
    they give. Weights keep their values and get the names of the genotype's network.
    """


@command.command("dints")
@click.argument("file", type=_FILE)
@click.option(
    "--channel-mul",
    type=FiniteRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="MONAI's factor.",
)
@click.option("--in-channels", type=click.IntRange(1), default=1, show_default=True)
@click.option("--out-channels", type=click.IntRange(1), default=3, show_default=True)
@_results(".pt")
def dints(
    file: Path,
    *,
    channel_mul: float,
    in_channels: int,
    out_channels: int,
    out: Path,
    name: str | None,
    weights: Path | None,
    weights_out: Path | None,
) -> None:
    """Import the architecture code of a DiNTS search.

    FILE is what MONAI's search writes, such as search_code_18590.pt. The weights are those of a
    monai.networks.nets.DiNTS of this code.
    """
    _require_results(out, weights, weights_out)
    from uxnet_compiler.importers.dints import genotype, read_code, stored_weights

    code = read_code(file)
    made = genotype(
        code,
        in_channels=in_channels,
        out_channels=out_channels,
        channel_mul=channel_mul,
        name=name or "dints",
    )
    tensors = None
    if weights is not None:
        tensors = stored_weights(code, _read(weights), source=str(weights))
    _write(made, out, tensors, weights, weights_out)


@command.command("nnunet")
@click.argument("plans", type=_FILE)
@click.option("--configuration", default="3d_fullres", show_default=True, help="Of the plans.")
@click.option("--dataset", type=_FILE, help="dataset.json: says how many channels and classes.")
@click.option("--in-channels", type=click.IntRange(1), help="Instead of --dataset.")
@click.option("--out-channels", type=click.IntRange(1), help="Instead of --dataset.")
@_results("checkpoint_final.pth")
def nnunet(
    plans: Path,
    *,
    configuration: str,
    dataset: Path | None,
    in_channels: int | None,
    out_channels: int | None,
    out: Path,
    name: str | None,
    weights: Path | None,
    weights_out: Path | None,
) -> None:
    """Import the network that plans of nnU-Net describe.

    PLANS is plans.json of nnU-Net 2, whose network is a PlainConvUNet, a ResidualEncoderUNet or a
    ResidualUNet. The heads of deep supervision come with the weights.
    """
    _require_results(out, weights, weights_out)
    if dataset is None and (in_channels is None or out_channels is None):
        raise click.UsageError("give --dataset, or both --in-channels and --out-channels")
    if dataset is not None and not (in_channels is None is out_channels):
        raise click.UsageError("--dataset says how many channels; leave out the other two")
    from uxnet_compiler.importers.nnunet import genotype, stored_weights
    from uxnet_compiler.importers.nnunet_plans import read_channels, read_plans

    found = read_plans(plans, configuration)
    if dataset is not None:
        in_channels, out_channels = read_channels(dataset, found)
    assert in_channels is not None
    assert out_channels is not None
    made = genotype(
        found, in_channels=in_channels, out_channels=out_channels, name=name or "nnunet"
    )
    tensors = None
    if weights is not None:
        tensors = stored_weights(found, _read(weights), source=str(weights))
    _write(made, out, tensors, weights, weights_out)
    order = made.provenance.data.get("transpose_forward")
    if isinstance(order, list) and order != list(range(len(order))):
        click.echo(f"{out}: its axes are those of the image in the order {order}", err=True)


def _require_results(out: Path, weights: Path | None, weights_out: Path | None) -> None:
    if (weights is None) != (weights_out is None):
        raise click.UsageError("--weights and --weights-out go together")
    if weights_out is not None and weights_out.resolve() == out.resolve():
        raise click.UsageError("--out and --weights-out are one file; each needs its own")


def _read(path: Path) -> dict[str, Tensor]:
    from uxnet_compiler.importers.tensors import read_tensors

    return read_tensors(path)


def _write(
    genotype: Genotype,
    out: Path,
    tensors: dict[str, Tensor] | None,
    weights: Path | None,
    weights_out: Path | None,
) -> None:
    """Check that the weights fit, then write everything."""
    from uxnet_compiler.files import replacing
    from uxnet_compiler.schema import dump

    if tensors is not None and weights_out is not None:
        from uxnet_compiler.backends.safetensors import write_weights
        from uxnet_compiler.backends.weights import resolve
        from uxnet_compiler.lowering import lower

        supervised = any(name.startswith("aux_") for name in tensors)
        graph = lower(genotype.architecture, deep_supervision=supervised)
        resolve(graph, tensors, source=str(weights))
        with replacing(weights_out) as draft:
            write_weights(tensors, draft, genotype_id=genotype.id)
            dump(genotype, out)
        click.echo(f"{weights_out}: {len(tensors)} tensors")
    else:
        dump(genotype, out)
    click.echo(f"{out}: {genotype.name}, {genotype.id[:12]}")
