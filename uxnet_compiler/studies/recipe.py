"""How one task of Table 2 is reproduced: one recipe a task, in `recipes/`."""

from __future__ import annotations

from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from uxnet_compiler.errors import DataError
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.studies.documents import read
from uxnet_compiler.training.config import TrainConfig


class Recipe(BaseModel):
    """What is done for one task.

    Attributes:
        folder: Name of the task's folder, or a pattern of it such as `ISIC*`.
        title: What tables call it.
        folds: Of the cross-validation.
        search: Of the one search, on the training cases of a fold.
        train: Of the training on each fold; where it mirrors, flips are averaged when evaluated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str
    title: str
    folds: int = Field(default=5, ge=2, le=100)
    search: SearchConfig
    train: TrainConfig


def recipes() -> dict[str, Recipe]:
    """Return the recipes by the name of their task: the Decathlon's by number, then the others."""
    folder = files("uxnet_compiler.studies") / "recipes"
    documents = [file for file in folder.iterdir() if file.name.endswith(".yaml")]
    found = {file.name.removesuffix(".yaml"): read(file, Recipe) for file in documents}
    return dict(sorted(found.items(), key=lambda item: (not item[0].startswith("Task"), item[0])))


def find_tasks(data: Path) -> dict[str, tuple[Recipe, Path | None]]:
    """Find the folder of each task in a folder of data sets; None where it is absent.

    Raises:
        DataError: There is no such folder, or two fit one task.
    """
    if not data.is_dir():
        raise DataError(f"{data}: no such folder; give the one that holds Task01_BrainTumour etc.")
    there = sorted(path for path in data.iterdir() if path.is_dir())
    found: dict[str, tuple[Recipe, Path | None]] = {}
    for task, recipe in recipes().items():
        fitting = [path for path in there if fnmatchcase(path.name, recipe.folder)]
        if len(fitting) > 1:
            names = ", ".join(path.name for path in fitting)
            raise DataError(f"{data}: {names} are all {recipe.folder}; leave one of them")
        found[task] = (recipe, fitting[0] if fitting else None)
    return found
