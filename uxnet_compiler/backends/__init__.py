"""Ways to write a network somewhere; each module imports its heavy library itself."""
