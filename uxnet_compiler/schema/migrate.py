"""Bring documents of older versions up to date, one function a step.

`MIGRATIONS[n]` takes the plain data of a version n document and returns that of version n + 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uxnet_compiler.errors import GenotypeError

CURRENT = 1

Migration = Callable[[dict[str, Any]], dict[str, Any]]
MIGRATIONS: dict[int, Migration] = {}


def migrate(
    data: dict[str, Any],
    source: str,
    *,
    current: int = CURRENT,
    migrations: dict[int, Migration] | None = None,
) -> dict[str, Any]:
    """Return the data of the current version.

    Raises:
        GenotypeError: It is no genotype, or of a version that this release does not know.
    """
    steps = MIGRATIONS if migrations is None else migrations
    if data.get("format") != "uxnet-genotype":
        found = data.get("format")
        raise GenotypeError(
            source, [("format", f"{_short(found)}, should be 'uxnet-genotype': no genotype")]
        )
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise GenotypeError(source, [("version", f"{_short(version)} is no version number")])
    if version > current:
        raise GenotypeError(
            source,
            [("version", f"{version} is newer than {current}, the newest known; update uxnet")],
        )
    while version < current:
        data = steps[version](data)
        version += 1
    return data


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
