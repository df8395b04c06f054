"""From document to graph."""

from uxnet_compiler.lowering.lower import lower, op_names, slot_name

__all__ = ["lower", "op_names", "slot_name"]
