"""What the demo publishes: one module per path, each with one function ``publish``."""
