"""How large an image is, known without reading its voxels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from uxnet_compiler.data import itk
from uxnet_compiler.data.grid import Grid


@dataclass(frozen=True)
class Header:
    """What `Image` tells of its size, without its voxels.

    Attributes:
        grid: Size and spacing; place and direction are not those of the image.
        num_channels: Count of channels.
        source: The file or folder.
    """

    grid: Grid
    num_channels: int
    source: str

    @property
    def spacing(self) -> tuple[float, ...]:
        """Distance of neighbouring voxels in mm (D, H, W)."""
        return self.grid.array_spacing

    @property
    def spatial_dims(self) -> int:
        """Count of spatial axes, 2 or 3."""
        return len(self.grid.shape)


def read_header(path: Path) -> Header:
    """Read the size of a file, or of a folder that holds one DICOM series.

    Raises:
        DataError: Nothing is there, or the header is unreadable.
    """
    size, spacing, numbers = itk.read_size(path)
    if len(size) == 4:  # the last axis holds the channels, as in `read_image`
        numbers = size[3]
    axes = min(len(size), 3)
    place = (0.0,) * axes
    return Header(Grid(size[:axes], spacing[:axes], place, ()), numbers, str(path))
