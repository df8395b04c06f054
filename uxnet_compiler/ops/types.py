"""The type of a value in a network: how many channels it has and how coarse its grid is."""

from __future__ import annotations

from dataclasses import dataclass

from uxnet_compiler.errors import GraphError


@dataclass(frozen=True)
class TensorType:
    """Describe a feature map without fixing the size of the image.

    Attributes:
        channels: Number of channels, C.
        scale: Input voxels that one voxel of this map covers, per axis (D, H, W); the map of an
            image of size S has size S / scale.
    """

    channels: int
    scale: tuple[int, ...]

    @property
    def spatial_dims(self) -> int:
        """Return 2 or 3."""
        return len(self.scale)

    def coarser(self, factor: tuple[int, ...]) -> tuple[int, ...]:
        """Return the scale after the grid got coarser by `factor` per axis."""
        return tuple(s * f for s, f in zip(self.scale, factor, strict=True))

    def finer(self, factor: tuple[int, ...]) -> tuple[int, ...]:
        """Return the scale after the grid got finer by `factor` per axis.

        Raises:
            GraphError: The grid would become finer than the image's.
        """
        if any(s % f for s, f in zip(self.scale, factor, strict=True)):
            raise GraphError(
                f"cannot upsample by {spell(factor)} a map that is {spell(self.scale)} times"
                " coarser than the image"
            )
        return tuple(s // f for s, f in zip(self.scale, factor, strict=True))

    def size(self, image_size: tuple[int, ...]) -> tuple[int, ...]:
        """Return the size in voxels for an image of that size.

        Raises:
            GraphError: The scale does not divide the image size.
        """
        if any(n % s for n, s in zip(image_size, self.scale, strict=True)):
            raise GraphError(
                f"an image of {spell(image_size)} voxels cannot be divided by {spell(self.scale)}"
            )
        return tuple(n // s for n, s in zip(image_size, self.scale, strict=True))

    def __str__(self) -> str:
        return f"{self.channels} @ {spell(self.scale)}"


def spell_factor(numbers: tuple[int, ...]) -> str:
    """Write a factor as short as it can be: `2`, or `1x2x2` when the axes differ."""
    return str(numbers[0]) if len(set(numbers)) == 1 else spell(numbers)


def spell(numbers: tuple[int, ...]) -> str:
    """Write numbers per axis the way people do: `2x2x1`."""
    return "x".join(str(n) for n in numbers)
