"""The scale of heat maps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uxnet_compiler.pictures.heat import READABLE, contrast, scale
from uxnet_compiler.pictures.themes import THEMES


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)  # their own example
    assert contrast("#123456", "#123456") == 1


@pytest.mark.parametrize("name", THEMES)
@given(st.floats(0, 1))
def test_text_is_readable_on_every_fill(name: str, share: float) -> None:
    theme = THEMES[name]

    assert contrast(theme.ink, scale(theme)(share)) >= READABLE


@pytest.mark.parametrize("name", THEMES)
def test_more_stands_out_more_even_without_colours(name: str) -> None:
    theme = THEMES[name]
    fills = [scale(theme)(share / 10) for share in range(11)]

    away = [contrast(theme.paper, fill) for fill in fills]
    assert away == sorted(away)
    assert away[-1] > 2 * away[0]
