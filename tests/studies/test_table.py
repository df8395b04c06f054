from __future__ import annotations

import json
from pathlib import Path

from uxnet_compiler.studies.table import Column, Table

TABLE = Table(
    title="Two networks",
    columns=(Column(head="network"), Column(head="steps"), Column(head="Dice", digits=1)),
    rows=(("a", 3, 81.26), ("b", 4, None)),
    notes=("Of one fold.",),
)


def test_numbers_are_rounded_and_nothing_is_a_dash() -> None:
    assert TABLE.texts() == [("a", "3", "81.3"), ("b", "4", "-")]


def test_a_table_is_written_for_people_and_for_machines(tmp_path: Path) -> None:
    TABLE.write(tmp_path, "two")

    assert (tmp_path / "two.md").read_text() == (
        "# Two networks\n\n"
        "| network | steps | Dice |\n|---|---|---|\n| a | 3 | 81.3 |\n| b | 4 | - |\n\n"
        "- Of one fold.\n"
    )
    assert Table.model_validate_json((tmp_path / "two.json").read_bytes()) == TABLE
    assert json.loads((tmp_path / "two.json").read_text())["rows"][0] == ["a", 3, 81.26]
