"""Put a configuration together from a YAML file and the options that were given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from uxnet_compiler.errors import RunError

Model = TypeVar("Model", bound=BaseModel)
MAX_BYTES = 1_000_000


def make_config(model: type[Model], file: Path | None, given: Mapping[str, Any]) -> Model:
    """Return the configuration: the model's defaults, under the file, under what was given.

    Args:
        model: Pydantic model of the configuration.
        file: YAML file with any of the model's fields, or none.
        given: Options from the command line; `None` means not given.

    Raises:
        RunError: The file cannot be read, a field is unknown, or a value is out of its limits.
    """
    values = _read_yaml(file) if file else {}
    values |= {key: value for key, value in given.items() if value is not None}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise RunError(f"{file or 'configuration'}: {first_defect(error)}") from None


def dump_config(config: BaseModel) -> str:
    """Return the configuration as YAML that `make_config` reads back to the same values."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)


def first_defect(error: ValidationError) -> str:
    """Tell the first defect of a document in one line: where, what, and how many more."""
    defects = error.errors(include_url=False)
    where = ".".join(str(part) for part in defects[0]["loc"])
    message = " ".join(defects[0]["msg"].split())
    more = f" (and {len(defects) - 1} more)" if len(defects) > 1 else ""
    return f"{where}: {message}{more}" if where else f"{message}{more}"


def _yaml_defect(error: Exception) -> str:
    """Return in a line where YAML is broken, and what is wrong there."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return " ".join(str(error).split())


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise RunError(f"{file}: larger than {MAX_BYTES} bytes: not a configuration")
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"{file}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise RunError(f"{file}: not a UTF-8 text file") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise RunError(f"{file}: not valid YAML: {_yaml_defect(error)}") from None
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise RunError(f"{file}: must be a mapping of option names to values")
    return values
