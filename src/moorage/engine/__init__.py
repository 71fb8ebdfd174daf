"""What may happen, and in which order. Knows no web framework and no wire format."""
