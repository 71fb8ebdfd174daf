"""Processes that move runs: what claims them, executes them and settles them."""
