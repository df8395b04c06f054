"""Films as moving pictures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageSequence
from searches import uxnet_space, write_search

from uxnet_compiler.errors import BackendError, UnknownNameError
from uxnet_compiler.pictures.animation import (
    HELD_MS,
    WIDTH,
    animate,
    durations,
    figures_of,
    most_frames,
    require_format,
)
from uxnet_compiler.pictures.figure import Figure
from uxnet_compiler.pictures.film import Film, read_film

needs_graphviz = pytest.mark.skipif(
    shutil.which("neato") is None, reason="needs the program Graphviz"
)


def film(tmp_path: Path, steps: int = 24, name: str = "searched") -> Film:
    run = write_search(tmp_path / "run", steps=steps, frame=uxnet_space(2), name=name)
    return read_film(run)


def words(figure: Figure) -> list[str]:
    return [each.text for each in figure.words]


@needs_graphviz
@pytest.mark.parametrize("format_", ["gif", "png"])
def test_a_film_has_a_frame_for_each_moment_and_holds_the_last(
    format_: str, tmp_path: Path
) -> None:
    path = tmp_path / f"film.{format_}"
    told: list[float] = []

    animate(film(tmp_path), path, seconds=1.5, told=told.append)

    with Image.open(path) as moving:
        assert moving.info["loop"] == 0
        assert moving.width == WIDTH
        seen = [frame.info["duration"] for frame in ImageSequence.Iterator(moving)]
    assert seen == [500, 500, 500 + HELD_MS]
    assert told == [pytest.approx(n / 3) for n in (1, 2, 3)]


@needs_graphviz
def test_the_same_film_makes_the_same_bytes(tmp_path: Path) -> None:
    shown = film(tmp_path, steps=10)

    for name in ("a.gif", "b.gif"):
        animate(shown, tmp_path / name, seconds=1, theme="dark")

    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


@needs_graphviz
def test_the_background_has_exactly_the_colour_of_the_theme(tmp_path: Path) -> None:
    animate(film(tmp_path, steps=10), tmp_path / "a.gif", seconds=1)

    with Image.open(tmp_path / "a.gif") as moving:
        moving.seek(1)
        assert moving.convert("RGB").getpixel((1, 1)) == (255, 255, 255)


def test_all_frames_have_the_same_places_and_tell_their_step(tmp_path: Path) -> None:
    shown = film(tmp_path)

    figures = list(figures_of(shown))

    assert len({figure.frame for figure in figures}) == 1
    curves = [[stroke.curve for stroke in figure.strokes] for figure in figures]
    assert curves[0] == curves[1] == curves[2]
    assert any(text.startswith("step 10 of 24") for text in words(figures[0]))
    assert any(text.startswith("decided after step 24") for text in words(figures[2]))
    assert "loss 0.100" in words(figures[0])
    assert "Dice" in words(figures[0])
    assert "Dice 0.200" in words(figures[1])


def test_the_charts_grow_with_the_steps(tmp_path: Path) -> None:
    figures = list(figures_of(film(tmp_path, steps=60)))

    columns = [sum(panel.part_of == "_loss" for panel in figure.panels) for figure in figures]
    assert columns == list(range(1, len(figures) + 1))
    for figure in figures:
        for panel in figure.panels:
            if panel.group == "chart":
                assert figure.frame.left < panel.rect.left
                assert panel.rect.right < figure.frame.right
                assert figure.frame.bottom < panel.rect.bottom


def test_a_strip_keeps_the_form_of_a_slide(tmp_path: Path) -> None:
    frame = next(figures_of(film(tmp_path), theme="slides")).frame

    assert frame.width / frame.height == pytest.approx(16 / 9)


def test_only_the_last_frame_shows_what_was_cut(tmp_path: Path) -> None:
    figures = list(figures_of(film(tmp_path)))

    cut = [any(s.group == "cut" and s.source for s in figure.strokes) for figure in figures]
    assert cut == [False, False, True]


@pytest.mark.parametrize(("frames", "seconds"), [(1, 3.0), (7, 10.0), (100, 1.0)])
def test_a_film_takes_the_time_it_was_given(frames: int, seconds: float) -> None:
    found = durations(frames, seconds)

    assert len(found) == frames
    assert all(each % 10 == 0 and each >= 20 for each in found)
    if seconds / frames > 0.02:
        assert sum(found) == pytest.approx(1000 * seconds + HELD_MS, abs=5 * frames)


def test_longer_films_have_more_frames() -> None:
    assert 2 <= most_frames(0.1) < most_frames(10) < most_frames(20) <= most_frames(1000)


def test_other_formats_and_themes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"no moving picture is \.mp4"):
        require_format(Path("film.mp4"))
    with pytest.raises(UnknownNameError, match="no theme is called 'pink'"):
        animate(film(tmp_path), tmp_path / "a.gif", seconds=1, theme="pink")


def test_without_graphviz_it_is_said_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = film(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(BackendError, match="apt install graphviz") as caught:
        animate(shown, tmp_path / "a.gif", seconds=1)

    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@needs_graphviz
def test_a_hostile_name_is_drawn_as_text(tmp_path: Path) -> None:
    shown = film(tmp_path, steps=10, name='<script>"\\N</b>&amp;\u202e' + 150 * "w")

    animate(shown, tmp_path / "a.gif", seconds=1)

    assert (tmp_path / "a.gif").stat().st_size > 1000
