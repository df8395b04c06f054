"""How far to believe a search: its course, its evidence, its gap, the agreement of seeds."""
