"""Numbers that others published, with where they stand; they lie in `published.yaml`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from uxnet_compiler.studies.documents import read


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PublishedAblation(_Document):
    """Table 1 of the paper: Dice in percent, by the name of the row."""

    source: str
    dice: dict[str, float]


class PublishedModel(_Document):
    """A row of Table 2, or another's cross-validation: mean Dice in percent, by task."""

    name: str
    source: str
    dice: dict[str, float]


class Published(_Document):
    """All numbers.

    Attributes:
        ablation: Table 1.
        models: Rows, in the order of the table.
        notes: What to know when comparing with them.
    """

    ablation: PublishedAblation
    models: tuple[PublishedModel, ...]
    notes: tuple[str, ...]


@cache
def published() -> Published:
    """Read them."""
    return read(files("uxnet_compiler.studies") / "published.yaml", Published)
