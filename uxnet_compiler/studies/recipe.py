"""How one task of Table 2 is reproduced: one recipe a task, in `recipes/`."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from uxnet_compiler.data.pictures import LAYOUTS, Layout
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


def find_tasks(data: Path, tasks: Collection[str] = ()) -> dict[str, tuple[Recipe, Path | None]]:
    """Find the data set of each task in a folder of data sets; None where it is absent.

    Args:
        data: The folder. The two official folders of ISIC may lie in it as they were unzipped.
        tasks: Those that are asked for; all when empty.

    Raises:
        DataError: There is no such folder, or two data sets fit one task that is asked for.
    """
    if not data.is_dir():
        raise DataError(f"{data}: no such folder; give the one that holds Task01_BrainTumour etc.")
    found: dict[str, tuple[Recipe, Path | None]] = {}
    for task, recipe in recipes().items():
        fitting = _data_sets(data, recipe.folder)
        if len(fitting) > 1 and (not tasks or task in tasks):
            names = ", ".join(path.name if path != data else "itself" for path in fitting)
            raise DataError(f"{data}: {names} are all {recipe.folder}; leave one of them")
        found[task] = (recipe, fitting[0] if fitting else None)
    return found


def _data_sets(data: Path, pattern: str) -> list[Path]:
    """List the folders of that name that hold a data set, and `data` itself if it is one."""
    named = (path for path in sorted(data.iterdir()) if fnmatchcase(path.name, pattern))
    found = [path for path in named if (path / "dataset.json").is_file() or _has(path, LAYOUTS)]
    official = [layout for layout in LAYOUTS if fnmatchcase(layout.images, pattern)]
    return [*found, data] if _has(data, official) else found


def _has(folder: Path, layouts: Collection[Layout]) -> bool:
    return any(
        (folder / layout.images).is_dir() and (folder / layout.masks).is_dir() for layout in layouts
    )
