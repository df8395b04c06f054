"""Old documents are brought up to date one version at a time."""

from __future__ import annotations

from typing import Any

import pytest
from strategies import document

from uxnet_compiler.errors import GenotypeError
from uxnet_compiler.schema.migrate import CURRENT, MIGRATIONS, Migration, migrate


def rename_the_name(data: dict[str, Any]) -> dict[str, Any]:
    data = dict(data)
    return data | {"title": data.pop("name"), "version": 2}


def add_a_field(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"added": data["title"], "version": 3}


def test_there_is_a_migration_for_every_old_version() -> None:
    assert set(MIGRATIONS) == set(range(1, CURRENT))


def test_migrations_are_taken_one_after_the_other() -> None:
    steps: dict[int, Migration] = {1: rename_the_name, 2: add_a_field}

    found = migrate(document(), "f", current=3, migrations=steps)

    assert (found["version"], found["title"], found["added"]) == (3, "small", "small")
    assert "name" not in found


def test_a_document_starts_at_its_own_version() -> None:
    data = document() | {"version": 2, "title": "t"}

    found = migrate(data, "f", current=3, migrations={1: rename_the_name, 2: add_a_field})

    assert found["added"] == "t"


def test_the_current_version_is_left_alone() -> None:
    assert migrate(document(), "f") == document()


@pytest.mark.parametrize("version", [0, -1, None, 1.5, "1", True, [1]])
def test_what_is_no_version_is_refused(version: object) -> None:
    with pytest.raises(GenotypeError, match=r"f: version: .* is no version number"):
        migrate(document() | {"version": version}, "f")
