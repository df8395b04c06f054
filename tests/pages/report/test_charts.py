from __future__ import annotations

import re

import pytest

from uxnet_compiler.pages.report.charts import Line, line_chart, series
from uxnet_compiler.runs.events import Event


def test_a_line_spans_the_axes() -> None:
    chart = line_chart("it", "It", [Line("a", [10, 20, 30], [0.0, 0.5, 1.0])], limits=(0, 1))

    assert chart is not None
    points = [
        (float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", chart.paths[0].line)
    ]
    assert points[0] == (chart.left, chart.bottom)
    assert points[-1] == (chart.right, chart.top)
    assert points[1][0] == pytest.approx((chart.left + chart.right) / 2)
    assert chart.table == (["step", "a"], [["10", "0"], ["20", "0.5"], ["30", "1"]])


def test_a_single_moment_and_a_constant_have_a_chart_too() -> None:
    chart = line_chart("it", "It", [Line("a", [5], [2.0])])

    assert chart is not None
    ((x, y),) = chart.paths[0].dots
    assert chart.left < x < chart.right
    assert chart.top < y < chart.bottom


def test_without_a_number_there_is_no_chart() -> None:
    assert line_chart("it", "It", [Line("a", [], [])]) is None


def test_many_steps_are_averaged_and_end_where_the_run_did() -> None:
    diary: list[Event] = [
        {"kind": "train", "step": step, "loss": float(step)} for step in range(1, 2001)
    ]

    steps, losses = series(diary, "train", "loss")

    assert len(steps) == len(losses) == 200
    assert steps[-1] == 2000
    assert losses[0] == pytest.approx(5.5)


def test_what_is_not_told_or_no_number_is_left_out() -> None:
    diary: list[Event] = [
        {"kind": "search", "step": 1, "loss": None},
        {"kind": "search", "step": 2, "loss": 3.0},
        {"kind": "gates", "step": 2},
        {"kind": "search", "step": 3, "loss": float("nan")},
        {"kind": "search", "step": 10**400, "loss": 1.0},
        {"kind": "search", "step": 4, "loss": "many"},
    ]

    assert series(diary, "search", "loss") == ([2.0], [3.0])
