"""What a network is: a graph of typed values. Knows no torch and no document."""

from uxnet_compiler.ir.graph import Graph, Value
from uxnet_compiler.ir.text import from_text, to_text
from uxnet_compiler.ir.verify import verify

__all__ = ["Graph", "Value", "from_text", "to_text", "verify"]
