"""The JSON Schema of the document, for editors and for other languages."""

from __future__ import annotations

import json
from typing import Any

from uxnet_compiler.schema.model import Genotype


def json_schema() -> str:
    """Return the JSON Schema as text; `docs/genotype.schema.json` holds it.

    It says what types can say. That nodes and edges fit together to a network is for
    `uxnet_compiler.schema.defects`.
    """
    schema = Genotype.model_json_schema()
    # Defaults in the model, but the reader asks for them: they say what the rest means.
    _require(schema, "format", "version")
    for part in schema["$defs"].values():
        if "op" in part.get("properties", {}):
            _require(part, "op")
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(dialect | schema, indent=2, sort_keys=True) + "\n"


def _require(part: dict[str, Any], *fields: str) -> None:
    part["required"] = sorted({*part.get("required", ()), *fields})
