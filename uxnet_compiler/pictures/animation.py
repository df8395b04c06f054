"""Write a film as a moving picture: GIF or animated PNG."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from uxnet_compiler.errors import BackendError
from uxnet_compiler.files import replacing
from uxnet_compiler.pictures.compose import compose
from uxnet_compiler.pictures.dot import to_dot
from uxnet_compiler.pictures.figure import Figure
from uxnet_compiler.pictures.film import Film
from uxnet_compiler.pictures.paint import paint
from uxnet_compiler.pictures.render import drawn
from uxnet_compiler.pictures.strip import with_strip
from uxnet_compiler.pictures.supernet import supernet
from uxnet_compiler.pictures.themes import theme_called

FORMATS = ("gif", "png")
FRAMES_PER_S = 8
MOST_FRAMES = 200
WIDTH = 1280  # pixels, for slides
HELD_MS = 2000  # the last frame
FINER = 2  # times the pixels in which a frame is drawn first
COLOURS, APART = 128, 12  # of the palette; Pillow mixes up colours that are closer
MOST_WORKERS = 4

Told = Callable[[float], object]


def require_format(path: Path) -> str:
    """Return the format of moving pictures that the suffix of a path names.

    Raises:
        BackendError: It is none of `FORMATS`.
    """
    format_ = path.suffix.removeprefix(".").lower()
    if format_ not in FORMATS:
        raise BackendError(
            f"{path}: no moving picture is {path.suffix or 'without a suffix'}; use .gif or .png"
        )
    return format_


def animate(
    film: Film,
    path: Path,
    *,
    seconds: float,
    theme: str = "paper",
    source: str = "genotype",
    told: Told = float,
) -> None:
    """Write a film: one grid, on which widths of lines and lengths of bars change.

    The last frame is held for some seconds more; then it begins again.

    Args:
        film: With at least one frame.
        path: File to write; the suffix names the format.
        seconds: How long it goes on.
        theme: Name of a theme.
        source: Where the genotype comes from, for messages.
        told: Hears which part is done.

    Raises:
        BackendError: The suffix is unknown, or Graphviz is missing.
        GenotypeError: The evidence is not that of its space.
        UnknownNameError: There is no such theme.
    """
    format_ = require_format(path)
    figures = list(figures_of(film, theme=theme, source=source))
    pictures = list(_pictures(figures, path, told))
    first, *others = pictures
    with replacing(path) as draft:
        first.save(
            draft,
            format=format_.upper(),
            save_all=True,
            append_images=others,
            duration=durations(len(pictures), seconds),
            loop=0,
        )


def most_frames(seconds: float) -> int:
    """Return how many frames a film of that length has at most."""
    return min(MOST_FRAMES, max(2, round(FRAMES_PER_S * seconds)))


def durations(frames: int, seconds: float) -> list[int]:
    """Return for how many milliseconds each frame is shown; GIF counts in hundredths."""
    each = max(2, round(100 * seconds / frames)) * 10
    return [each] * (frames - 1) + [each + HELD_MS]


def figures_of(film: Film, *, theme: str = "paper", source: str = "genotype") -> Iterator[Figure]:
    """Yield the figure of every frame, all with the same places.

    Raises:
        GenotypeError: The evidence is not that of its space.
        UnknownNameError: There is no such theme.
    """
    chosen = theme_called(theme)
    scenes = [
        supernet(
            film.genotype,
            believed=None if frame.decided else frame.evidence,
            source=source,
        )
        for frame in film.frames
    ]
    layout = compose(scenes[-1], chosen.metrics)
    for index, scene in enumerate(scenes):
        yield with_strip(paint(scene, layout, chosen), film, index, chosen)


def _pictures(figures: Sequence[Figure], path: Path, told: Told) -> Iterator[Image.Image]:
    """Draw the figures, each in a process of its own, in the colours of the first and the last."""
    workers = min(MOST_WORKERS, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:

        def draw(figure: Figure) -> Image.Image:
            return _drawn(figure, path)

        palette = _palette(list(pool.map(draw, (figures[0], figures[-1]))))
        for number, picture in enumerate(pool.map(draw, figures), start=1):
            yield picture.quantize(palette=palette, dither=Image.Dither.NONE)
            told(number / len(figures))


def _drawn(figure: Figure, path: Path) -> Image.Image:
    graph = to_dot(figure)
    graph.graph_attr["dpi"] = f"{FINER * 72 * WIDTH / figure.frame.width:.4f}"
    height = round(WIDTH * figure.frame.height / figure.frame.width)
    with Image.open(io.BytesIO(drawn(graph, "png", path))) as image:
        # Small letters are spaced badly when they are drawn in their own size.
        return image.convert("RGB").resize((WIDTH, height), Image.Resampling.BOX)


def _palette(images: Sequence[Image.Image]) -> Image.Image:
    """Return an image in whose colours all can be drawn: large areas in exactly theirs."""
    width, height = images[0].size
    all_ = Image.new("RGB", (width, height * len(images)))
    for index, image in enumerate(images):
        all_.paste(image, (0, height * index))
    counted = all_.getcolors(width * height * len(images)) or []
    chosen: list[tuple[int, ...]] = []
    for _, colour in sorted(counted, reverse=True):
        assert isinstance(colour, tuple), "an RGB image has triples"
        if all(_is_apart(colour, other) for other in chosen):
            chosen.append(colour)
            if len(chosen) == COLOURS:
                break
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in chosen for part in colour])
    return palette


def _is_apart(colour: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(colour, other, strict=True)) >= APART
