"""A difference as lines of text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from strategies import genotypes

from uxnet_compiler.diff import diff, to_lines
from uxnet_compiler.schema import Genotype
from uxnet_compiler.zoo import fit, resolve

PAIRS = {
    "unet-unetpp": ("zoo:unet", "zoo:unetpp"),
    "unet-unet2d": ("zoo:unet", "zoo:unet2d"),
    "nnunet-resenc": ("zoo:nnunet", "zoo:nnunet-resenc"),
    "unet-unet": ("zoo:unet", "zoo:unet"),
}


def text(a: Genotype, b: Genotype, before: str = "a.json", after: str = "b.json") -> str:
    return "".join(f"{line.text}\n" for line in to_lines(diff(a, b), before, after))


@pytest.mark.parametrize("name", PAIRS)
def test_the_text_is_as_reviewed(name: str, golden: Callable[[str, str], None]) -> None:
    before, after = PAIRS[name]

    golden(f"diff/{name}.txt", text(resolve(before), resolve(after), before, after))


@settings(max_examples=10)
@given(genotypes())
def test_of_itself_there_is_nothing_to_tell_but_that(genotype: Genotype) -> None:
    lines = list(to_lines(diff(genotype, genotype), "a", "b"))

    assert [line.kind for line in lines] == ["removed", "added", "head"]
    assert lines[-1].text == "the same architecture"


@settings(max_examples=10)
@given(genotypes(), genotypes())
def test_the_other_way_round_removed_and_added_change_places(a: Genotype, b: Genotype) -> None:
    there = [line for line in to_lines(diff(a, b), "", "") if line.text.startswith("  ")]
    back = [line for line in to_lines(diff(b, a), "", "") if line.text.startswith("  ")]

    def told(lines: list[str], sign: str) -> set[str]:
        return {line[4:] for line in lines if line.startswith(f"  {sign} ")}

    forth, reverse = ([line.text for line in lines] for lines in (there, back))
    assert told(forth, "-") == told(reverse, "+")
    assert told(forth, "+") == told(reverse, "-")
    assert len(told(forth, "~")) == len(told(reverse, "~"))


def test_another_size_is_told_as_such() -> None:
    unet = resolve("zoo:unet")

    told = text(unet, fit(unet, widths=(8, 16, 32, 64)))

    assert "the same architecture but for widths and channels\n" in told
    assert "  ~ widths: 32 64 128 256 -> 8 16 32 64\n" in told


def test_a_file_of_any_name_stays_on_its_line() -> None:
    unet = resolve("zoo:unet")

    told = text(unet, unet, "a\x1b[31m\n+ b\u202e.json", "x" * 5000)

    first, second, _ = told.splitlines()
    assert first.startswith("- a [31m + b .json  ")
    assert len(second) < 250
    assert "..." in second
