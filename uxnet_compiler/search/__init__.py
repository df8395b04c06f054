"""Searching: the space made trainable, the loop that decides, and the run folder it leaves."""
