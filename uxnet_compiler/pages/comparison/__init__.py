"""What differs between two genotypes, as a page."""

from uxnet_compiler.pages.comparison.page import comparison_page

__all__ = ["comparison_page"]
