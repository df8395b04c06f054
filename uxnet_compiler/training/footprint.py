"""How much memory it takes to segment an image, known before it is read."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from uxnet_compiler.analysis import Cost
from uxnet_compiler.data.headers import Header
from uxnet_compiler.data.images import Image
from uxnet_compiler.data.plan import Plan
from uxnet_compiler.data.preprocess import planned_shape
from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.memory import available_bytes, resident_bytes
from uxnet_compiler.runtimes import Wanted
from uxnet_compiler.training.inference import WINDOWS_AT_ONCE

_FLOAT = 4
_MIB = 2**20

# Measured: torch keeps reordered copies of what a convolution reads and makes; others take less.
_WORKSPACE = 2.0
# Measured: code, compiled kernels, and what their allocators keep.
_PROGRAM: dict[Wanted, int] = {
    "torch": 128 * _MIB,
    "onnx": 256 * _MIB,
    "openvino": 256 * _MIB,
    "auto": 448 * _MIB,
}


@dataclass(frozen=True)
class Footprint:
    """Bytes that it takes to segment an image, beyond those of the idle program.

    Attributes:
        source: The image.
        in_memory: At most, with the sums of all classes in memory.
        on_disk: At most, with the sums in a file.
        file_bytes: The size of that file.
    """

    source: str
    in_memory: int
    on_disk: int
    file_bytes: int

    def fits(self, limit_bytes: int | None = None) -> Room:
        """Say where the sums can be: in memory if they fit, else on disk.

        Args:
            limit_bytes: What the whole process may hold; what the machine can give it when not
                given.

        Raises:
            RunError: Not even the rest fits into memory.
        """
        own = resident_bytes()
        there = own + available_bytes() if limit_bytes is None else limit_bytes
        if own + self.in_memory <= there:
            return Room(own + self.in_memory, 0)
        if own + self.on_disk <= there:
            return Room(own + self.on_disk, self.file_bytes)
        whose = "this machine has" if limit_bytes is None else "--memory allows"
        raise RunError(
            f"{self.source}: to segment it takes {gib(own + self.on_disk)} of memory, and {whose}"
            f" {gib(there)}; take a smaller image, or more memory"
        )


@dataclass(frozen=True)
class Room:
    """What the segmentation of an image takes, as it will be done.

    Attributes:
        memory_bytes: Of the whole process, at most.
        disk_bytes: While it works; 0 when the sums lie in memory.
    """

    memory_bytes: int
    disk_bytes: int

    def __str__(self) -> str:
        disk = f", and {gib(self.disk_bytes)} of disk for a while" if self.disk_bytes else ""
        return f"at most {gib(self.memory_bytes)} of memory{disk}"


def gib(num_bytes: int) -> str:
    """Return `1.25 GiB`."""
    return f"{num_bytes / 2**30:.2f} GiB"


def footprint(
    image: Image | Header,
    plan: Plan,
    network: Cost,
    num_classes: int,
    runtime: Wanted = "torch",
) -> Footprint:
    """Predict what it takes to segment an image.

    The steps are those of `read_image`, `preprocess`, `Segmenter` and `restore`; what they hold
    at their worst moments is counted array by array, and of the network its feature maps.

    Args:
        image: For its size; voxels do not matter.
        plan: How the image is brought to the network.
        network: Costs for one window.
        num_classes: Background included.
        runtime: What will run the network.

    Raises:
        DataError: The image does not fit the plan.
    """
    planned, patch = planned_shape(image, plan), plan.patch_size
    padded = tuple(max(size, least) for size, least in zip(planned, patch, strict=True))
    own, prepared = prod(image.grid.shape), prod(planned)
    together = 1 if padded == patch else WINDOWS_AT_ONCE
    both = _FLOAT * image.num_channels * (own + prepared)  # the image before and after
    # A file's voxels, their copies as an array and as floats, and two masks.
    reading = image.num_channels * own * (3 * _FLOAT + 2)
    # Channels apart and together; masks; the statistics of one, in doubles.
    preparing = both + _FLOAT * image.num_channels * prepared + 2 * own + prepared * 20
    # A class before and after; the best so far, what is better, its copy; labels and a mask.
    restoring = both + _FLOAT * prepared + own * (4 * _FLOAT + 2 + 1)
    if planned != image.grid.shape:
        # What ITK holds: the same twice, and the coefficients of a spline.
        preparing += own * (_FLOAT + 2 * 8) + prepared * _FLOAT
        restoring += own * _FLOAT + prepared * 2 * _FLOAT
    # Windows and their copies; logits, probabilities, and what becomes of these.
    windows = together * prod(patch) * _FLOAT * (2 * image.num_channels + 4 * num_classes)
    running = both + windows + int(_WORKSPACE * together * network.peak_bytes)
    if padded != planned:
        running += _FLOAT * image.num_channels * prod(padded)
    sums = _FLOAT * (num_classes + 1) * prod(padded)
    # Of a file: the lines that the windows of a batch lie in, then two of its maps.
    touched = min(sums, together * sums * prod(patch[:-1]) // prod(padded[:-1]))
    weights = 3 * _FLOAT * network.params
    always = _PROGRAM[runtime] + weights
    return Footprint(
        source=image.source,
        in_memory=always + max(reading, preparing, sums + max(running, restoring)),
        on_disk=always
        + max(reading, preparing, touched + running, 2 * sums // (num_classes + 1) + restoring),
        file_bytes=sums,
    )
