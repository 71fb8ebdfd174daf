"""Logs and metrics: what the program says about itself."""
