"""Reports: what is known of a genotype, a run, or several of them, as one page."""
