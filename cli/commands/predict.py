"""`uxnet predict`: segment images."""

from __future__ import annotations

from pathlib import Path

import click

from ..options import device_option, tta_option


@click.command("predict")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("images", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write to.")
@tta_option
@device_option
def command(run: Path, images: tuple[Path, ...], out: Path, tta: bool, device: str) -> None:
    """Segment images with a trained network.

    RUN is a folder that uxnet train wrote. IMAGES are NIfTI, MetaImage or NRRD files, or folders
    with one DICOM series each. Each label map is written to <image's name>.nii.gz in the folder
    --out, on exactly the grid of its image. All images are checked before the first is segmented.
    """
    from uxnet_compiler.training.predict import predict

    from ..progress import Display

    with Display() as display:
        written = predict(run, images, out, tta=tta, device=device, observer=display)
    for path in written:
        click.echo(path)
