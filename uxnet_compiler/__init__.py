"""Searched segmentation architectures as documents: read, draw, diff, share and compile them."""

from uxnet_compiler.schema import Genotype, dump, dumps, load, loads

__version__ = "0.1.0"

__all__ = ["Genotype", "dump", "dumps", "load", "loads"]
