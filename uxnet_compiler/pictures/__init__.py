"""Drawings of genotypes."""

from uxnet_compiler.pictures.render import FORMATS, draw, figure_of, picture, render, save

__all__ = ["FORMATS", "draw", "figure_of", "picture", "render", "save"]
