"""Reports: what is known of a genotype, a run, or several of them, as one page."""

from uxnet_compiler.pages.report.report import write_report

__all__ = ["write_report"]
