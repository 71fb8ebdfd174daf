"""Serves the built pages: which files there are, and how a browser is told to treat them."""
