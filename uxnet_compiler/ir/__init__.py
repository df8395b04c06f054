"""What a network is: a graph of typed values. Knows no torch and no document."""

from uxnet_compiler.ir.graph import Graph, New, Value
from uxnet_compiler.ir.text import from_text, to_text
from uxnet_compiler.ir.verify import verify

__all__ = ["Graph", "New", "Value", "from_text", "to_text", "verify"]
