"""Open a data set in the layout of the Medical Segmentation Decathlon.

Source: Simpson et al., "A large annotated medical image dataset for the development and
evaluation of segmentation algorithms", arXiv 1902.09063.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from uxnet_compiler.data.dataset import Case, Dataset
from uxnet_compiler.data.images import case_id
from uxnet_compiler.errors import DataError

_Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    image: _Name
    label: _Name


class _Document(BaseModel):
    """The fields of dataset.json that are used; people add many others."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: _Name
    modality: dict[str, _Name] = Field(min_length=1, max_length=64)
    labels: dict[str, _Name] = Field(min_length=2, max_length=1024)
    training: list[_Entry] = Field(min_length=1)


def open_decathlon(root: Path) -> Dataset:
    """Read the dataset.json of a data set and find its training cases.

    Raises:
        DataError: dataset.json cannot be read or is wrong, a path in it leaves the folder, a file
            is missing, or two cases share an id. The message names the JSON path.
    """
    file = root / "dataset.json"
    document = _read_document(file)
    cases: dict[str, Case] = {}
    for index, entry in enumerate(document.training):
        where = f"{file}: training[{index}]"
        image = _inside(root, entry.image, f"{where}.image")
        if image.name.startswith("._"):
            continue  # what macOS leaves behind next to each file on a foreign disk
        label = _inside(root, entry.label, f"{where}.label")
        case = Case(case_id(image), image, label)
        if case.id in cases:
            raise DataError(f"{where}.image: a second case with the id {case.id!r}; ids are unique")
        for field, path in (("image", image), ("label", label)):
            if not path.exists():
                raise DataError(f"{where}.{field}: no such file: {path}")
        cases[case.id] = case
    if not cases:
        raise DataError(f"{file}: training: no case is listed")
    labels = _in_order(document.labels, f"{file}: labels")
    _check_distinct(labels, f"{file}: labels")
    return Dataset(
        root,
        document.name,
        _in_order(document.modality, f"{file}: modality"),
        labels,
        tuple(cases[key] for key in sorted(cases)),
    )


def _read_document(file: Path) -> _Document:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not UTF-8 text (byte {error.start})") from None
    try:
        return _Document.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise DataError(
            f"{file}: not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise DataError(f"{file}: {_json_path(first['loc'])}: {first['msg']}") from None
    except ValueError:
        raise DataError(f"{file}: not a data set: a number has thousands of digits") from None
    except RecursionError:
        raise DataError(f"{file}: not a data set: nested too deeply") from None


def _json_path(location: tuple[Any, ...]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return path.lstrip(".") or "top level"


def _inside(root: Path, relative: str, where: str) -> Path:
    """Join a path to the data set's folder, and refuse one that leads out of it."""
    path = Path(os.path.normpath(relative))
    if path.is_absolute() or path.parts[:1] == ("..",) or "\0" in relative:
        raise DataError(f"{where}: {relative!r} leaves the data set's folder")
    return root / path


def _in_order(names: dict[str, str], where: str) -> tuple[str, ...]:
    """List names keyed "0", "1", ... by their number."""
    wanted = [str(number) for number in range(len(names))]
    for key in wanted:
        if key not in names:
            raise DataError(
                f"{where}: no entry {key!r}; keys are the numbers 0 to {len(names) - 1}"
            )
    return tuple(names[key] for key in wanted)


def _check_distinct(labels: tuple[str, ...], where: str) -> None:
    """Refuse two labels of the same name: scores are told apart by it."""
    for number, name in enumerate(labels):
        if (first := labels.index(name)) < number:
            raise DataError(
                f"{where}: {name!r} names both {first} and {number}; every label needs its own name"
            )
