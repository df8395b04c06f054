"""Sizes of text and distances of a drawing, in points."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Metrics:
    """What a theme decides about places.

    Attributes:
        node_text: Size of the text in boxes.
        end_text: In input and output.
        link_text: On links.
        bar_text: Beside the bars in a box.
        title_text: Of the title.
        subtitle_text: Below it.
        row_text: Of the captions of rows, columns and clusters.
        legend_text: Of the legend.
        arrow: Length of an arrow head.
        row_gap: Between two levels.
        gutter: Between two columns.
        widest: Width by height that a drawing should not exceed; levels move apart for it.
        page: Width by height that the frame is filled up to, if any.
    """

    node_text: float = 11.0
    end_text: float = 10.0
    link_text: float = 8.5
    bar_text: float = 7.0
    title_text: float = 15.0
    subtitle_text: float = 10.0
    row_text: float = 9.5
    legend_text: float = 9.0
    arrow: float = 6.0
    row_gap: float = 40.0
    gutter: float = 30.0
    widest: float = 3.6
    page: float | None = None


PRINT = Metrics()
SLIDES = Metrics(
    node_text=15.0,
    end_text=14.0,
    link_text=12.5,
    bar_text=10.0,
    title_text=22.0,
    subtitle_text=14.0,
    row_text=13.0,
    legend_text=12.5,
    arrow=9.0,
    row_gap=44.0,
    gutter=18.0,
    widest=1.9,
    page=16 / 9,
)
