"""The published JSON Schema is the one of this version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from uxnet_compiler.schema import Genotype, json_schema

PUBLISHED = Path(__file__).parents[2] / "docs" / "genotype.schema.json"


def test_the_published_schema_is_current(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        PUBLISHED.write_text(json_schema(), encoding="utf-8")

    assert PUBLISHED.read_text(encoding="utf-8") == json_schema()


def test_it_asks_for_what_the_reader_asks_for() -> None:
    schema = json.loads(json_schema())

    assert schema["required"] == ["architecture", "format", "name", "version"]
    assert schema["$defs"]["Conv"]["required"] == ["kernel", "op"]
    assert schema["properties"].keys() == Genotype.model_fields.keys()
