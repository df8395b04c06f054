"""`uxnet predict`: segment images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..options import device_option, runtime_option, tta_option
from ..quantities import FiniteRange

if TYPE_CHECKING:
    from uxnet_compiler.runtimes import Wanted


@click.command("predict")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("images", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write to.")
@click.option(
    "--memory",
    type=FiniteRange(0, min_open=True),
    metavar="GIB",
    help="Memory that the program may take; otherwise what the machine has left. Sums that do not"
    " fit go to a file in --out while an image is segmented; the result is the same.",
)
@tta_option
@device_option
@runtime_option
def command(
    *,
    run: Path,
    images: tuple[Path, ...],
    out: Path,
    memory: float | None,
    tta: bool,
    device: str,
    runtime: Wanted,
) -> None:
    """Segment images with a trained network.

    RUN is a folder that uxnet train wrote. IMAGES are NIfTI, MetaImage, NRRD or picture files, or
    folders with one DICOM series each. Each label map is written to <image's name>.nii.gz in the
    folder --out, on exactly the grid of its image; for PNG, JPEG and BMP pictures to .png, for TIFF
    to .tif. All images are checked before the first is segmented, and one for which the memory is
    too small is refused before it is read.
    """
    from uxnet_compiler.training.predict import predict

    from ..progress import Display

    with Display() as display:
        written = predict(
            run,
            images,
            out,
            tta=tta,
            device=device,
            runtime=runtime,
            memory_gib=memory,
            observer=display,
        )
    for path in written:
        click.echo(path)
