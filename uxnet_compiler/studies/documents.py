"""Read the documents that are shipped with the studies: recipes and published numbers."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from typing import TypeVar

import yaml
from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)


def read(document: Traversable, model: type[Model]) -> Model:
    """Read a YAML document of the package into its model; a test reads them all."""
    return model.model_validate(yaml.safe_load(document.read_text(encoding="utf-8")))
