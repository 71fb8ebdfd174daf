"""What the demo's agents can use: a search over the documentation."""
