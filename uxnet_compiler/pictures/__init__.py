"""Drawings of genotypes."""

from uxnet_compiler.pictures.render import FORMATS, draw, render

__all__ = ["FORMATS", "draw", "render"]
