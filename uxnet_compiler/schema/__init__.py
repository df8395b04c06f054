"""What a genotype is: the document, how it is read, checked, migrated and identified."""

from uxnet_compiler.schema.describe import json_schema
from uxnet_compiler.schema.identity import architecture_id, sizeless_id, structure_id
from uxnet_compiler.schema.load import dump, dumps, load, loads, retell, told_as
from uxnet_compiler.schema.model import (
    INPUT,
    OUTPUT,
    Architecture,
    Confidence,
    Edge,
    Evidence,
    Genotype,
    Limits,
    Node,
    Provenance,
    SpaceRef,
)
from uxnet_compiler.schema.reach import alive, drop_dead, in_order
from uxnet_compiler.schema.soundness import defects

__all__ = [
    "INPUT",
    "OUTPUT",
    "Architecture",
    "Confidence",
    "Edge",
    "Evidence",
    "Genotype",
    "Limits",
    "Node",
    "Provenance",
    "SpaceRef",
    "alive",
    "architecture_id",
    "defects",
    "drop_dead",
    "dump",
    "dumps",
    "in_order",
    "json_schema",
    "load",
    "loads",
    "retell",
    "sizeless_id",
    "structure_id",
    "told_as",
]
